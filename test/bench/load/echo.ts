// The one call that the benchmark makes, as bytes that differ only in their id, and the check of its answer.
// Ids have a fixed width, so a request is made by writing digits into a copy of a template; the id stands in the text too, so an answer to another call is noticed.
import { z } from 'zod';

export const firstId = 100_000_000;
const idDigits = 9;
const mark = Buffer.from(' echo: ');

export type Era = 'session' | 'stateless';

/** Requests of one size: the bytes of a call, with places for the id. */
export interface Template {
  readonly bytes: Buffer;
  readonly idAt: readonly number[];
  /** What follows the id in the text. */
  readonly filler: Buffer;
}

/** A call whose text is `payloadBytes` long. */
export function templateOf(payloadBytes: number, era: Era): Template {
  const id = String(firstId);
  const words = 'the quick brown fox jumps over the lazy dog and back again '.repeat(Math.ceil(payloadBytes / 58));
  const filler = (mark.toString() + words).slice(0, Math.max(payloadBytes - idDigits, mark.length));
  const meta = era === 'stateless' ? { _meta: statelessMeta } : {};
  const params = { ...meta, name: 'echo', arguments: { text: id + filler } };
  const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: firstId, method: 'tools/call', params }));
  const first = bytes.indexOf(id);
  return { bytes, idAt: [first, bytes.indexOf(id, first + idDigits)], filler: Buffer.from(filler) };
}

export const statelessVersion = '2026-07-28';
const statelessMeta = {
  'io.modelcontextprotocol/protocolVersion': statelessVersion,
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

export const sessionVersion = '2025-11-25';
export const initializeRequest = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: sessionVersion, capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } },
});
export const initializedNotification = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });

/** Writes the id into a request, at `offset` of the buffer that holds it. */
export function writeId(into: Buffer, template: Template, id: number, offset: number): void {
  const digits = String(id);
  for (const at of template.idAt) into.write(digits, offset + at, idDigits, 'latin1');
}

export interface Answer {
  /** Whose answer it is, as far as it says so. */
  readonly id: number | undefined;
  /** A result with this id and with exactly the text of that call. */
  readonly isRight: boolean;
}

const Envelope = z.looseObject({ jsonrpc: z.literal('2.0'), id: z.number() });

/** Reads an answer: the text is compared as bytes, what is around it is parsed, so that 64 KB cost the generator little. */
export function readAnswer(bytes: Buffer, filler: Buffer): Answer {
  const at = bytes.indexOf(mark) - idDigits;
  const end = at + idDigits + filler.length;
  if (at < 0 || end > bytes.length || bytes.compare(filler, 0, filler.length, at + idDigits, end) !== 0) return idOnly(bytes);
  const id = Number(bytes.toString('latin1', at, at + idDigits));
  let envelope: unknown;
  try {
    envelope = JSON.parse(bytes.toString('latin1', 0, at) + bytes.toString('latin1', end));
  } catch {
    return { id, isRight: false };
  }
  return { id, isRight: isEmptyEcho(envelope, id) };
}

function idOnly(bytes: Buffer): Answer {
  try {
    const envelope = Envelope.safeParse(JSON.parse(bytes.toString()));
    return { id: envelope.data?.id, isRight: false };
  } catch {
    return { id: undefined, isRight: false };
  }
}

/** What is left of a right answer when its text is cut out. Checked by hand: this runs for every call. */
function isEmptyEcho(envelope: unknown, id: number): boolean {
  if (!isObject(envelope) || envelope['id'] !== id || envelope['jsonrpc'] !== '2.0') return false;
  const { result } = envelope;
  if (!isObject(result) || result['isError'] === true || !Array.isArray(result['content'])) return false;
  const content: unknown[] = result['content'];
  const [only] = content;
  return content.length === 1 && isObject(only) && only['type'] === 'text' && only['text'] === '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
