// Memory of a process as PSS, from /proc: what it has alone, and its share of what it has with others. Linux only.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const collectFile = new URL('./idle/collect.ts', import.meta.url).href;

/** For the environment of a Node program that settledPssOf() may ask to collect its garbage. */
export const collectable = `--expose-gc --import ${collectFile}`;

/** Bytes. */
export function pssOf(pid: number): number {
  const kilobytes = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  if (kilobytes === undefined) throw new Error(`no PSS of process ${pid}`);
  return Number(kilobytes) * 1024;
}

const everyMs = 1000;

/** The least PSS within this time, while its garbage is collected every second. The program was started as `collectable`. */
export async function settledPssOf(pid: number, withinMs: number): Promise<number> {
  let least = pssOf(pid);
  for (const until = performance.now() + withinMs; performance.now() < until;) {
    process.kill(pid, 'SIGUSR2');
    await delay(everyMs);
    least = Math.min(least, pssOf(pid));
  }
  return least;
}
