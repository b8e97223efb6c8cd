// Which rules of a chain a text has to be shown to, found out for all of them at once. The rule: whoever could find something in it is told. Names of members are
// the same from message to message, so what was found out of one is kept: of so many at most, and none that could be a value.
import type { Loose, Trigger } from './match.ts';
import { needlesOf } from './needle.ts';

export interface Sift {
  /** Indexes of the rules that it has to be shown to, beside those that are always asked. `folded` is the text as fold.ts makes it. */
  of(text: string, folded: () => string): ReadonlySet<number>;
  /** The same of the name of a member. */
  ofName(name: string, folded: () => string): ReadonlySet<number>;
}
/** Looks for many loose patterns at once: which owners have one in the text. */
export type SieveOf = (patterns: readonly (Loose & { readonly owner: number })[]) => (text: string) => readonly number[];

const namesAtMost = 1024;
/** Those of `_meta` that the protocol has begin with its own name. */
const usualName = /^(?:io\.modelcontextprotocol\/)?[A-Za-z_$][A-Za-z_$-]{0,31}$/;
const nobody: ReadonlySet<number> = new Set();

/** `triggers`: of the rules, by their indexes; undefined of those that are always asked. */
export function siftOf(triggers: readonly (Trigger | undefined)[], sieveOf: SieveOf | undefined): Sift | undefined {
  const owned = <T>(each: (trigger: Trigger) => readonly T[]) =>
    triggers.flatMap((trigger, owner) => (trigger ? each(trigger).map((one) => ({ one, owner })) : []));
  const texts = owned(({ needs }) => needs).map(({ one, owner }) => ({ text: one, owner }));
  const loose = owned((trigger) => trigger.loose).map(({ one, owner }) => ({ ...one, owner }));
  const marks = owned((trigger) => (trigger.marks ? [trigger.marks] : []));
  if (texts.length + loose.length + marks.length === 0) return undefined;
  const needles = texts.length > 0 ? needlesOf(texts) : undefined;
  const sieve = loose.length > 0 ? sieveOf?.(loose) : undefined;

  function of(text: string, folded: () => string): ReadonlySet<number> {
    let found = needles?.ownersIn(folded());
    for (const { one, owner } of marks) if (one.test(text)) (found ??= new Set()).add(owner);
    if (sieve) for (const owner of sieve(text)) (found ??= new Set()).add(owner);
    return found ?? nobody;
  }

  const names = new Map<string, ReadonlySet<number>>();
  return {
    of,
    ofName(name, folded) {
      const known = names.get(name);
      if (known) return known;
      const found = of(name, folded);
      if (!usualName.test(name) || found.size > 8) return found;
      if (names.size >= namesAtMost) names.clear();
      names.set(name, found);
      return found;
    },
  };
}
