// Removes the records whose time is over, where the policy says for how long they are kept. The rule: what goes is whole, is owed to nobody, and is on record before
// it goes; in doubt it stays. Whoever is stopped in between leaves a chain that begins somewhat later, and goes on from there.
import type { KeyObject } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EventRecord } from '#contract/audit.ts';
import { retentionCutoff } from '#contract/retention.ts';
import type { Store } from '../store/store.ts';
import { isGenuine, type Position } from './chain.ts';
import type { Broken } from './check.ts';
import { findExpired } from './expired.ts';
import { ownEvent, type KeepingRecorder } from './record.ts';
import { beginOf, makeRemoval, type Begin } from './removal.ts';
import { repeat, type Repeated } from './repeat.ts';

export interface RetentionDeps {
  readonly store: Pick<Store, 'chains' | 'recordsAfter' | 'sealedAfter' | 'sealsAfter' | 'retention'>;
  readonly key: KeyObject;
  readonly recorder: Pick<KeepingRecorder, 'keep'>;
  /** Of this gateway server. */
  readonly chain: string;
  /** No call is under way. */
  readonly isQuiet: () => boolean;
  readonly logger: Logger;
  readonly now: () => number;
  readonly everyMs?: number;
}
export interface Retention extends Repeated {
  /** How much older the oldest record is than the policy lets it get, in ms; 0 where none is. Also while they go, and where they are held up. */
  overdueMs(): number;
}

const lookEveryMs = 600_000;
const dayMs = 86_400_000;
/** Records of one transaction, if a group is not larger: some milliseconds. */
const removedAtOnce = 200;

export function startRetention(of: RetentionDeps): Retention {
  const { store, key, recorder, chain: own, isQuiet, logger, now, everyMs = lookEveryMs } = of;
  /** What each chain was free of at the look before: a sink may still go back by some seconds of what it sent. */
  const free = new Map<string, number>();
  const told = new Map<string, string>();
  let overdueMs = 0;

  /** So that calls have four fifths of the time. */
  async function pause(beganAt: number, signal: AbortSignal): Promise<void> {
    const tookMs = performance.now() - beganAt;
    await wait(isQuiet() ? 1 : Math.max(tookMs * 4, 10), undefined, { signal });
  }

  async function look(signal: AbortSignal): Promise<void> {
    const days = (await store.retention.setting())?.records;
    if (days === undefined) {
      overdueMs = 0;
      return;
    }
    const before = retentionCutoff(days, now());
    overdueMs = await overdue(before);
    // A chain whose own gateway server does not do it is done by another, a day later.
    for (const chain of await store.chains()) await expire(chain, chain === own ? before : before - dayMs, signal);
    overdueMs = await overdue(before);
  }

  async function overdue(before: number): Promise<number> {
    let most = 0;
    for (const chain of await store.chains()) most = Math.max(most, before - ((await oldestOf(chain)) ?? before));
    return most;
  }

  async function oldestOf(chain: string): Promise<number | undefined> {
    const [oldest] = await store.recordsAfter(chain, 0, 1);
    return oldest?.at;
  }

  async function expire(chain: string, before: number, signal: AbortSignal): Promise<void> {
    const begin = await beginOf(store, key, chain);
    const needed = await store.retention.needed(chain, before);
    const upTo = Math.min(free.get(chain) ?? 0, needed.seq);
    free.set(chain, needed.seq);
    if (((await oldestOf(chain)) ?? before) >= before) return void told.delete(chain);
    const among = (beganAt: number) => pause(beganAt, signal);
    const found = await findExpired({ store, key, begin, before, now: now(), upTo, pause: among });
    if ('ok' in found) return await stopped(begin, found);
    if (found.isHeld && upTo === needed.seq) held(chain, needed.by);
    else told.delete(chain);
    if (found.end.seq > begin.seq) await remove(begin, found.end, before, signal);
  }

  /** Told once for each reason, until it is over. */
  function held(chain: string, by: string): void {
    if (told.get(chain) !== by) logger.warn({ chain, by }, 'records whose time is over stay, because they are still needed');
    told.set(chain, by);
  }

  async function stopped({ chain, seq: begin }: Begin, { seq, what, words }: Broken): Promise<void> {
    const why = `${what} ${seq}`;
    // Not where another gateway server removed them meanwhile.
    if ((await beginOf(store, key, chain)).seq > begin) return;
    if (told.get(chain) === why) return;
    logger.error(
      { chain, seq, what },
      'records whose time is over stay, because the audit chain is not whole: run "audit verify"',
    );
    await onRecord('retention_stopped', { chain, seq, what, words });
    told.set(chain, why);
  }

  async function remove(begin: Begin, end: Position, before: number, signal: AbortSignal): Promise<void> {
    const { chain } = begin;
    const records = end.seq - begin.seq;
    const until = new Date(before).toISOString();
    await onRecord('records_expired', { chain, after: begin.seq, upTo: end.seq, records, before: until });
    let last: Position = begin;
    let setAside = 0;
    while (last.seq < end.seq) {
      const beganAt = performance.now();
      const seal = await nextSeal(last, end);
      // Somebody changed it since it was looked at.
      if (seal === undefined) return;
      const mark = makeRemoval(key, { chain, seq: seal.seq, hash: seal.hash, at: now(), before });
      const removed = await store.retention.remove(mark, last.seq);
      // Somebody else is about it, or a sink went back.
      if (removed === undefined) return;
      setAside += removed.setAside;
      last = seal;
      await pause(beganAt, signal);
    }
    logger.info(
      { chain, after: begin.seq, upTo: end.seq, records, before: until, setAside },
      'records were removed: their time is over',
    );
  }

  /** The end of the group up to which the next go: of several small ones the last, of a large one its own. */
  async function nextSeal(last: Position, end: Position) {
    const seals = await store.sealsAfter(last.chain, last.seq, removedAtOnce);
    const within = seals.filter(({ seq }) => seq <= Math.min(last.seq + removedAtOnce, end.seq));
    const seal = within.at(-1) ?? seals[0];
    const isSound = seal !== undefined && seal.seq <= end.seq && isGenuine(key, seal);
    return isSound && (seal.seq < end.seq || seal.hash === end.hash) ? seal : undefined;
  }

  async function onRecord(event: string, detail: EventRecord['detail']): Promise<void> {
    await recorder.keep(ownEvent(event, detail, now()));
  }

  const { close } = repeat(look, {
    firstMs: everyMs,
    everyMs,
    logger,
    failure: 'records whose time is over could not be removed',
  });
  return { overdueMs: () => overdueMs, close };
}
