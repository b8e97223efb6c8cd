// Exports that run in the gateway server: each writes its file beside the database, says how far it is, and is read part by part. The rule: what is kept for whoever
// fetches it goes by itself after a day, at the next start, or when it is removed, and few of them are there at once; another gateway server says where it is.
import { open, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { RecordFilter } from '../store/search.ts';
import type { Store } from '../store/store.ts';
import { exportRecords, type ExportFormat } from './export.ts';
import { type Job, type Jobs, outdated } from './job.ts';

export interface ExportJob extends Job {
  readonly format: ExportFormat;
  readonly state: 'running' | 'done' | 'failed';
  readonly done: number;
  readonly rows: number;
  readonly behind: number;
}
export interface Exports {
  /** Begins one. Rejects with BUSY where too many run. */
  begin(of: { readonly filter: RecordFilter; readonly format: ExportFormat }): Promise<ExportJob>;
  /** Rejects with NAME_UNKNOWN where there is none (any more), with JOB_ELSEWHERE where another gateway server has it, as the others do. */
  progress(id: string): Promise<ExportJob>;
  /** Whole lines after that byte; `next`: the byte after them, null at the end. */
  part(id: string, after: number): Promise<{ readonly text: string; readonly next: number | null }>;
  remove(id: string): Promise<void>;
  /** Ends those that run. Idempotent. */
  close(): Promise<void>;
}

const runningAtMost = 2;
const partBytes = 2 ** 20;

interface Kept {
  job: ExportJob;
  readonly file: string;
  readonly stop: AbortController;
  running: Promise<void>;
  written: number;
}

export function createExports(of: {
  readonly store: Pick<Store, 'search'>;
  readonly jobs: Jobs;
  readonly directory: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly tidyEveryMs?: number;
}): Exports {
  const { store, jobs, directory, logger, now, tidyEveryMs = 600_000 } = of;
  const all = new Map<string, Kept>();
  let isClosed = false;
  let emptied: Promise<void> | undefined;
  /** What another run left there goes, as soon as there is this one. */
  function empty(): Promise<void> {
    emptied ??= rm(directory, { recursive: true, force: true }).catch((error: unknown) => {
      emptied = undefined;
      throw error;
    });
    return emptied;
  }
  empty().catch((error: unknown) => logger.warn({ err: error }, 'what an earlier run exported could not be removed'));
  const tidying = setInterval(() => {
    for (const kept of all.values())
      if (kept.job.expiresAt <= now())
        forget(kept).catch((error: unknown) => logger.warn({ err: error }, 'an export that is over could not be removed'));
  }, tidyEveryMs);
  async function forget(kept: Kept): Promise<void> {
    all.delete(kept.job.id);
    kept.stop.abort();
    await kept.running;
    await rm(kept.file, { force: true });
    await jobs.gone(kept.job.id);
  }
  async function get(id: string): Promise<Kept> {
    const kept = all.get(id);
    if (kept !== undefined && kept.job.expiresAt > now()) return kept;
    throw await jobs.missing('export', id);
  }
  async function run(kept: Kept, filter: RecordFilter): Promise<void> {
    const { signal } = kept.stop;
    try {
      const handle = await open(kept.file, 'wx', 0o600);
      try {
        const onProgress = ({ rows, done }: { readonly rows: number; readonly done: number }) => {
          kept.job = { ...kept.job, rows, done: Math.min(done, 0.999) };
        };
        for await (const piece of exportRecords({ store, filter, format: kept.job.format, onProgress, signal })) {
          const bytes = Buffer.from(piece);
          await handle.appendFile(bytes);
          kept.written += bytes.length;
          // Calls go first.
          await setImmediate();
        }
      } finally {
        await handle.close();
      }
      kept.job = { ...kept.job, state: 'done', done: 1 };
    } catch (error) {
      kept.job = { ...kept.job, state: 'failed' };
      if (!signal.aborted) logger.error({ err: error, export: kept.job.id }, 'an export of records failed');
    }
  }

  return {
    async begin({ filter, format }) {
      await empty();
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const kept of outdated(all.values(), now())) await forget(kept);
      const running = [...all.values()].filter(({ job }) => job.state === 'running').length;
      if (running >= runningAtMost || isClosed) throw new Fault('BUSY', { what: 'the export of records' });
      const behind = await store.search.behind();
      const { id, ...times } = await jobs.begin();
      const kept: Kept = {
        job: { id, format, state: 'running', done: 0, rows: 0, behind, ...times },
        file: join(directory, `${id}.${format}`),
        stop: new AbortController(),
        running: Promise.resolve(),
        written: 0,
      };
      all.set(id, kept);
      kept.running = run(kept, filter);
      return kept.job;
    },
    progress: async (id) => (await get(id)).job,
    async part(id, after) {
      const { file, written, job } = await get(id);
      const text = after < written ? await readLines(file, after, written) : '';
      const next = after + Buffer.byteLength(text);
      return { text, next: job.state === 'running' || next < written ? next : null };
    },
    remove: async (id) => forget(await get(id)),
    async close() {
      isClosed = true;
      clearInterval(tidying);
      await empty().catch(() => undefined); // told above
      await Promise.all([...all.values()].map(forget));
    },
  };
}

/** A line that is longer than a part comes whole. */
async function readLines(file: string, after: number, end: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    for (let size = partBytes; ; size *= 2) {
      const buffer = Buffer.alloc(Math.min(size, end - after));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, after);
      const last = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
      if (last >= 0 || bytesRead < size) return buffer.toString('utf8', 0, last + 1);
    }
  } finally {
    await handle.close();
  }
}
