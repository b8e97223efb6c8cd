// The key-encryption keys in <data>/key/vault.key: a line of 64 hex digits for each, the newest first, for its owner alone, in no backup.
// Rule: a key that is not there is made only where nothing needs it; one that can't be read is a person's decision.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '#contract/error.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';
import { type KeySource, vaultKey, type VaultKey } from './key.ts';

export interface KeyFile extends KeySource {
  /** A new key before the others, which still open what they wrapped. */
  add(): Promise<void>;
  /** Leaves only the newest key. */
  dropOld(): Promise<void>;
}

export function keyFile(dataDirectory: string): KeyFile {
  const file = join(dataDirectory, 'key', 'vault.key');
  const read = () => readKeys(file);
  return {
    read,
    async make() {
      await write(file, [randomBytes(32)], 'only where there is none');
      return read();
    },
    async add() {
      const keys = await read();
      await write(
        file,
        [randomBytes(32), ...keys.map(({ key }) => key)],
        keys.length === 0 ? 'only where there is none' : 'over it',
      );
    },
    async dropOld() {
      const [newest, ...old] = await read();
      if (newest && old.length > 0) await write(file, [newest.key], 'over it');
    },
  };
}

async function readKeys(file: string): Promise<readonly VaultKey[]> {
  const text = await readKeyFile(file);
  if (text === undefined) return [];
  if (!/^(?:[0-9a-f]{64}\n)+$/.test(text))
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it is no file of vault keys. Put the right one back.' });
  return text
    .trim()
    .split('\n')
    .map((line) => vaultKey(Buffer.from(line, 'hex')));
}

function write(file: string, keys: readonly Buffer[], how: 'over it' | 'only where there is none'): Promise<void> {
  return writeKeyFile(file, keys.map((key) => `${key.toString('hex')}\n`).join(''), how);
}
