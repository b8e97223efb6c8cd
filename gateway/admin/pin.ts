// Pins: definitions of items that wait, where they differ, and what is decided of them. The rule: a decision is about one exact definition, by its hash, so that
// what was looked at is what counts.
import type { pinOperations } from '#contract/admin-pin.ts';
import { Fault } from '#contract/error.ts';
import type { Difference } from '#contract/pin.ts';
import { differencesOf } from '../pin/diff.ts';
import type { PinName, StoredPin } from '../store/pin.ts';
import type { Store } from '../store/store.ts';
import { type Acting, doing, type HandlersFor } from './context.ts';
import { page } from './page.ts';

export interface PinDiff {
  readonly pin: StoredPin;
  readonly against: string | null;
  readonly differences: readonly Difference[];
}

/** Against the accepted definition that is most like it: of its own item, or where there is none of those that it came for. */
export function diffOf(all: readonly StoredPin[], pin: StoredPin): PinDiff {
  if (pin.definition === '') return { pin, against: null, differences: [{ pointer: '', after: 'too long to be kept' }] };
  const accepted = all.filter(
    (one) =>
      one.gateway === pin.gateway &&
      one.server === pin.server &&
      one.kind === pin.kind &&
      one.hash !== pin.hash &&
      one.definition !== '' &&
      one.state === 'accepted',
  );
  const own = accepted.filter(({ name }) => name === pin.name);
  const others = own.length > 0 ? own : accepted.filter(({ name }) => pin.gone.includes(name));
  const [nearest] = others
    .map((other) => ({ pin, against: other.hash, differences: differencesOf(other.definition, pin.definition) }))
    .toSorted((a, b) => a.differences.length - b.differences.length);
  return nearest ?? { pin, against: null, differences: differencesOf(undefined, pin.definition) };
}

/** The one whose hash begins so. Throws PIN_UNKNOWN where none does, or more. */
export function pinBy(all: readonly StoredPin[], hash: string): StoredPin {
  const [only, second] = all.filter((one) => one.hash.startsWith(hash));
  if (!only || second || hash.length < 8) {
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
  const all = await acting.store.pin.list();
  const before = names.map((name) => {
    const found = all.find((one) => keyOf(one) === keyOf(name));
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
    const all = (await store.pin.list()).filter(
      ({ gateway, state }) => gateway === params.gateway && (query.state === 'any' || state === query.state),
    );
    return page(all.map(shown), query, keyOf);
  },
  async 'pins.diff'({ store }, { params }) {
    const all = (await store.pin.list()).filter(({ gateway }) => gateway === params.gateway);
    const { pin, against, differences } = diffOf(all, pinBy(all, params.hash));
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
export function shown({ definition: _definition, body: _body, ...pin }: StoredPin) {
  return { ...pin, suspicions: [...pin.suspicions], gone: [...pin.gone] };
}

function keyOf({ gateway, server, kind, name, hash }: PinName): string {
  return [gateway, server, kind, name, hash].join('\n');
}
