// A copy of the repository that a test may damage: its sources are real copies, its node_modules is the one of the original.
// What is generated, kept or secret (out, .drawbridge, .git) is not copied.
import { cp, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface Scratch {
  readonly root: string;
  /** Removes the copy. Idempotent. */
  close(): Promise<void>;
}

const left = new Set(['node_modules', 'out', 'dist', 'coverage', '.git', '.drawbridge', '.cache']);

export async function copyRepository(root: string): Promise<Scratch> {
  const scratch = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-scratch-'));
  await cp(root, scratch, {
    recursive: true,
    filter: (from) => from === root || !left.has(basename(from)),
  });
  await symlink(join(root, 'node_modules'), join(scratch, 'node_modules'), 'dir');
  return { root: scratch, close: async () => await rm(scratch, { recursive: true, force: true, maxRetries: 10 }) };
}
