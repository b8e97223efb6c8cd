// One POST to a receiver over HTTP, and what its status means for the records in it.
// The rule: only an answer that is about the content says that the content is not taken; everything else is tried again.
import { Fault } from '#contract/error.ts';
import type { Secret } from '#contract/secret.ts';
import type { Egress } from '../egress/egress.ts';
import { retryAfterMs } from '../egress/retry-after.ts';
import { readWhole, type Whole } from '../egress/read.ts';
import { inWords, type Outcome } from './receiver.ts';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: readonly { readonly header: string; readonly value: Secret<string> }[];
  readonly body: Buffer;
}
export interface Poster {
  /** The answer, or why there is none. Never rejects. */
  (post: Post, signal: AbortSignal): Promise<Whole | Extract<Outcome, { kind: 'later' }>>;
}

const answerBytes = 65_536;
const withinMs = 30_000;

export function createPoster(
  egress: Pick<Egress, 'send'>,
  of: { readonly sink: string; readonly allowPrivate: readonly string[]; readonly egress?: string | undefined },
): Poster {
  return async ({ url, headers, credentials, body }, signal) => {
    try {
      return await readWhole(
        egress,
        {
          url: new URL(url),
          method: 'POST',
          headers,
          credentials,
          body,
          server: of.sink,
          allowPrivate: of.allowPrivate,
          way: of.egress,
          limitBytes: answerBytes,
          redirectsAtMost: 0,
        },
        withinMs,
        signal,
      );
    } catch (error) {
      return { kind: 'later', reason: failureOf(error) };
    }
  };
}

function failureOf(error: unknown): string {
  if (!(error instanceof Fault)) return 'it could not be asked';
  const { reason, seconds } = error.fields;
  switch (error.code) {
    case 'UPSTREAM_UNREACHABLE':
    case 'EGRESS_FORBIDDEN':
    case 'ANSWER_TOO_LARGE':
      return String(reason);
    case 'SERVER_TIMEOUT':
      return `it did not answer within ${seconds} s`;
    case 'UPSTREAM_LOST':
      return 'the connection was lost before it answered';
    default:
      return 'the sending was ended';
  }
}

const contentStatus: ReadonlySet<number> = new Set([400, 406, 411, 413, 415, 422]);

/** Undefined where it took the request: then its body says the rest. */
export function refusalOf({ status, header, body }: Whole): Exclude<Outcome, { kind: 'delivered' }> | undefined {
  if (status >= 200 && status < 300) return undefined;
  const said = inWords(body.toString('utf8'));
  const reason = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (contentStatus.has(status)) return { kind: 'refused', reason };
  const afterMs = retryAfterMs(header('retry-after'));
  return { kind: 'later', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}
