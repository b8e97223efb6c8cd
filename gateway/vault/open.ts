// Where the key-encryption keys of a deployment lie: in the environment, where somebody put them there, else in the data directory.
import { Fault } from '#contract/error.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import { keyFile, type KeyFile } from './key-file.ts';
import { localKeys, vaultKey } from './key.ts';
import type { KeyEncryption } from './seal.ts';

export interface OpenedKeys {
  readonly keys: KeyEncryption;
  /** Undefined where the keys are the environment's: then whoever sets it rotates them. */
  readonly file: KeyFile | undefined;
}

/** `inEnvironment`: keys of 64 hex digits each, the newest first. Nothing is read or made yet. */
export function openKeys(dataDirectory: string, inEnvironment: readonly Secret<string>[]): OpenedKeys {
  if (inEnvironment.length === 0) {
    const file = keyFile(dataDirectory);
    return { keys: localKeys(file), file };
  }
  const given = inEnvironment.map((secret) => vaultKey(Buffer.from(reveal(secret), 'hex')));
  const make = () => Promise.reject(new Fault('VAULT_KEY_MISSING', { kid: 'of DRAWBRIDGE_VAULT_KEY' }));
  return { keys: localKeys({ read: () => Promise.resolve(given), make }), file: undefined };
}
