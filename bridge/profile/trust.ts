// Reads a profile file only if nobody but the right owner could have written it. Everything is checked on the open file, never on its name alone.
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** `system`: root's file, that only root can write. `named`: the file of --profile, the user's or root's, that only its owner can write. */
export type Trust = 'system' | 'named';
export type TrustedText =
  | { readonly kind: 'text'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'ignored'; readonly reason: string };

const sizeLimitBytes = 1024 * 1024;
const groupOrWorldWrite = 0o022;

/** The bytes of the file, or why they are not taken. `uid` is the user's; -1 where the platform has none (Windows: the directory's ACL decides). */
export async function readTrusted(file: string, trust: Trust, uid: number): Promise<TrustedText> {
  const handle = await openFile(file);
  if ('kind' in handle) return handle;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return { kind: 'ignored', reason: 'it is not a regular file' };
    const objection = uid < 0 ? undefined : objectionTo(stat, trust, uid);
    if (objection) return { kind: 'ignored', reason: objection };
    if (trust === 'system' && uid >= 0) {
      const directory = await lstat(dirname(file));
      if (directory.uid !== 0 || (directory.mode & groupOrWorldWrite) !== 0)
        return { kind: 'ignored', reason: 'its directory can be changed by others than root' };
    }
    if (stat.size > sizeLimitBytes) return { kind: 'ignored', reason: `it is larger than ${sizeLimitBytes} bytes` };
    return { kind: 'text', bytes: await handle.readFile() };
  } finally {
    await handle.close();
  }
}

function objectionTo(stat: { readonly uid: number; readonly mode: number }, trust: Trust, uid: number): string | undefined {
  if (stat.uid !== 0 && trust === 'system') return `it belongs to user ${stat.uid}, not to root`;
  if (stat.uid !== 0 && stat.uid !== uid) return `it belongs to user ${stat.uid}, not to you or root`;
  return (stat.mode & groupOrWorldWrite) !== 0 ? 'its group or everybody can write it' : undefined;
}

async function openFile(file: string) {
  try {
    // O_NONBLOCK: a FIFO put in place of the file must not hang us
    return await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' } as const;
    if (code === 'ELOOP' || code === 'EMLINK') return { kind: 'ignored', reason: 'it is a symbolic link' } as const;
    return { kind: 'ignored', reason: `it can't be opened (${String(code)})` } as const;
  }
}
