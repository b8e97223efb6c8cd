// What a target still does once its calls are answered (an index, garbage): its CPU until it is at rest. It belongs to those calls, and the next row is measured
// only after it: otherwise one target's work would pass for the noise in which another is measured.
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMsOfTrees } from '../cpu.ts';

const everyMs = 250;
/** At rest: less of a core than this. */
const restingShare = 0.06;
/** For so long: what is done later may begin when its time comes, as the index of the audit every two seconds. */
const restingMs = 2250;
const withinMs = 30_000;

/** Milliseconds of CPU that the processes `roots` and all below them used from now until they were at rest; of a target that never is, within half a minute. */
export async function restOf(roots: readonly number[]): Promise<number> {
  const began = cpuMsOfTrees(roots);
  const until = performance.now() + withinMs;
  let before = { cpuMs: began, at: performance.now() };
  for (let busy = before; ;) {
    await wait(everyMs);
    const now = { cpuMs: cpuMsOfTrees(roots), at: performance.now() };
    if ((now.cpuMs - before.cpuMs) / (now.at - before.at) >= restingShare) busy = now;
    if (now.at - busy.at >= restingMs || now.at > until) return busy.cpuMs - began;
    before = now;
  }
}
