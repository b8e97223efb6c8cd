// What all nouns of the policy have in common: each is a record of things by their slugs, that are listed, shown, made, replaced and removed.
import { Fault } from '#contract/error.ts';
import type { Page } from '#contract/admin-operation.ts';
import { Slug } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import type { AdminContext } from './context.ts';
import { page } from './page.ts';
import { changePolicy } from './policy-part.ts';
import { unknownName } from './suggest.ts';

export interface PolicyNoun<Value, Shown> {
  list(policy: PolicyFile, query: Page): { items: Shown[]; next: string | null };
  /** Throws NAME_UNKNOWN, as those below. */
  read(policy: PolicyFile, slug: Slug): Shown;
  /** Rejects with NAME_TAKEN. */
  create(context: AdminContext, slug: Slug, value: Value, verb?: string): Promise<Shown>;
  replace(context: AdminContext, slug: Slug, value: Value | ((before: Value) => Value), verb?: string): Promise<Shown>;
  remove(context: AdminContext, slug: Slug): Promise<void>;
}

export function policyNoun<Value, Shown extends { readonly slug: Slug }>(of: {
  /** In words, and as its operations begin: `team`, `teams`. */
  readonly what: string;
  readonly plural: string;
  readonly values: (policy: PolicyFile) => Readonly<Record<string, Value>>;
  readonly put: (policy: PolicyFile, values: Record<string, Value>) => PolicyFile;
  readonly show: (slug: Slug, value: Value, policy: PolicyFile) => Shown;
  /** What goes with one that is removed. May throw where it can't be. */
  readonly detach?: (policy: PolicyFile, slug: Slug) => PolicyFile;
}): PolicyNoun<Value, Shown> {
  const { what, plural, values, put } = of;
  const valueOf = (policy: PolicyFile, slug: Slug) => new Map(Object.entries(values(policy))).get(slug);
  const shown = (policy: PolicyFile, slug: Slug) => {
    const value = valueOf(policy, slug);
    return value === undefined ? null : of.show(slug, value, policy);
  };
  const existing = (policy: PolicyFile, slug: Slug): Value => {
    const value = valueOf(policy, slug);
    if (value === undefined) throw unknownName(what, slug, Object.keys(values(policy)), `\`${plural}.create\` makes one`);
    return value;
  };
  const read = (policy: PolicyFile, slug: Slug): Shown => of.show(slug, existing(policy, slug), policy);
  const change = (context: AdminContext, verb: string, slug: Slug, work: (policy: PolicyFile) => PolicyFile) =>
    changePolicy(context, {
      operation: `${plural}.${verb}`,
      target: slug,
      show: (policy) => shown(policy, slug),
      change: work,
    });
  return {
    list(policy, query) {
      const { items, next } = page(Object.keys(values(policy)), query, (slug) => slug);
      return { items: items.flatMap((name) => shown(policy, Slug.parse(name)) ?? []), next };
    },
    read,
    async create(context, slug, value, verb = 'create') {
      const after = await change(context, verb, slug, (policy) => {
        if (valueOf(policy, slug) !== undefined) throw new Fault('NAME_TAKEN', { what, name: slug });
        return put(policy, { ...values(policy), [slug]: value });
      });
      return read(after, slug);
    },
    async replace(context, slug, value, verb = 'replace') {
      const after = await change(context, verb, slug, (policy) => {
        const before = existing(policy, slug);
        return put(policy, { ...values(policy), [slug]: value instanceof Function ? value(before) : value });
      });
      return read(after, slug);
    },
    async remove(context, slug) {
      await change(context, 'remove', slug, (policy) => {
        existing(policy, slug);
        const others = Object.entries(values(policy)).filter(([name]) => name !== slug);
        const left = put(policy, Object.fromEntries(others));
        return of.detach?.(left, slug) ?? left;
      });
    },
  };
}
