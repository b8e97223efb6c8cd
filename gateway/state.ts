// What the store says, read again only where it changed: the policy apart from its people, people, offers, approvals and decided hosts. The rule: an answer is never older
// than the question, a part that stayed is the same object, and what can't be told apart is read whole.
import type { PolicyFile, PolicyIds } from '#contract/policy.ts';
import { type People, peopleIn } from './policy/people.ts';
import type { Approval, Changes, SeenHost, Store, StoredOffer } from './store/store.ts';

export interface State {
  /** Of the store, at least. */
  readonly revision: number;
  /** Without users: they are the people. */
  readonly policy: PolicyFile;
  readonly ids: PolicyIds;
  readonly people: People;
  readonly offers: readonly StoredOffer[];
  readonly approvals: readonly Approval[];
  /** Those that were allowed or blocked. */
  readonly hosts: readonly Pick<SeenHost, 'id' | 'state'>[];
}
export type StateStore = Pick<Store, 'revision' | 'changesAfter' | 'policy' | 'offers' | 'approvals' | 'decidedHosts'>;
/** Rejects as the store does; the next one asks anew. */
export type ReadState = () => Promise<State>;

/** One for all who follow the store: what they read is read once. */
export function createStateReader(store: StateStore): ReadState {
  let known: State | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<State> | undefined;

  async function read(): Promise<State> {
    next = undefined;
    // Nearly every look finds what was there before: ten thousand that come back ask hundreds of times. That is one small question and no transaction.
    if (known !== undefined && (await store.revision()) === known.revision) return known;
    const changes = known && (await store.changesAfter(known.revision));
    if (known === undefined || changes?.about === undefined) known = await readWhole(store);
    else if (changes.revision !== known.revision) known = await readAgain(store, known, changes.revision, changes.about);
    return known;
  }

  return () => {
    if (next === undefined) {
      next = last.then(read);
      last = next.catch(() => undefined);
    }
    return next;
  };
}

async function readWhole(store: StateStore): Promise<State> {
  // Read before the rest: what changes in between is told as a change after it, and read again.
  const revision = await store.revision();
  const [stored, offers, approvals, hosts] = await Promise.all([
    store.policy(),
    store.offers(),
    store.approvals(),
    store.decidedHosts(),
  ]);
  const policy = { ...stored.policy, users: {} };
  return { revision, policy, ids: { ...stored.ids, users: {} }, people: peopleIn(stored), offers, approvals, hosts };
}

async function readAgain(
  store: StateStore,
  known: State,
  revision: number,
  { parts, people }: NonNullable<Changes['about']>,
): Promise<State> {
  return {
    ...known,
    revision,
    people: people.size === 0 ? known.people : known.people.with(people),
    offers: parts.has('offers') ? await store.offers() : known.offers,
    approvals: parts.has('approvals') ? await store.approvals() : known.approvals,
    hosts: parts.has('hosts') ? await store.decidedHosts() : known.hosts,
  };
}
