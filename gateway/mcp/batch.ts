// JSON-RPC batches, which only the revision 2025-03-26 has: an array of messages, each of which is a message of its own for everything that follows.
import { Fault } from '#contract/error.ts';
import { openBracket } from './byte.ts';
import { parse } from './jsonrpc.ts';
import { elementsOf } from './span.ts';

const limit = 50;

/** Is it an array, by its first byte? */
export function isBatch(body: Buffer): boolean {
  let at = 0;
  while (at < body.length && (body[at] ?? 0) <= 0x20) at++;
  return body[at] === openBracket;
}

/** The messages as they stand in it. Throws MALFORMED, INVALID_REQUEST where there are none or too many. */
export function readBatch(body: Buffer): readonly Buffer[] {
  parse(body);
  const elements = elementsOf(body, 0);
  if (elements.length === 0) throw new Fault('INVALID_REQUEST', { reason: 'a batch has to hold a message' });
  if (elements.length > limit) throw new Fault('INVALID_REQUEST', { reason: `a batch may hold ${limit} messages` });
  return elements.map(({ start, end }) => body.subarray(start, end));
}

/** The answers of a batch, in the order in which they were asked for. */
export function batchOf(answers: readonly Buffer[]): Buffer {
  const comma = Buffer.from(',');
  const parts = answers.flatMap((answer, index) => (index === 0 ? [answer] : [comma, answer]));
  return Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')]);
}
