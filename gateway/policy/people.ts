// Who is there, and which gateways each of them reaches: an immutable map of which the next one shares nearly all, so that one more person among a hundred thousand costs
// what one person costs. The rule: whoever holds one sees it as it was; a change makes another.
import { reachedGateways } from '#contract/grant.ts';
import { Slug, UserId } from '#contract/id.ts';
import type { PolicyFile, PolicyIds } from '#contract/policy.ts';

export interface Person {
  readonly id: UserId;
  readonly slug: Slug;
  /** As people read it. */
  readonly name: string;
  readonly gateways: ReadonlySet<Slug>;
}
interface Holder {
  readonly id: UserId;
  readonly slug: Slug;
  readonly title?: string | undefined;
  readonly role?: Slug | undefined;
  readonly teams: readonly Slug[];
}
type Granting = Pick<PolicyFile, 'roles' | 'teams' | 'gateways'>;

export interface People {
  bySlug(slug: string): Person | undefined;
  byId(id: UserId): Person | undefined;
  /** The same with these as they are now; undefined: gone. By the same roles, teams and gateways. */
  with(changed: ReadonlyMap<UserId, Holder | undefined>): People;
}

/** The people of a policy. Whoever has no id is not there. */
export function peopleIn({ policy, ids }: { readonly policy: PolicyFile; readonly ids: Pick<PolicyIds, 'users'> }): People {
  const holders = Object.entries(policy.users).flatMap(([slug, { title, role, teams }]) => {
    const id = ids.users[slug];
    return id === undefined ? [] : [{ id: UserId.parse(id), slug: Slug.parse(slug), title, role, teams }];
  });
  return peopleOf(policy, holders);
}

function peopleOf(policy: Granting, holders: readonly Holder[]): People {
  const reach = reachOf(policy);
  const people = holders.map((holder) => personOf(reach, holder));
  return sharded(
    reach,
    shardsOf(people.map((person) => [person.slug, person])),
    shardsOf(people.map((person) => [person.id, person])),
  );
}

function sharded(reach: Reach, slugs: Shards<Person>, ids: Shards<Person>): People {
  return {
    bySlug: (slug) => slugs.get(slug),
    byId: (id) => ids.get(id),
    with(changed) {
      const next = { slugs: slugs.edit(), ids: ids.edit() };
      // Who goes goes first: somebody else may have the slug by now.
      for (const id of changed.keys()) {
        const before = ids.get(id);
        if (before === undefined) continue;
        next.ids.delete(id);
        if (slugs.get(before.slug)?.id === id) next.slugs.delete(before.slug);
      }
      for (const holder of changed.values()) {
        if (holder === undefined) continue;
        const person = personOf(reach, holder);
        next.ids.set(person.id, person);
        next.slugs.set(person.slug, person);
      }
      return sharded(reach, next.slugs.done(), next.ids.done());
    },
  };
}

type Reach = (holder: Pick<Holder, 'role' | 'teams'>) => ReadonlySet<Slug>;

/** Whoever has the same teams and role reaches the same: of a large directory nearly everybody. */
function reachOf(policy: Granting): Reach {
  const known = new Map<string, ReadonlySet<Slug>>();
  return (holder) => {
    const holding = `${holder.role ?? ''} ${holder.teams.join(' ')}`;
    const found = known.get(holding);
    if (found !== undefined) return found;
    const reached = reachedGateways(policy, { role: holder.role, teams: [...holder.teams] });
    // A combination more for each of who came and went would stay for ever.
    if (known.size >= kindsAtMost) known.clear();
    known.set(holding, reached);
    return reached;
  };
}

const kindsAtMost = 10_000;

function personOf(reach: Reach, { id, slug, title, ...held }: Holder): Person {
  return { id, slug, name: title ?? slug, gateways: reach(held) };
}

/** A map in many small ones, of which a change copies those that it is about. */
interface Shards<V> {
  get(key: string): V | undefined;
  edit(): { set(key: string, value: V): void; delete(key: string): void; done(): Shards<V> };
}

function shardsOf<V>(entries: readonly (readonly [string, V])[]): Shards<V> {
  // A change costs the list of them and one of them: least where both are of a size.
  const count = 2 ** Math.ceil(Math.log2(Math.sqrt(entries.length) + 1));
  const shards = Array.from({ length: count }, () => new Map<string, V>());
  for (const [key, value] of entries) shards[placeOf(key, count)]?.set(key, value);
  return shardsIn(shards);
}

/** Made anew where so many came that each of them has grown large. */
const grownTo = 4;

function shardsIn<V>(shards: readonly ReadonlyMap<string, V>[]): Shards<V> {
  const count = shards.length;
  return {
    get: (key) => shards[placeOf(key, count)]?.get(key),
    edit() {
      const next = [...shards];
      const own = new Map<number, Map<string, V>>();
      const ofOwn = (key: string): Map<string, V> => {
        const place = placeOf(key, count);
        let copy = own.get(place);
        if (copy === undefined) {
          copy = new Map(shards[place]);
          own.set(place, copy);
          next[place] = copy;
        }
        return copy;
      };
      return {
        set: (key, value) => void ofOwn(key).set(key, value),
        delete: (key) => void ofOwn(key).delete(key),
        done() {
          const size = next.reduce((sum, shard) => sum + shard.size, 0);
          return size > grownTo * count * count ? shardsOf(next.flatMap((shard) => [...shard])) : shardsIn(next);
        },
      };
    },
  };
}

/** FNV-1a: slugs and ids that differ at their end only are spread by it. `count` is a power of two. */
function placeOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) & (count - 1);
}
