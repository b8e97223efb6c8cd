// Every data key under the newest key-encryption key: after that an older one opens nothing of this database any more.
// Rule: the old key is dropped last, and only when no value needs it; a crash in between leaves both, and the command can be given again.
import { Fault } from '#contract/error.ts';
import type { IdentityId } from '#contract/id.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import type { OpenedKeys } from './open.ts';
import { kidOf, rewrap } from './seal.ts';
import { bindingOf } from './vault.ts';

export interface Rotated {
  /** The name of the key that wraps now. */
  readonly kid: string;
  readonly rewrapped: number;
  /** Identities that could not be opened before, and can't be now. */
  readonly unreadable: readonly IdentityId[];
}

export async function rotateKeys({ keys, file }: OpenedKeys, store: Store): Promise<Rotated> {
  await file?.add();
  const kid = await keys.current();
  if (kid === undefined) throw new Fault('VAULT_KEY_MISSING', { kid: 'any' });
  const unreadable = new Set<IdentityId>();
  let rewrapped = 0;
  for (;;) {
    const left = (await store.identities()).filter((one) => kidOf(one.sealed) !== kid && !unreadable.has(one.id));
    if (left.length === 0) break;
    const changes = [];
    for (const one of left) {
      const after = await again(one);
      if (after === undefined) unreadable.add(one.id);
      else changes.push({ id: one.id, before: one.sealed, after });
    }
    rewrapped += changes.length - (await store.resealIdentities(changes)).length;
  }
  await file?.dropOld();
  return { kid, rewrapped, unreadable: [...unreadable] };

  async function again(one: StoredIdentity): Promise<string | undefined> {
    try {
      return await rewrap(one.sealed, bindingOf(one), keys);
    } catch (error) {
      if (error instanceof Fault && (error.code === 'VAULT_KEY_MISSING' || error.code === 'VAULT_DAMAGED')) return undefined;
      throw error;
    }
  }
}
