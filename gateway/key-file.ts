// Files that hold keys of this gateway server, in the data directory's `key`, for its own user alone. The rule: one that others can read is refused, and one
// that is there is never replaced unasked.
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';

/** Undefined where there is none. Rejects with FILE_UNUSABLE. */
export async function readKeyFile(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Fault('FILE_UNUSABLE', { file, reason: error.message }, { cause: error });
  });
  if (text !== undefined && process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
    throw new Fault('FILE_UNUSABLE', { file, reason: 'others may read it. Allow its owner only: chmod 600.' });
  return text;
}

/** Whole or not at all. With `only where there is none` the first of two that write at once wins, and both read what it wrote. Rejects with FILE_UNUSABLE. */
export async function writeKeyFile(
  file: string,
  content: string | Buffer,
  how: 'over it' | 'only where there is none',
): Promise<void> {
  const fresh = `${file}.${newId()}.part`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (how === 'over it') return await rename(fresh, file);
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    const reason = `it can not be written (${error instanceof Error ? error.message : 'for an unknown reason'}).`;
    throw new Fault('FILE_UNUSABLE', { file, reason }, { cause: error });
  } finally {
    // What could not be made need not be removed.
    await rm(fresh, { force: true }).catch(() => {});
  }
}
