// Progress tokens. A host's token is its own: two hosts may say the same, so each leg has tokens of its own that the gateway chose.
// The rule: only the token is changed, every other byte stays.
import { isObject, type NotificationMessage, paramSpan, type RequestMessage } from './jsonrpc.ts';
import { membersOf, type Span, splice } from './span.ts';

type Token = string | number;

/** `_meta.progressToken`: how a request asks for progress, in both eras. */
export function progressTokenOf({ params }: RequestMessage): Token | undefined {
  const meta = params.value['_meta'];
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}

/** Where the progress token of a request stands; undefined where there is none. */
export function tokenSpan(body: Buffer): Span | undefined {
  const params = valueOf(body, 0, 'params');
  const meta = params && valueOf(body, params.start, '_meta');
  return meta && valueOf(body, meta.start, 'progressToken');
}

/** The request with another token, where it has one. */
export function withToken(body: Buffer, token: Token): Buffer {
  const span = tokenSpan(body);
  return span ? splice(body, [{ span, by: JSON.stringify(token) }]) : body;
}

/** A report of progress with another token. */
export function reportWithToken(body: Buffer, { params }: NotificationMessage, token: Token): Buffer {
  const span = paramSpan(params, 'progressToken');
  return span ? splice(body, [{ span, by: JSON.stringify(token) }]) : body;
}

function valueOf(body: Buffer, start: number, key: string): Span | undefined {
  return membersOf(body, start).find((member) => member.key === key)?.value;
}
