// Which request an answer means that is no MCP message, or that only its first and last bytes are left of: read leniently, for this alone.
// The rule: an id counts only where the text shows that it answers, and only one that both ends of the text agree on; else nobody is meant.
import type { Remnant } from '#contract/remnant.ts';
import { elementsOf, type Member, membersOf } from './span.ts';

const none: readonly number[] = [];
/** The id that stands last in a text: the brace after it closes the envelope, and no JSON string ends in one. */
const lastId = /[,{]\s*"id"\s*:\s*("?\d{1,15}"?)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;
/** In a text that may break off, the last brace may close something else: there "jsonrpc" has to stand beside the id. */
const besideId = /"jsonrpc"\s*:\s*"2\.0"\s*(?:,\s*"id"\s*:\s*"?\d{1,15}"?\s*)?\}\s*$/;
const number = /^"?(\d{1,15})"?$/;

/** The ids of our requests that a text answers: one, or those of a batch. Ids that came back as strings count too. */
export function answeredIds(body: Buffer): readonly number[] {
  try {
    const elements = elementsOf(body, 0);
    if (elements.length === 0) return meant(body, body);
    return elements.slice(0, 1024).flatMap(({ start, end }) => meant(body.subarray(start, end), body.subarray(start, end)));
  } catch {
    return none; // a key with an escape that is none
  }
}

/** The same of a message that was too large to pass. */
export function answeredIdsOf({ head, tail }: Remnant): readonly number[] {
  try {
    return meant(Buffer.from(head, 'latin1'), tail === undefined ? undefined : Buffer.from(tail, 'latin1'), true);
  } catch {
    return none;
  }
}

function meant(head: Buffer, tail: Buffer | undefined, isCut = false): readonly number[] {
  const members = membersOf(head, 0);
  // A value that reaches the end of the head goes on behind it.
  const whole = isCut ? members.filter(({ value }) => value.end < head.length) : members;
  if (members.some(({ key }) => key === 'method' || key === 'params')) return none;
  const ids = whole.filter(({ key }) => key === 'id').map((member) => idOf(head, member));
  const end = isAnswer(members) && tail ? tail.subarray(-1024).toString('latin1') : '';
  const atEnd = isCut || besideId.test(end) ? numberOf(lastId.exec(end)?.[1]) : undefined;
  if (atEnd !== undefined) ids.push(atEnd);
  const [id] = ids;
  return id === undefined || ids.some((other) => other !== id) ? none : [id];
}

function isAnswer(members: readonly Member[]): boolean {
  return members.some(({ key }) => key === 'result' || key === 'error');
}

function idOf(text: Buffer, { value }: Member): number | undefined {
  return value.end - value.start > 17 ? undefined : numberOf(text.toString('latin1', value.start, value.end));
}

function numberOf(text: string | undefined): number | undefined {
  const digits = text === undefined ? undefined : number.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
