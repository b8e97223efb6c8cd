// A directory and what is missing above it. The rule: from below upwards once and down again, so that it ends; Node's own way of making all of it turns for
// ever where the system says that what is there is not, as below /proc and /dev/null.
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes it (0700) where there is none. Throws the system's error. */
export function makeDirectory(directory: string): void {
  if (isThere(directory)) return;
  const above = dirname(directory);
  if (above !== directory) makeDirectory(above);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!isThere(directory)) throw error;
  }
}

/** A link to a directory too. */
function isThere(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
