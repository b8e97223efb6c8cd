// The secrets of sinks: tokens, signing keys and values of headers, sealed to their sink and to where it sends.
// Rule: what was set for another destination does not open for this one.
import { Fault } from '#contract/error.ts';
import { destinationOf, secretsOf } from '#contract/sink.ts';
import type { Secret } from '#contract/secret.ts';
import type { SinkSecret, StoredSink } from '../store/sink.ts';
import type { Store } from '../store/store.ts';
import { type Binding, type KeyEncryption, kidOf, seal, unseal } from './seal.ts';

/** Rejects with STORE_UNAVAILABLE where the sink is gone meanwhile. */
export async function keepSinkSecret(of: {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly sink: StoredSink;
  readonly name: string;
  readonly value: Secret<string>;
  readonly now: number;
}): Promise<void> {
  const { store, keys, sink, name, value, now } = of;
  const place = { sink: sink.id, name, origin: destinationOf(sink.config) };
  let sealed = await seal(value, bindingOfSecret(place), keys);
  if (!(await store.sink.setSecret({ ...place, sealed, setAt: now })))
    throw new Fault('STORE_UNAVAILABLE', {}, { cause: new Error('the sink was removed by somebody else meanwhile') });
  // As for identities: the key may have been rotated meanwhile, and the one that was used may be gone.
  while ((await keys.current()) !== kidOf(sealed)) {
    const before = sealed;
    sealed = await seal(value, bindingOfSecret(place), keys);
    await store.sink.resealSecrets([{ sink: sink.id, name, before, after: sealed }]);
  }
}

/** By name. Rejects with SINK_SECRET_MISSING, VAULT_KEY_MISSING, VAULT_DAMAGED. */
export async function openSinkSecrets(
  { slug, config, id }: StoredSink,
  all: readonly SinkSecret[],
  keys: KeyEncryption,
): Promise<ReadonlyMap<string, Secret<string>>> {
  const opened = new Map<string, Secret<string>>();
  for (const name of secretsOf(config)) {
    const found = all.find((one) => one.sink === id && one.name === name);
    if (found?.origin !== destinationOf(config)) {
      const reason =
        found === undefined ? 'was never set' : `was set for ${found.origin}, and the policy names another address now`;
      throw new Fault('SINK_SECRET_MISSING', { sink: slug, name, reason });
    }
    opened.set(name, await unseal(found.sealed, bindingOfSecret(found), keys));
  }
  return opened;
}

/** What a secret is sealed to. */
export function bindingOfSecret({ sink, name, origin }: Pick<SinkSecret, 'sink' | 'name' | 'origin'>): Binding {
  return { table: 'sink_secret', column: 'sealed', row: sink, name, origin };
}
