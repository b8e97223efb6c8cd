// Verifications that run in the gateway server: each says how far it is, and in the end what it found. The rule: one at a time, because each reads everything; what was
// found is told as job.ts says.
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Store } from '../store/store.ts';
import { readCheckpoints } from './checkpoint.ts';
import { type Job, type Jobs, outdated } from './job.ts';
import type { Marked } from './removal.ts';
import { verdictLines } from './verdict-text.ts';
import { type Verdict, verifyAudit, type VerifyDeps } from './verify.ts';

export interface Verification extends Job {
  readonly state: 'running' | 'whole' | 'broken' | 'failed';
  readonly done: number;
  readonly records: number;
  readonly words: string | null;
  readonly break: { readonly chain: string; readonly seq: number; readonly what: string } | null;
}
export interface Verifications {
  /** Begins one. `checkpoints`: as readCheckpoints takes them. Rejects with BUSY while one runs, and with AUDIT_BROKEN for a checkpoint that is none of this key's. */
  begin(checkpoints: string | undefined): Promise<Verification>;
  /** Rejects with NAME_UNKNOWN where there is none (any more), with JOB_ELSEWHERE where another gateway server has it. */
  progress(id: string): Promise<Verification>;
  /** Ends one that runs. Idempotent. */
  close(): Promise<void>;
}

export function createVerifications(of: {
  readonly store: VerifyDeps['store'] & Pick<Store, 'chainHead'>;
  readonly jobs: Jobs;
  readonly key: KeyObject;
  readonly headFile: string;
  /** This gateway server's own. */
  readonly chain: string;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
}): Verifications {
  const { store, jobs, key, headFile, chain, logger, now } = of;
  // On SQLite nobody else writes one.
  const own = chain === 'main' ? undefined : chain;
  const all = new Map<string, { readonly job: Verification }>();
  const stop = new AbortController();
  let running: Promise<void> | undefined;

  const set = (id: string, change: Partial<Verification>) => {
    const one = all.get(id);
    if (one) all.set(id, { job: { ...one.job, ...change } });
  };

  async function forget(id: string): Promise<void> {
    all.delete(id);
    await jobs.gone(id);
  }

  async function start(): Promise<Verification> {
    for (const { job } of outdated(all.values(), now())) await forget(job.id);
    const begun = await jobs.begin();
    const job = { ...begun, state: 'running', done: 0, records: 0, words: null, break: null } as const;
    all.set(job.id, { job });
    return job;
  }

  async function run(id: string, kept: ReturnType<typeof readCheckpoints>): Promise<void> {
    const { signal } = stop;
    try {
      const total = await recordsOf(store);
      const onProgress = (records: number) => set(id, { records, done: total === 0 ? 0 : Math.min(records / total, 0.999) });
      set(id, foundBy(await verifyAudit({ store, key, headFile, own, kept, onProgress, signal })));
    } catch (error) {
      set(id, { state: 'failed', words: 'It could not be carried out: the log of the gateway server says why.' });
      if (!signal.aborted) logger.error({ err: error, verification: id }, 'a verification of the records failed');
    }
  }

  return {
    async begin(checkpoints) {
      const kept = checkpoints === undefined ? [] : readCheckpoints(checkpoints, key);
      if (running || stop.signal.aborted) throw new Fault('BUSY', { what: 'the verification of records' });
      const beginning = start();
      running = beginning
        .then(
          ({ id }) => run(id, kept),
          () => undefined, // told to whoever began it
        )
        .finally(() => (running = undefined));
      return await beginning;
    },
    async progress(id) {
      const found = all.get(id)?.job;
      if (found && found.expiresAt > now()) return found;
      throw await jobs.missing('verification', id);
    },
    async close() {
      stop.abort();
      await running;
      await Promise.all([...all.keys()].map(forget));
    },
  };
}

function foundBy(verdict: Verdict): Partial<Verification> {
  if (!verdict.ok) {
    const { chain, seq, what, words } = verdict;
    return { state: 'broken', words, break: { chain, seq, what } };
  }
  return { state: 'whole', done: 1, records: verdict.records, words: verdictLines(verdict).join('\n') };
}

/** Those that are there: what is gone by policy is not read. */
async function recordsOf(store: Pick<Store, 'chains' | 'chainHead'> & Marked): Promise<number> {
  let total = 0;
  for (const chain of await store.chains()) {
    const end = (await store.chainHead(chain))?.record.seq ?? 0;
    total += Math.max(end - ((await store.retention.removal(chain))?.seq ?? 0), 0);
  }
  return total;
}
