// Which processes live, from /proc: to see that nothing outlives its owner.
import { readdir, readFile, readlink } from 'node:fs/promises';

/** Pids of processes whose command line holds the text. */
export async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text) && (await readlink(`/proc/${entry}/exe`).catch(() => '')) !== '') found.push(Number(entry));
  }
  return found;
}
