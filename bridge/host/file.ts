// A config file as it lies on the disk, read once and only where it is safe: a regular file of the user, inside the home, UTF-8, not huge.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { ConfigState } from '#contract/host.ts';
import type { FindingCode } from '#contract/finding.ts';
import { readPlain } from '../plain-file.ts';
import { codeOf } from './atomic.ts';

const limitBytes = 8 * 1024 * 1024;
/** Of a file in a project's folder: a cloned repository may bring hundreds, and each is read at every scan. */
export const sharedLimitBytes = 1024 * 1024;
/** A file that grew since it was changed must be given back all the same. */
export const restoreLimitBytes = 128 * 1024 * 1024;

export interface ConfigFile {
  /** Where the bytes lie, with symlinks resolved. */
  readonly realPath: string;
  readonly text: string;
  readonly sha256: string;
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Nobody may write it, so we don't either. */
  readonly isReadonly: boolean;
}

/** Why a file is left alone. */
export interface Unusable {
  readonly state: Exclude<ConfigState, 'compliant' | 'drifted'>;
  readonly code?: FindingCode;
  readonly reason?: string;
}

export async function readConfig(path: string, home: string, limit = limitBytes): Promise<ConfigFile | Unusable> {
  try {
    // The folder is resolved by itself, so that a dangling symlink is told from a file that is not there.
    const folder = await realpath(dirname(path));
    const realPath = await realpath(join(folder, basename(path)));
    if (!isInside(realPath, await realpath(home)))
      return { state: 'unsupported', code: 'config_unsupported', reason: 'it lies outside the home' };
    return await readRegular(realPath, limit);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'missing' };
    if (code === 'ELOOP') return { state: 'unsupported', code: 'config_unsupported', reason: 'it is a loop of symlinks' };
    if (code === 'EACCES' || code === 'EPERM')
      return { state: 'unsupported', code: 'config_readonly', reason: 'it may not be read' };
    // Whatever else the system says of one file (a socket, a broken disk): the others must not wait for it.
    if (code !== undefined) return { state: 'unsupported', code: 'config_unsupported', reason: `it can't be read (${code})` };
    throw error;
  }
}

export interface Content {
  readonly realPath: string;
  readonly sha256: string;
  readonly isReadonly: boolean;
}

/** What lies there now, for comparing only; undefined where nothing readable does. */
export async function contentOf(path: string): Promise<Content | undefined> {
  try {
    const realPath = await realpath(path);
    const found = await stat(realPath);
    return { realPath, sha256: sha256Of(await readPlain(realPath, limitBytes)), isReadonly: (found.mode & 0o222) === 0 };
  } catch {
    return undefined;
  }
}

async function readRegular(realPath: string, limit: number): Promise<ConfigFile | Unusable> {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(realPath, flags);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return { state: 'unsupported', code: 'config_unsupported', reason: 'it is no regular file' };
    if (process.getuid && stat.uid !== process.getuid())
      return { state: 'foreign_owner', code: 'foreign_owner', reason: 'it belongs to another user' };
    if (stat.size > limit)
      return { state: 'unsupported', code: 'config_unsupported', reason: `it is larger than ${limit / 1024 / 1024} MiB` };
    const bytes = await file.readFile();
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes))
      return { state: 'unparseable', code: 'unparseable', reason: 'it is not UTF-8 text' };
    return {
      realPath,
      text,
      sha256: sha256Of(bytes),
      mode: stat.mode & 0o7777,
      owner: { uid: stat.uid, gid: stat.gid },
      isReadonly: (stat.mode & 0o222) === 0,
    };
  } finally {
    await file.close();
  }
}

/** Hex SHA-256 of bytes, or of text as UTF-8. */
export function sha256Of(of: Buffer | string): string {
  return createHash('sha256').update(of).digest('hex');
}

export function isInside(path: string, folder: string): boolean {
  const from = relative(folder, path);
  return from !== '' && from !== '..' && !from.startsWith(`..${sep}`) && !from.startsWith(sep) && !/^[A-Za-z]:/.test(from);
}

/** The path as people read it. */
export function shown(path: string, home: string): string {
  return isInside(path, home) ? `~/${relative(home, path).split(sep).join('/')}` : path;
}
