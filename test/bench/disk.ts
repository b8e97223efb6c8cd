// What a durable record waits for at least: this disk alone, in the same minutes as the rows. A page is written over in place, as SQLite does in its journal, and synced.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { medianReading, type Reading, type ReadingName } from './reading.ts';
import { quantile } from './load/schedule.ts';

/** As often as the open loop calls. */
const everyMs = 1;
const forMs = 1000;
/** A page of the product's database with its place in the journal. */
const page = Buffer.alloc(8192 + 24, 1);
const pages = 1000;

/** Milliseconds that each write and sync took, in ascending order. */
async function measureDisk(folder: string): Promise<readonly number[]> {
  const file = openSync(join(folder, 'disk'), 'w', 0o600);
  try {
    writeSync(file, Buffer.alloc(page.length * pages));
    fsyncSync(file);
    const took: number[] = [];
    const begin = performance.now();
    for (let done = 0; performance.now() - begin < forMs; done++) {
      await wait(Math.max(0, begin + done * everyMs - performance.now()));
      const from = performance.now();
      writeSync(file, page, 0, page.length, (done % pages) * page.length);
      fsyncSync(file);
      took.push(performance.now() - from);
    }
    return took.toSorted((a, b) => a - b);
  } finally {
    closeSync(file);
  }
}

export interface Disk {
  /** Once more, in `folder`. */
  look(folder: string): Promise<void>;
  /** Medians over the looks; nothing where there was none. */
  readings(): readonly (readonly [ReadingName, Reading])[];
}

export function createDisk(): Disk {
  const looks: (readonly number[])[] = [];
  const over = (share: number): Reading =>
    medianReading(
      looks.map((took) => quantile(took, share)),
      2,
    );
  return {
    async look(folder) {
      looks.push(await measureDisk(folder));
    },
    readings: () =>
      looks.length === 0
        ? []
        : [
            ['diskMs', over(0.5)],
            ['diskP99Ms', over(0.99)],
          ],
  };
}
