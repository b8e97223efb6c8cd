// Lists by pages: in the order of a key, and the cursor names the last one that was shown, so that what comes and goes meanwhile neither hides nor repeats others.
import { Fault } from '#contract/error.ts';
import type { Page } from '#contract/admin-operation.ts';

/** `keyOf` has to be unique. Throws INPUT_INVALID for a cursor that is none. */
export function page<T>(
  all: readonly T[],
  { limit, cursor }: Page,
  keyOf: (item: T) => string,
): { items: T[]; next: string | null } {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const sorted = all.map((item) => ({ item, key: keyOf(item) })).toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => key > after);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(({ item }) => item), next: last && rest.length > limit ? makeCursor(last.key) : null };
}

export function makeCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

export function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (key === '' || makeCursor(key) !== cursor) throw unknownCursor();
  return key;
}

export function unknownCursor(): Fault {
  return new Fault('INPUT_INVALID', { reason: 'query.cursor is none that a list here gave as "next".' });
}
