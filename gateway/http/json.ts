// The JSON of a request's body. The rule: what a reader that calls itself for each level would fail at is refused before anybody looks into it, so that no body is
// more than somebody's mistake.
import { duplicateKeys } from '#contract/duplicate-key.ts';
import { Fault } from '#contract/error.ts';
import { isDeeperThan } from '../mcp/span.ts';

/** What is asked here needs a tenth. */
const levelsAtMost = 128;

/** Throws MALFORMED, and INVALID_REQUEST where it is nested too deep. */
export function readJson(bytes: Buffer): { readonly value: unknown; readonly text: string } {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new Fault('MALFORMED', {}, { cause });
  }
  if (isDeeperThan(levelsAtMost, bytes))
    throw new Fault('INVALID_REQUEST', { reason: `its JSON is nested deeper than ${levelsAtMost} levels` });
  return { value, text };
}

/** The path to a key that stands in one object twice, such as `user.email`; undefined where none does. Of text that readJson has read. */
export function keyTwice(text: string): string | undefined {
  return duplicateKeys(text)[0]?.join('.');
}
