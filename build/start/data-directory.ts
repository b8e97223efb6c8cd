// The directory of `--data`, made where there is none, and tried before anything is started in it.
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartError } from './options.ts';

/** Rejects with StartError where it can't be made or written. */
export async function makeDataDirectory(directory: string): Promise<void> {
  try {
    await make(directory);
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'for an unknown reason';
    throw new StartError(`${directory} can't be made or written (${code}). Name a directory that you may write with --data.`);
  }
}

/** Step by step: told to make all of it, Node turns for ever where the system says that what is there is not, as below /proc and /dev/null. */
async function make(directory: string): Promise<void> {
  if (await isThere(directory)) return;
  const above = dirname(directory);
  if (above !== directory) await make(above);
  await mkdir(directory, { mode: 0o700 }).catch(async (error: unknown) => {
    if (!(await isThere(directory))) throw error;
  });
}

async function isThere(directory: string): Promise<boolean> {
  return stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
