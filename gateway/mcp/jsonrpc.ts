// The JSON-RPC 2.0 envelope of one MCP message, read once: what it is, and where its id, params, result and error stand in the bytes.
// A message whose envelope, params or _meta names a key twice is refused: two readers could see two different messages in it. "name" and "Name" are
// one key here, because Go's encoding/json takes either for the other, and the last one wins.
import { isUtf8 } from 'node:buffer';
import { Fault } from '#contract/error.ts';
import { skim } from './skim.ts';
import { isDeeperThan, levelsAtMost, type Member, membersOf, membersOnce, type Span, splice } from './span.ts';

export type Id = string | number;
type Json = Readonly<Record<string, unknown>>;

/** Of an envelope, of params and of `_meta`. A million keys cost a hundred bytes each to look at, so no more are than it takes to refuse them. */
export const keysAtMost = 64;
/** From here on a message is skimmed. */
const largeBytes = 16 * 1024;

/** What a message was read from, and where the members of its envelope stand there: good for this very buffer only. */
export interface Source {
  readonly body: Buffer;
  readonly members: readonly Member[];
}
export interface RequestMessage {
  readonly kind: 'request';
  readonly source: Source;
  readonly id: Id;
  readonly idSpan: Span;
  readonly method: string;
  readonly params: Params;
}
export interface NotificationMessage {
  readonly kind: 'notification';
  readonly source: Source;
  readonly method: string;
  readonly params: Params;
}
export interface ResponseMessage {
  readonly kind: 'response';
  readonly source: Source;
  /** Null where the far end could not read the id of what it answers. */
  readonly id: Id | null;
  readonly idSpan: Span | undefined;
  readonly result: Span | undefined;
  readonly error: Span | undefined;
  /** What `result` or `error` holds, parsed; of a large one without its long texts (skim.ts). */
  readonly value: unknown;
}
export type Message = RequestMessage | NotificationMessage | ResponseMessage;

/** The params of a request: parsed (of a large one without the long texts in its arguments, skim.ts), and where its members stand. `span` is undefined where there are none. */
export interface Params {
  readonly value: Json;
  readonly span: Span | undefined;
  readonly members: readonly Member[];
}

/** Reads one message. Throws MALFORMED (not JSON in UTF-8), BATCH_UNSUPPORTED (an array), INVALID_REQUEST (anything else that is off). */
export function readMessage(body: Buffer): Message {
  const isLarge = body.length >= largeBytes;
  const membersAt = isLarge
    ? membersOnce(body, keysAtMost + 1)
    : (start: number): readonly Member[] => membersOf(body, start, keysAtMost + 1);
  const value = isLarge ? parse(body, (text) => skim(text, membersAt)) : parse(body);
  if (Array.isArray(value)) throw new Fault('BATCH_UNSUPPORTED');
  if (!isObject(value)) throw invalid('it is not an object');
  const members = membersAt(0);
  refuseDuplicates(members, 'the envelope');
  if (value['jsonrpc'] !== '2.0') throw invalid('"jsonrpc" must be "2.0"');
  const source = { body, members };
  const at = (key: string): Span | undefined => members.find((member) => member.key === key)?.value;

  if ('method' in value) {
    const method = value['method'];
    if (typeof method !== 'string' || method.length > 200) throw invalid('"method" must be a string of at most 200 characters');
    if ('result' in value || 'error' in value) throw invalid('it is both a request and a response');
    const params = readParams(membersAt, value['params'], at('params'));
    if (!('id' in value)) return { kind: 'notification', source, method, params };
    const idSpan = at('id');
    if (!isId(value['id']) || idSpan === undefined) throw invalid('"id" must be a string or an integer');
    return { kind: 'request', source, id: value['id'], idSpan, method, params };
  }

  const id = value['id'] ?? null;
  const result = at('result');
  const error = at('error');
  if ((result === undefined) === (error === undefined))
    throw invalid('it has neither a method nor exactly one of result and error');
  if (id !== null && !isId(id)) throw invalid('"id" must be a string or an integer');
  return { kind: 'response', source, id, idSpan: at('id'), result, error, value: value['result'] ?? value['error'] };
}

/**
 * The id of a request that readMessage refuses, as JSON text, for the answer that says so. Undefined where it is no request, or where the text
 * does not say one id only.
 */
export function refusedId(body: Buffer): string | undefined {
  let value: unknown;
  try {
    value = parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !('method' in value) || !isId(value['id'])) return undefined;
  const [only, second] = membersOf(body, 0).filter(({ key }) => fold(key) === 'ID');
  return only === undefined || second !== undefined ? undefined : body.toString('utf8', only.value.start, only.value.end);
}

/** The message as one line: line breaks can stand only between JSON tokens, so each becomes a space. */
export function asLine(body: Buffer): Buffer {
  if (!body.includes(0x0a) && !body.includes(0x0d)) return body;
  const line = Buffer.from(body);
  for (let i = 0; i < line.length; i++) if (line[i] === 0x0a || line[i] === 0x0d) line[i] = 0x20;
  return line;
}

/** A member of params, by key. */
export function paramSpan(params: Params, key: string): Span | undefined {
  return params.members.find((member) => member.key === key)?.value;
}

/** The params with the long texts that those of a large message were read without. `body` is what they were read from; its other members may say something else by now. */
export function wholeParams(body: Buffer, params: Params): Json {
  const span = body.length < largeBytes ? undefined : paramSpan(params, 'arguments');
  return span ? { ...params.value, arguments: whole(body.subarray(span.start, span.end)) } : params.value;
}

/** The message with another id, every other byte as it was. */
export function withId(body: Buffer, idSpan: Span, id: Id | Buffer): Buffer {
  return splice(body, [{ span: idSpan, by: Buffer.isBuffer(id) ? id : JSON.stringify(id) }]);
}

/** The message without some members of its params. */
export function withoutParams(body: Buffer, keys: readonly string[]): Buffer {
  const params = membersOf(body, 0).find((member) => member.key === 'params')?.value;
  if (!params) return body;
  const kept = membersOf(body, params.start).filter(({ key }) => !keys.includes(key));
  const text = kept.map(({ key, value }) => `${JSON.stringify(key)}:${body.toString('utf8', value.start, value.end)}`);
  return splice(body, [{ span: params, by: `{${text.join(',')}}` }]);
}

/** A JSON-RPC error response (section 5.1). `id` is JSON text, null where the request's own could not be read. */
export function errorResponse(id: string, fault: { code: number; message: string; data?: unknown }): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(fault)}}`);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws MALFORMED, and INVALID_REQUEST where it is nested too deep. */
export function parse(body: Buffer, read: (body: Buffer) => unknown = whole): unknown {
  if (!isUtf8(body)) throw new Fault('MALFORMED');
  if (isDeeperThan(levelsAtMost, body)) throw invalid(`its JSON is nested deeper than ${levelsAtMost} levels`);
  try {
    return read(body);
  } catch (cause) {
    throw new Fault('MALFORMED', {}, { cause });
  }
}

function whole(body: Buffer): unknown {
  return JSON.parse(body.toString('utf8'));
}

function readParams(membersAt: (start: number) => readonly Member[], value: unknown, span: Span | undefined): Params {
  if (value === undefined || span === undefined) return { value: {}, span: undefined, members: [] };
  if (!isObject(value)) throw invalid('"params" must be an object');
  const members = membersAt(span.start);
  refuseDuplicates(members, '"params"');
  const meta = members.find((member) => member.key === '_meta');
  if (meta) refuseDuplicates(membersAt(meta.value.start), '"_meta"');
  return { value, span, members };
}

/** Throws INVALID_REQUEST for members of which two are one key to some reader. */
export function refuseDuplicates(members: readonly Member[], where: string): void {
  if (members.length > keysAtMost) throw invalid(`${where} has more than ${keysAtMost} keys`);
  const seen: string[] = [];
  for (const { key } of members) {
    const folded = foldedKeys.get(key) ?? fold(key);
    if (seen.includes(folded)) throw invalid(`${where} names "${key}" twice`);
    seen.push(folded);
  }
}

/** Keys that stand in nearly every message. */
const foldedKeys: ReadonlyMap<string, string> = new Map(
  ['jsonrpc', 'id', 'method', 'params', 'result', 'error', 'name', 'arguments', '_meta'].map((key) => [key, fold(key)]),
);

/** A key without its case. First lower, then upper: U+212A then counts as the "k", and U+017F as the "s", for which Go takes them. */
export function fold(key: string): string {
  return key.toLowerCase().toUpperCase();
}

function isId(value: unknown): value is Id {
  return (typeof value === 'string' && value.length <= 256) || (typeof value === 'number' && Number.isSafeInteger(value));
}

function invalid(reason: string): Fault {
  return new Fault('INVALID_REQUEST', { reason });
}
