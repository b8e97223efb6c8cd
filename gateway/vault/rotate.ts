// Every data key under the newest key-encryption key: after that an older one opens nothing of this database any more.
// Rule: the old key is dropped last, and only when no value needs it; a crash in between leaves both, and the command can be given again.
import { Fault } from '#contract/error.ts';
import type { Store } from '../store/store.ts';
import type { OpenedKeys } from './open.ts';
import { type Binding, kidOf, rewrap } from './seal.ts';
import { bindingOfEngine } from './engine-secret.ts';
import { bindingOfKey } from './payload-key.ts';
import { bindingOfSecret } from './sink-secret.ts';
import { bindingOf } from './vault.ts';

export interface Rotated {
  /** The name of the key that wraps now. */
  readonly kid: string;
  readonly rewrapped: number;
  /** Identities, secrets of sinks as `<sink>/<name>`, of engines as `engine/<engine>`, and keys of payloads as `payload-key/<id>`, that could not be opened before, and can't be now. */
  readonly unreadable: readonly string[];
}

/** A sealed value of one of the tables that hold some. */
interface Sealed {
  readonly id: string;
  readonly sealed: string;
  readonly binding: Binding;
  /** Puts `after` in its place where it is still what it was; how often it was. */
  replace(after: string): Promise<number>;
}

export async function rotateKeys({ keys, file }: OpenedKeys, store: Store): Promise<Rotated> {
  await file?.add();
  const kid = await keys.current();
  if (kid === undefined) throw new Fault('VAULT_KEY_MISSING', { kid: 'any' });
  const unreadable = new Set<string>();
  let rewrapped = 0;
  for (;;) {
    const left = (await sealedValues(store)).filter((one) => kidOf(one.sealed) !== kid && !unreadable.has(one.id));
    if (left.length === 0) break;
    for (const one of left) {
      const after = await again(one);
      if (after === undefined) unreadable.add(one.id);
      else rewrapped += await one.replace(after);
    }
  }
  await file?.dropOld();
  return { kid, rewrapped, unreadable: [...unreadable] };

  async function again({ sealed, binding }: Sealed): Promise<string | undefined> {
    try {
      return await rewrap(sealed, binding, keys);
    } catch (error) {
      if (error instanceof Fault && (error.code === 'VAULT_KEY_MISSING' || error.code === 'VAULT_DAMAGED')) return undefined;
      throw error;
    }
  }
}

async function sealedValues(store: Store): Promise<readonly Sealed[]> {
  const identities = (await store.identities()).map((one): Sealed => {
    const { id, sealed: before } = one;
    const replace = async (after: string) => 1 - (await store.resealIdentities([{ id, before, after }])).length;
    return { id, sealed: before, binding: bindingOf(one), replace };
  });
  const secrets = (await store.sink.secrets()).map((one): Sealed => {
    const { sink, name, sealed: before } = one;
    const replace = (after: string) => store.sink.resealSecrets([{ sink, name, before, after }]);
    return { id: `${sink}/${name}`, sealed: before, binding: bindingOfSecret(one), replace };
  });
  const engines = (await store.engineSecret.all()).map((one): Sealed => {
    const { engine, sealed: before } = one;
    const replace = (after: string) => store.engineSecret.reseal(engine, before, after);
    return { id: `engine/${engine}`, sealed: before, binding: bindingOfEngine(one), replace };
  });
  const payloadKeys = (await store.payload.keys()).map((one): Sealed => {
    const { id, sealed: before } = one;
    const replace = (after: string) => store.payload.resealKeys([{ id, before, after }]);
    return { id: `payload-key/${id}`, sealed: before, binding: bindingOfKey(one), replace };
  });
  return [...identities, ...secrets, ...engines, ...payloadKeys];
}
