// Jobs beside the records, which somebody begins and asks for later: exports and verifications. The rule: what one left is kept for a day, twenty of a kind, at the gateway
// server that was asked to begin it; each other one on the database says at which one that is.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import type { Store } from '../store/store.ts';

const keptAtMost = 20;
const keptForMs = 86_400_000;

export interface Job {
  readonly id: string;
  readonly state: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}
export interface Jobs {
  /** One that begins now, known to all from now on. */
  begin(): Promise<Omit<Job, 'state'>>;
  /** Why there is none of that id here: it is at another gateway server, or nowhere (any more). */
  missing(what: 'export' | 'verification', id: string): Promise<Fault>;
  /** Never rejects: what could not be forgotten is so once its time is over. */
  gone(id: string): Promise<void>;
}

/** `chain`: of this gateway server. */
export function createJobs({
  store,
  chain,
  logger,
  now,
}: {
  readonly store: Pick<Store, 'search'>;
  readonly chain: string;
  readonly logger: Pick<Logger, 'warn'>;
  readonly now: () => number;
}): Jobs {
  let begun: Promise<void> | undefined;

  /** What another run of this gateway server left ended with it. */
  async function forgetOthers(): Promise<void> {
    begun ??= store.search.jobsGone(chain);
    try {
      await begun;
    } catch (error) {
      begun = undefined;
      throw error;
    }
  }

  return {
    async begin() {
      await forgetOthers();
      const createdAt = now();
      const job = { id: newId(createdAt), createdAt, expiresAt: createdAt + keptForMs };
      await store.search.jobBegun({ id: job.id, chain, expiresAt: job.expiresAt }, createdAt);
      return job;
    },
    async missing(what, id) {
      const at = await store.search.jobAt(id, now());
      if (at !== undefined && at !== chain) return new Fault('JOB_ELSEWHERE', { what, id, chain: at, here: chain });
      const hint = 'One is kept for a day, or until the gateway server starts anew.';
      return new Fault('NAME_UNKNOWN', { what, name: id, hint });
    },
    gone: (id) =>
      store.search
        .jobsGone(chain, id)
        .catch((error: unknown) => logger.warn({ err: error, job: id }, 'a job that is over was not forgotten')),
  };
}

/** Those that make way for one more: whose time is over, and where there are too many the oldest that have ended. */
export function outdated<T extends { readonly job: Job }>(all: Iterable<T>, now: number): readonly T[] {
  const kept = [...all];
  const old = kept.filter(({ job }) => job.expiresAt <= now);
  const ended = kept.filter(({ job }) => job.state !== 'running' && job.expiresAt > now);
  return [...old, ...ended.slice(0, Math.max(kept.length - old.length + 1 - keptAtMost, 0))];
}
