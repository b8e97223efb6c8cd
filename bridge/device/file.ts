// Files of the device's state: only this user reads them, and they are replaced whole or not at all.
import { randomUUID } from 'node:crypto';
import { chmod, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blaming, makeFolder, readPlainText } from '../plain-file.ts';

/** Writes to a new file, syncs, renames: mode 0600 in a folder of mode 0700. Rejects with FILE_UNUSABLE. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await write(file, text).catch(blaming(file));
}

async function write(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  await makeFolder(folder);
  await chmod(folder, 0o700);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The text, or undefined where there is no such file. Rejects with FILE_UNUSABLE. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readPlainText(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    return blaming(file)(error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
