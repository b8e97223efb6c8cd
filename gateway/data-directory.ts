// The data directory, made where there is none. The rule: nobody but the gateway server's own user can look into it.
import { Fault } from '#contract/error.ts';
import { codeOf } from './store/failure.ts';
import { makeDirectory } from './store/make-directory.ts';

/** Throws FILE_UNUSABLE. */
export function makeDataDirectory(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (cause) {
    const reason = `the data directory could not be made (${codeOf(cause) ?? 'for an unknown reason'}). Name another with --data, or give this user the right to write there.`;
    throw new Fault('FILE_UNUSABLE', { file: directory, reason }, { cause });
  }
}
