// What a record costs on its way into the database: appended to the product's own recorder in batched mode, as many at once as it lets wait, until the last one is
// committed (WAL, synchronous=FULL). All of it is in one process and one thread, so the time is that of the CPU and the disk together.
import { createSecretKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Logger } from 'pino';
import type { CallRecord } from '#contract/audit.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { callOf } from './fill.ts';

export interface Appended {
  readonly records: number;
  readonly microseconds: number;
  readonly cpuMicroseconds: number;
}

/** Of each round what a record took on average. Throws where one is missing afterwards. */
export async function appendBatched(folder: string, logger: Logger, rounds: number): Promise<readonly Appended[]> {
  const store = await openStore({ kind: 'sqlite', file: join(folder, 'append.sqlite') }, { logger });
  const key = createSecretKey(randomBytes(32));
  const headFile = join(folder, 'append.head');
  const atOnce = 18_000;
  const batches = 5;
  const made: CallRecord[] = Array.from({ length: atOnce }, (_, i) => callOf(i, 1_700_000_000_000 + i));
  const appended: Appended[] = [];
  try {
    const recorder = await openRecorder({ store, key, headFile, isNew: true, chain: 'main', mode: 'batched', logger });
    for (let round = 0; round < rounds; round++) {
      const [began, cpu] = [performance.now(), process.cpuUsage()];
      for (let batch = 0; batch < batches; batch++) {
        let last: Promise<void> = Promise.resolve();
        for (const [index, record] of made.entries()) {
          if (index === made.length - 1) last = recorder.keep(record);
          else void recorder.append(record);
        }
        await last;
      }
      const { user, system } = process.cpuUsage(cpu);
      const records = atOnce * batches;
      appended.push({
        records,
        microseconds: ((performance.now() - began) * 1000) / records,
        cpuMicroseconds: (user + system) / records,
      });
    }
    await recorder.close();
    const verdict = await verifyAudit({ store, key, headFile });
    if (!verdict.ok || verdict.records !== rounds * atOnce * batches) throw new Error(`not whole: ${JSON.stringify(verdict)}`);
    return appended;
  } finally {
    await store.close();
  }
}

/** What SQLite alone takes for texts as long as these, in hundreds: what is left for everything else. Microseconds of CPU a record. */
export function insertAlone(folder: string, records = 60_000): number {
  const raw = new Database(join(folder, 'alone.sqlite'));
  try {
    raw.pragma('page_size = 8192');
    raw.pragma('journal_mode = wal');
    raw.pragma('synchronous = full');
    raw.exec('create table record (id integer primary key, at integer, body text, hash text)');
    const insert = raw.prepare('insert into record (id, at, body, hash) values (?, ?, ?, ?)');
    const bodies = Array.from({ length: 100 }, (_, i) => JSON.stringify(callOf(i, 1_700_000_000_000 + i)));
    const group = raw.transaction((from: number) => {
      for (const [index, body] of bodies.entries()) insert.run(from + index, from, body, 'f'.repeat(64));
    });
    const began = process.cpuUsage();
    for (let id = 1; id <= records; id += bodies.length) group(id);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / records;
  } finally {
    raw.close();
  }
}
