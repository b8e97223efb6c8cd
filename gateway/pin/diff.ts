// Where two definitions differ, place by place, for people who decide. The rule: what is shown hides nothing: whatever nobody sees is written out.
import type { Difference } from '#contract/pin.ts';
import { canonicalText, pointed } from './canonical.ts';

/** More are not told one by one. */
const differencesAtMost = 200;
const shownAtMost = 2000;

/** Both are JSON texts; `before` undefined where there was none. In the order of the places; the last one says that there are more, where there are. */
export function differencesOf(before: string | undefined, after: string): readonly Difference[] {
  const found: Difference[] = [];
  compare('', before === undefined ? absent : JSON.parse(before), JSON.parse(after), found);
  if (found.length <= differencesAtMost) return found;
  const more = found.length - differencesAtMost;
  return [...found.slice(0, differencesAtMost), { pointer: '', after: `and ${more} more` }];
}

const absent = Symbol('absent');

function compare(pointer: string, before: unknown, after: unknown, found: Difference[]): void {
  if (before !== absent && after !== absent) {
    if (isObject(before) && isObject(after)) {
      const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
      for (const key of keys) compare(`${pointer}${pointed(key)}`, own(before, key), own(after, key), found);
      return;
    }
    if (Array.isArray(before) && Array.isArray(after)) {
      for (let at = 0; at < Math.max(before.length, after.length); at++)
        compare(`${pointer}/${at}`, at in before ? before[at] : absent, at in after ? after[at] : absent, found);
      return;
    }
    if (canonicalText(before) === canonicalText(after)) return;
  }
  found.push({
    pointer: visible(pointer),
    ...(before === absent ? {} : { before: shown(before) }),
    ...(after === absent ? {} : { after: shown(after) }),
  });
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : absent;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = canonicalText(value);
  const cut = text.length > shownAtMost ? `${text.slice(0, shownAtMost)}… (${text.length} characters)` : text;
  return visible(cut);
}

/** Format, control, unassigned and private characters, variation selectors, fillers, and spaces other than the usual one. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;

/** The same text with every character written out that nobody could see. */
export function visible(text: string): string {
  return text.replaceAll(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
