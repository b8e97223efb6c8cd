// The key-encryption keys in <data>/key/vault.key: a line of 64 hex digits for each, the newest first, for its owner alone, in no backup.
// Rule: a key that is not there is made only where nothing needs it; one that can't be read is a person's decision.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
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
  let text: string;
  try {
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw unusable(file, 'others may read or write it. Make it yours alone (chmod 600).');
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error instanceof Fault ? error : unusable(file, 'it can not be read.', error);
  }
  if (!/^(?:[0-9a-f]{64}\n)+$/.test(text)) throw unusable(file, 'it is no file of vault keys. Put the right one back.');
  return text
    .trim()
    .split('\n')
    .map((line) => vaultKey(Buffer.from(line, 'hex')));
}

/** Two processes may make the first one at once: the link lets one of them win, and both read the winner's. */
async function write(file: string, keys: readonly Buffer[], how: 'over it' | 'only where there is none'): Promise<void> {
  const temporary = `${file}.${newId()}.part`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(keys.map((key) => `${key.toString('hex')}\n`).join(''));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (how === 'over it') return await rename(temporary, file);
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw unusable(file, 'it can not be written.', error);
  } finally {
    await rm(temporary, { force: true });
  }
}

function unusable(file: string, reason: string, cause?: unknown): Fault {
  return new Fault('FILE_UNUSABLE', { file, reason }, { cause });
}
