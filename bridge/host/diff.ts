// The unified diff of a config, with secrets shown as [secret].
import { createTwoFilesPatch } from 'diff';
import type { Span } from './edit/edit.ts';
import { maskText } from './sealed-text.ts';

export interface Side {
  readonly text: string;
  readonly secrets: readonly Span[];
}

/** Empty where nothing differs. */
export function diffOf(shownAs: string, before: Side, after: Side): string {
  if (before.text === after.text) return '';
  const patch = createTwoFilesPatch(
    shownAs,
    shownAs,
    maskText(before.text, before.secrets),
    maskText(after.text, after.secrets),
    undefined,
    undefined,
    { context: 3 },
  );
  return patch.slice(patch.indexOf('--- '));
}
