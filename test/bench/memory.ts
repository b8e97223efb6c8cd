// Memory of a process as PSS, from /proc: what it has alone, and its share of what it has with others. Linux only.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Bytes. */
export function pssOf(pid: number): number {
  const kilobytes = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  if (kilobytes === undefined) throw new Error(`no PSS of process ${pid}`);
  return Number(kilobytes) * 1024;
}

const everyMs = 1000;

/** The least PSS within this time: V8 collects garbage some seconds after the last work. */
export async function settledPssOf(pid: number, withinMs: number): Promise<number> {
  let least = pssOf(pid);
  for (const until = performance.now() + withinMs; performance.now() < until;) {
    await delay(everyMs);
    least = Math.min(least, pssOf(pid));
  }
  return least;
}
