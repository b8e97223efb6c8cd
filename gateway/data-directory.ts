// The data directory, made where there is none. The rule: nobody but the gateway server's own user can look into it.
import { mkdir } from 'node:fs/promises';
import { Fault } from '#contract/error.ts';

/** Rejects with FILE_UNUSABLE. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = 'the data directory could not be made. Name another with --data, or give this user the right to write there.';
    throw new Fault('FILE_UNUSABLE', { file: directory, reason }, { cause });
  }
}
