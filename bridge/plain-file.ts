// Reads what ought to be a plain file, wherever its path is from, makes folders, and says in words what is wrong with either. Rule: a pipe or a device in a file's
// place is refused; nobody waits for a writer, and none is read without end.
import { constants } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '#contract/error.ts';

/** Far more than any state file has. */
const limitBytes = 64 * 1024 * 1024;

/** Its bytes. Rejects as open() does, and where it is no regular file (code EINVAL) or larger than `atMostBytes` (code EFBIG). */
export async function readPlain(path: string, atMostBytes = limitBytes): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await file.stat();
    if (!found.isFile()) throw refusal('EINVAL', `${path} is no regular file: remove it`);
    if (found.size > atMostBytes) throw refusal('EFBIG', `${path} is larger than ${atMostBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The same as text. */
export async function readPlainText(path: string): Promise<string> {
  return (await readPlain(path)).toString('utf8');
}

function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Makes the folder and those above it, where they are absent. Node's own way with all of them at once never ends below /proc. */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (await isFolder(path)) return;
    const above = dirname(path);
    if (!isCode(error, 'ENOENT') || above === path) throw error;
    if (!(await isFolder(above))) await makeFolder(above, mode);
    // once more, because somebody else may have made the one above meanwhile
    await mkdir(path, { mode }).catch(async (again: unknown) => {
      if (!(await isFolder(path))) throw again;
    });
  }
}

/**
 * For the catch of what was done with a file or folder of our own: rejects with FILE_UNUSABLE, which says what to do, where the system refused it, else with the
 * error as it is. `modes`: what they are to have.
 */
export function blaming(file: string, modes = 'mode 0600, a folder 0700'): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason =
      code === 'EACCES' || code === 'EPERM' ? `this user may not. Make it this user's own, ${modes}.` : reasons[code];
    throw reason === undefined ? error : new Fault('FILE_UNUSABLE', { file, reason }, { cause: error });
  };
}

const [elsewhere, inTheWay, full] = [
  'nothing can be made there. Name another place.',
  'something else stands in its place or in that of a folder above it. Remove that.',
  'there is no space left on its disk. Make room there.',
];
const reasons: Readonly<Record<string, string>> = {
  EINVAL: 'it is no regular file. Remove it.',
  EISDIR: 'it is a directory. Remove it.',
  ENOTEMPTY: 'it is a directory. Remove it.',
  EFBIG: 'it is far too large. Remove it.',
  EEXIST: inTheWay,
  ENOTDIR: inTheWay,
  ENOENT: elsewhere,
  ENAMETOOLONG: elsewhere,
  ELOOP: 'a symlink there leads to itself. Remove it.',
  EROFS: 'it lies where nothing can be written. Name another place, or let it be written to.',
  ENOSPC: full,
  EDQUOT: full,
};

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
