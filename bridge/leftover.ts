// Drafts that a process left which was killed before it renamed them. Rule: only files of this user whose name we alone give, and only those that nobody can still
// be writing; what can't be looked at or removed stays, and nobody fails over it.
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A draft lives for milliseconds. The copy of a runtime may take long, but only who has the agent's lock makes one, and it is whole before they sweep. Either way
 * of the clock: it may have been set.
 */
const oldAfterMs = 60_000;

/** The drafts of device/file.ts, lasting.ts, launcher.ts and host/atomic.ts, by folder of the state. */
const inState: readonly (readonly [string, RegExp])[] = [
  ['', /^(?:\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp|runtime\.[0-9a-f]{16}(?:\.old)?)$/],
  ['bin', /^drawbridge(?:\.cmd)?\.[0-9a-f]{16}$/],
  ['host', /^\..+\.[0-9a-f]{12}\.drawbridge-tmp$/],
  ['host/backup', /^\..+\.[0-9a-f]{12}\.drawbridge-tmp$/],
];
const ofPosture = /^\.(?:status|posture)\.[0-9a-f]{16}$/;

/** Sweeps the state directory; how many were removed. `uid`: -1 on Windows. Never rejects. */
export async function sweepState(stateDir: string, uid: number): Promise<number> {
  const swept = await Promise.all(inState.map(([folder, names]) => sweep(join(stateDir, folder), names, uid)));
  return swept.reduce((sum, count) => sum + count, 0);
}

/** The same of the folder of a posture file and its mirror, where others' files may lie too. */
export function sweepPosture(folder: string, uid: number): Promise<number> {
  return sweep(folder, ofPosture, uid);
}

async function sweep(folder: string, names: RegExp, uid: number): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!names.test(name)) continue;
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    const isOurs = found !== undefined && (uid < 0 || found.uid === uid) && (found.isFile() || found.isDirectory());
    if (!isOurs || Math.abs(Date.now() - found.mtimeMs) < oldAfterMs) continue;
    await rm(path, { recursive: true, force: true }).then(
      () => count++,
      () => undefined,
    );
  }
  return count;
}
