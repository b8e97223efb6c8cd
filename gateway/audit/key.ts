// The key of the seals: 32 random bytes under <data>/key, never in the database and never in a backup of it.
import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';

export interface AuditKey {
  readonly key: KeyObject;
  /** Holds the chains' heads. */
  readonly headFile: string;
  /** It was made just now, so nothing was ever recorded under it. */
  readonly isNew: boolean;
}

/** The key, made at first call. Rejects with FILE_UNUSABLE where the key is damaged or others can read it. */
export async function openAuditKey(dataDirectory: string): Promise<AuditKey> {
  const file = fileOf(dataDirectory);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const text = await read(file);
  return text === undefined ? parse(file, await make(file), true) : parse(file, text, false);
}

/** The key, undefined where none was made yet: to look at what there is must not make it seem that there is more. */
export async function readAuditKey(dataDirectory: string): Promise<AuditKey | undefined> {
  const file = fileOf(dataDirectory);
  const text = await read(file);
  return text === undefined ? undefined : parse(file, text, false);
}

function fileOf(dataDirectory: string): string {
  return join(dataDirectory, 'key', 'audit.key');
}

function parse(file: string, text: string, isNew: boolean): AuditKey {
  if (!/^[0-9a-f]{64}\n$/.test(text)) throw unusable(file, 'it is not an audit key. Put the right one back.');
  return { key: createSecretKey(text.trim(), 'hex'), headFile: join(dirname(file), 'audit.head'), isNew };
}

async function read(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw unusable(file, 'others may read or write it. Make it yours alone (chmod 600).');
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error instanceof Fault ? error : unusable(file, 'it can not be read.', error);
  }
}

/** Two processes may do this at once: the link lets one of them win, and both read the winner's. */
async function make(file: string): Promise<string> {
  const temporary = `${file}.${newId()}.part`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${randomBytes(32).toString('hex')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw unusable(file, 'it can not be made.', error);
  } finally {
    await rm(temporary, { force: true });
  }
  return (await read(file)) ?? '';
}

function unusable(file: string, reason: string, cause?: unknown): Fault {
  return new Fault('FILE_UNUSABLE', { file, reason }, { cause });
}
