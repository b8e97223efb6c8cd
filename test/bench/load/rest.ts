// What a target still does once its calls are answered (an index, garbage): its CPU until it is at rest. It belongs to those calls, and the next row is measured
// only after it: otherwise one target's work would pass for the noise in which another is measured.
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMsOfTrees } from '../cpu.ts';

const everyMs = 250;
/** At rest: less of a core than this. */
const restingShare = 0.06;
const withinMs = 30_000;

/** Milliseconds of CPU that the processes `roots` and all below them used from now until they were at rest; of a target that never is, within half a minute. */
export async function restOf(roots: readonly number[]): Promise<number> {
  const began = cpuMsOfTrees(roots);
  const until = performance.now() + withinMs;
  for (let before = began; ;) {
    const at = performance.now();
    await wait(everyMs);
    const now = cpuMsOfTrees(roots);
    if ((now - before) / (performance.now() - at) < restingShare) return before - began;
    if (performance.now() > until) return now - began;
    before = now;
  }
}
