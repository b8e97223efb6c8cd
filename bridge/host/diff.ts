// The unified diff of a config, with secrets shown as [secret].
import { createTwoFilesPatch } from 'diff';
import type { Span } from './edit/edit.ts';
import { maskText } from './sealed-text.ts';
import { alsoAt, textsIn } from './secret.ts';

export interface Side {
  readonly text: string;
  readonly secrets: readonly Span[];
}

/** Empty where nothing differs. */
export function diffOf(shownAs: string, before: Side, after: Side): string {
  if (before.text === after.text) return '';
  // What is a secret on one side is one on the other, where nothing may tell so any more.
  const values = [before, after].flatMap((side) => textsIn(side.text, side.secrets));
  const masked = ({ text, secrets }: Side): string => maskText(text, alsoAt(text, secrets, values));
  const patch = createTwoFilesPatch(shownAs, shownAs, masked(before), masked(after), undefined, undefined, { context: 3 });
  return patch.slice(patch.indexOf('--- '));
}
