// One gateway server per data directory. The lock is the operating system's, on a file of its own, so it ends with its process, however that ends.
// Who holds it stands in a second file beside it, for the message only.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#contract/error.ts';
import { makeDirectory } from './make-directory.ts';
import { holdExclusively } from './sqlite.ts';

/** Rejects with DATA_LOCKED, naming the process that has it. release() is idempotent. */
export async function lockDataDirectory(directory: string): Promise<{ release(): Promise<void> }> {
  const owner = join(directory, 'lock.pid');
  makeDirectory(directory);
  const release = holdExclusively(join(directory, 'lock'));
  if (release === undefined) throw new Fault('DATA_LOCKED', { directory, pid: pidIn(owner) });
  try {
    writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    release();
    throw new Fault('FILE_UNUSABLE', { file: owner, reason: 'it can not be written.' }, { cause: error });
  }
  let isHeld = true;
  return {
    async release() {
      if (isHeld) release();
      isHeld = false;
    },
  };
}

function pidIn(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\d+$/.test(text) ? text : 'unknown';
  } catch {
    // Its owner has the lock but has not written yet.
    return 'unknown';
  }
}
