// Key-encryption keys that lie on this machine: the first of a list wraps, all of them open. Who holds the list decides where it lies.
// Rule: a name that is not in the list is looked for once more where it lies, because somebody may have changed the key meanwhile.
import { hash } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { type KeyEncryption, openBytes, sealBytes } from './seal.ts';

/** 32 bytes, and a name that says nothing of them. */
export interface VaultKey {
  readonly kid: string;
  readonly key: Buffer;
}
export interface KeySource {
  /** The newest first. */
  read(): Promise<readonly VaultKey[]>;
  /** Makes the first one, where it may: rejects with VAULT_KEY_MISSING where it may not. */
  make(): Promise<readonly VaultKey[]>;
}

export function localKeys(source: KeySource): KeyEncryption {
  let known: readonly VaultKey[] | undefined;

  async function find(kid: string): Promise<VaultKey | undefined> {
    const found = known?.find((one) => one.kid === kid);
    if (found) return found;
    known = await source.read();
    return known.find((one) => one.kid === kid);
  }

  return {
    async wrap(key, about) {
      let keys = await source.read();
      if (keys.length === 0) keys = await source.make();
      known = keys;
      const [first] = keys;
      if (!first) throw new Fault('VAULT_KEY_MISSING', { kid: 'any' });
      return { kid: first.kid, wrapped: sealBytes(first.key, key, about) };
    },
    async unwrap({ kid, wrapped }, about) {
      const found = await find(kid);
      if (!found) throw new Fault('VAULT_KEY_MISSING', { kid });
      return openBytes(found.key, wrapped, about);
    },
    current: async () => (await source.read())[0]?.kid,
    has: async (kid) => (await find(kid)) !== undefined,
  };
}

export function vaultKey(key: Buffer): VaultKey {
  return { kid: hash('sha256', Buffer.concat([Buffer.from('drawbridge vault key\n'), key])).slice(0, 16), key };
}
