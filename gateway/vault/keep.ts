// Puts a value under seal into the store, as the one identity of its server, user and gateway.
// Rule: the value is sealed with a key that is still the newest when it is stored, so that a rotation at the same moment loses nothing.
import { Fault } from '#contract/error.ts';
import { IdentityId, newId } from '#contract/id.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import { type KeyEncryption, kidOf, seal } from './seal.ts';
import { bindingOf } from './vault.ts';

export type Place = Pick<StoredIdentity, 'server' | 'user' | 'gateway' | 'origin' | 'kind'>;

/** Rejects with STORE_UNAVAILABLE where it was changed by somebody else at the same time, or is not in the policy any more. */
export async function keepIdentity(of: {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly place: Place;
  readonly value: Secret<string>;
  readonly now: number;
}): Promise<StoredIdentity> {
  const { store, keys, place, value } = of;
  // Twice at most: somebody may have set or removed the same one between the look and the change.
  for (let tries = 0; tries < 2; tries++) {
    const before = (await store.identities()).find((one) => isSame(one, place));
    const id = before?.id ?? IdentityId.parse(newId(of.now));
    const unsealed = { ...place, id, setAt: Math.max(of.now, (before?.setAt ?? 0) + 1) };
    let sealed = await seal(value, bindingOf(unsealed), keys);
    if (!(await store.setIdentity({ ...unsealed, sealed }))) continue;
    // The key may have been rotated meanwhile, and the one that was used may be gone.
    while ((await keys.current()) !== kidOf(sealed)) {
      const earlier = sealed;
      sealed = await seal(value, bindingOf(unsealed), keys);
      await store.resealIdentities([{ id, before: earlier, after: sealed }]);
    }
    return { ...unsealed, sealed };
  }
  throw new Fault('STORE_UNAVAILABLE', {}, { cause: new Error('the identity was changed by somebody else meanwhile') });
}

/** Whether it is the one of this place. */
export function isSame(one: StoredIdentity, place: Place): boolean {
  if (one.server.id !== place.server.id || (one.kind === 'client') !== (place.kind === 'client')) return false;
  if (place.kind === 'client') return one.origin === place.origin;
  return one.user?.id === place.user?.id && one.gateway?.id === place.gateway?.id;
}

/** Why this can be no token: what an HTTP header can't carry, or a person would not have meant. Undefined where it can. */
export function tokenObjection(value: Secret<string>): string | undefined {
  const text = reveal(value);
  return /^Bearer\s/i.test(text) ? 'give the token alone, without "Bearer".' : headerObjection(text);
}

/** Why this can be no value of a header. Undefined where it can. */
export function headerObjection(text: string): string | undefined {
  if (text === '') return 'there is nothing in it.';
  if (text.length > 8192) return 'it has more than 8192 characters.';
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return 'a header can carry printable ASCII only, on one line.';
  return undefined;
}
