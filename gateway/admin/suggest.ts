// What somebody may have meant by a name that is not there: near names first, else what exists.
import { Fault } from '#contract/error.ts';

const showAtMost = 10;

/** NAME_UNKNOWN with a hint. `toMake` says how one comes to be, for when there is none at all. */
export function unknownName(what: string, name: string, existing: readonly string[], toMake: string): Fault {
  return new Fault('NAME_UNKNOWN', { what, name, hint: hint(name, existing, toMake) });
}

/** Names at most two edits away, or that begin alike; the nearest first. */
export function nearNames(name: string, existing: readonly string[]): readonly string[] {
  const near = existing
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => name.length > 2 && (edits <= 2 || candidate.startsWith(name)));
  return near.toSorted((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1)).map(({ candidate }) => candidate);
}

function hint(name: string, existing: readonly string[], toMake: string): string {
  if (existing.length === 0) return `There is none yet: ${toMake}.`;
  const near = nearNames(name, existing).slice(0, 3);
  if (near.length > 0) return `Did you mean ${near.map((one) => `"${one}"`).join(' or ')}?`;
  const shown = existing.slice(0, showAtMost).join(', ');
  return `There are: ${shown}${existing.length > showAtMost ? ` and ${existing.length - showAtMost} more` : ''}.`;
}

/** Levenshtein distance; names are short, so one row of the table at a time is enough. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
