// One file exchanged for another version of itself, whole or not at all: a temporary file beside it, synced, renamed over it, the folder synced.
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '#contract/error.ts';

export interface Replacement {
  readonly mode: number;
  /** The owner and group to keep; absent for files of our own. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Called when all is ready, just before the rename. False gives up and leaves the file alone. */
  readonly mayReplace?: () => Promise<boolean>;
}

const suffix = '.drawbridge-tmp';

/** Writes the file; false where `mayReplace` said no. */
export async function replaceFile(path: string, bytes: Buffer, how: Replacement): Promise<boolean> {
  const temp = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}${suffix}`);
  try {
    const file = await open(temp, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      if (how.owner) await keepOwner(file, how.owner);
      await file.chmod(how.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    if (how.mayReplace && !(await how.mayReplace())) return false;
    await renameOver(temp, path);
    await syncFolder(dirname(path));
    return true;
  } finally {
    await rm(temp, { force: true });
  }
}

/** Removes what a process that was killed in between left beside the file. Only while we hold the lock. */
export async function removeLeftovers(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => []))
    if (name.startsWith(start) && name.endsWith(suffix)) await rm(join(dirname(path), name), { force: true });
}

async function keepOwner(file: FileHandle, owner: { uid: number; gid: number }): Promise<void> {
  const made = await file.stat();
  if (made.uid !== owner.uid || made.gid !== owner.gid) await file.chown(owner.uid, owner.gid);
}

/** On Windows a file that another program has open can't be replaced for a moment, so it is tried for two seconds. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt++)
    try {
      return await rename(from, to);
    } catch (error) {
      const isBusy = process.platform === 'win32' && ['EPERM', 'EBUSY', 'EACCES'].includes(codeOf(error) ?? '');
      if (!isBusy || attempt === 20) throw error;
      await wait(100);
    }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The code of a system error, such as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Why a file was not written, in words. */
export function reasonOf(error: unknown): string {
  if (error instanceof Fault) return error.message.slice(0, 500);
  const code = codeOf(error) ?? '';
  return `it could not be written (${words[code] ?? (code || 'for a reason that nobody foresaw')})`;
}

const [forbidden, full] = ['this user may not write it, or not make a file in its folder', 'there is no space left on its disk'];
const words: Readonly<Record<string, string>> = {
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: 'it lies where nothing can be written',
  ENOSPC: full,
  EDQUOT: full,
};
