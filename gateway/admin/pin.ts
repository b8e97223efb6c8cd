// Pins: definitions of items that wait, where they differ, and what is decided of them. The rule: a decision is about one exact definition, by its hash, so that
// what was looked at is what counts.
import type { pinOperations } from '#contract/admin-pin.ts';
import { Fault } from '#contract/error.ts';
import type { Difference } from '#contract/pin.ts';
import { differencesOf } from '../pin/diff.ts';
import type { ListedPin, PinFilter, PinName, StoredPin } from '../store/pin.ts';
import type { Store } from '../store/store.ts';
import { type Acting, doing, type HandlersFor } from './context.ts';
import { makeCursor, readCursor, unknownCursor } from './page.ts';

export interface PinDiff {
  readonly pin: StoredPin;
  readonly against: string | null;
  readonly differences: readonly Difference[];
}

/** Against the accepted definition that is most like it: of its own item, or where there is none of those that it came for. */
export async function diffOf(store: Store, pin: StoredPin): Promise<PinDiff> {
  if (pin.definition === '') return { pin, against: null, differences: [{ pointer: '', after: 'too long to be kept' }] };
  const counting = await store.pin.counterparts(pin);
  const accepted = counting.filter(({ hash, definition }) => hash !== pin.hash && definition !== '');
  const own = accepted.filter(({ name }) => name === pin.name);
  const others = own.length > 0 ? own : accepted.filter(({ name }) => pin.gone.includes(name));
  const [nearest] = others
    .map((other) => ({ pin, against: other.hash, differences: differencesOf(other.definition, pin.definition) }))
    .toSorted((a, b) => a.differences.length - b.differences.length);
  return nearest ?? { pin, against: null, differences: differencesOf(undefined, pin.definition) };
}

/** The one whose hash begins so. Throws PIN_UNKNOWN where none does, or more. */
export async function pinBy(store: Store, hash: string, of: PinFilter): Promise<StoredPin> {
  const [only, second] = hash.length < 8 ? [] : await store.pin.begunWith(hash, of);
  if (!only || second) {
    const name = second ? `${hash} (it begins the hash of several: name the gateway, the server or more of the hash)` : hash;
    throw new Fault('PIN_UNKNOWN', { name });
  }
  return only;
}

/** All or none. Throws PIN_UNKNOWN. */
export async function decidePins(
  acting: Acting,
  names: readonly PinName[],
  state: 'accepted' | 'rejected',
  now: number,
): Promise<void> {
  const known = await acting.store.pin.named(names);
  const before = names.map((name, at) => {
    const found = known[at];
    if (!found) throw new Fault('PIN_UNKNOWN', { name: name.hash });
    return { ...name, state: found.state };
  });
  const operation = state === 'accepted' ? 'pins.approve' : 'pins.reject';
  const [only, second] = names;
  const target =
    only && !second ? [only.gateway, only.server, only.kind, only.name].join('/').slice(0, 500) : `${names.length} definitions`;
  const after = before.map((name) => ({ ...name, state }));
  const store: Store = doing(acting, now, { operation, target, before, after });
  if (!(await store.pin.decide(names, state, acting.reason, now))) throw new Fault('PIN_UNKNOWN', { name: 'it is gone by now' });
}

export const pinHandlers: HandlersFor<typeof pinOperations> = {
  async 'pins.list'({ store }, { params, query }) {
    const of = { gateway: params.gateway, state: query.state === 'any' ? undefined : query.state };
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
    const page = await store.pin.page(of, query.limit, after);
    if (!page) throw unknownCursor();
    return { items: page.pins.map(shown), next: page.next === null ? null : makeCursor(page.next) };
  },
  async 'pins.diff'({ store }, { params }) {
    const { pin, against, differences } = await diffOf(store, await pinBy(store, params.hash, { gateway: params.gateway }));
    return { pin: shown(pin), against, differences: [...differences] };
  },
  'pins.approve': (context, { params, body }) => decided(context, params.gateway, body.pins, 'accepted', context.now()),
  'pins.reject': (context, { params, body }) => decided(context, params.gateway, body.pins, 'rejected', context.now()),
};

async function decided(
  acting: Acting,
  gateway: PinName['gateway'],
  pins: readonly Omit<PinName, 'gateway'>[],
  state: 'accepted' | 'rejected',
  now: number,
) {
  const names = pins.map((pin) => ({ ...pin, gateway }));
  await decidePins(acting, names, state, now);
  return { decided: names.length, state };
}

/** Without the definition itself. */
export function shown(pin: ListedPin) {
  const { gateway, server, kind, name, hash, hints, state, reason, seenAt, seenBy, seenOn, decidedAt, note } = pin;
  const { suspicions, gone } = pin;
  const of = { gateway, server, kind, name, hash, hints, state, reason, suspicions: [...suspicions], gone: [...gone] };
  return { ...of, seenAt, seenBy, seenOn, decidedAt, note };
}

/** So many are asked for at once: a page takes a few milliseconds. */
const pageLimit = 1000;

/** All that fit, in the order of gateway, server, kind, name and time. */
export async function allPins(store: Store, of: PinFilter): Promise<readonly ListedPin[]> {
  const found: ListedPin[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.pin.page(of, pageLimit, after);
    // What is not listed nobody decides of.
    if (!page) throw new Error('a list of definitions does not go on where it said');
    found.push(...page.pins);
    if (page.next === null) break;
    after = page.next;
  }
  const keyed = found.map((pin) => ({ pin, key: [pin.gateway, pin.server, pin.kind, pin.name].join('\n') }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.pin.seenAt - b.pin.seenAt)).map(({ pin }) => pin);
}
