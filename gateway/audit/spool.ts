// Collects records into groups and has each group committed at once. Durable: what is appended during one turn of the event loop, or while a commit runs,
// is one transaction; where no other call is under way it waits for nothing, and where many are, for their records, 1 ms at most. Batched: every `windowMs` (100), so that a power cut loses at most that much.
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import type { AuditRecord } from '#contract/audit.ts';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import type { Store } from '../store/store.ts';
import { chainName } from './chain.ts';
import type { Entry } from './chain.ts';
import type { KeepingRecorder } from './record.ts';
import { createTexts } from './text.ts';
import { openChainWriter } from './writer.ts';

export interface RecorderDeps {
  readonly store: Store;
  readonly key: KeyObject;
  readonly headFile: string;
  /** The key was made just now. */
  readonly isNew?: boolean;
  /** `main` on SQLite; on PostgreSQL a name that no other gateway server has and that stays with the data directory. */
  readonly chain: string;
  readonly mode: 'durable' | 'batched';
  readonly logger: Logger;
  /** Durable mode: how many calls are under way whose records may come soon. */
  readonly siblings?: () => number;
  /** Batched mode: how long a record waits at most. */
  readonly windowMs?: number;
  /** How much may wait for the disk; above it an append is refused. */
  readonly waitingRecords?: number;
  readonly waitingBytes?: number;
}

/** Records of one transaction at most. */
const groupRecords = 2000;
/** From this many calls under way on, a commit waits a moment for their records: each commit costs as much as dozens of records (as PostgreSQL's commit_siblings). */
const enoughSiblings = 4;
const siblingsWithinMs = 1;
const groupBytes = 4 * 2 ** 20;
/** What a record that is taken apart takes while it waits, about. */
const apartBytes = 400;

interface Group {
  readonly entries: Entry[];
  bytes: number;
  readonly done: PromiseWithResolvers<void>;
  /** Those that are committed without their payloads. */
  lost: ReadonlySet<Entry> | undefined;
}

/** Opens the chain for appending. Rejects with AUDIT_BROKEN where it does not end as it was sealed. */
export async function openRecorder(deps: RecorderDeps): Promise<KeepingRecorder> {
  const { mode, logger, siblings = () => 1, windowMs = 100, waitingRecords = 20_000, waitingBytes = 64 * 2 ** 20 } = deps;
  if (!chainName.test(deps.chain)) throw new Fault('SETTING_INVALID', { setting: 'chain', reason: 'use a-z, 0-9 and "-".' });
  const writer = await openChainWriter(deps);
  const textOf = createTexts();
  const queued = Promise.resolve();
  /** Oldest first; only the last may still grow. */
  const groups: Group[] = [];
  let waiting = 0;
  let bytes = 0;
  let isFailing = false;
  let isClosed = false;
  let flushing: Promise<void> | undefined;
  let scheduled: 'now' | 'later' | undefined;
  let hasFlushedAtOnce = false;
  let unschedule = () => {};

  const refuse = (reason: string) => Promise.reject(new Fault('AUDIT_UNAVAILABLE', {}, { cause: new Error(reason) }));

  /** Commits what waits, group by group. In batched mode a group that fails stays, to be tried again. */
  const drain = async () => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      try {
        group.lost = await writer.write(group.entries);
        if (isFailing) logger.info('audit records are accepted again');
        isFailing = false;
        group.done.resolve();
      } catch (error) {
        if (!isFailing) logger.error({ err: error }, 'audit records can not be committed');
        isFailing = true;
        if (mode === 'batched') {
          groups.unshift(group);
          return;
        }
        group.done.reject(error);
      }
      waiting -= group.entries.length;
      bytes -= group.bytes;
      // On SQLite a commit holds up all else: the answers that waited for this one leave before the next.
      if (groups.length > 0) await new Promise(setImmediate);
    }
  };
  const flush = async () => {
    scheduled = undefined;
    flushing = drain();
    await flushing;
    flushing = undefined;
    if (groups.length > 0 && !isClosed) schedule();
  };
  const schedule = () => {
    if (flushing !== undefined) return;
    // A full group does not wait for the window, unless the disk has just refused one.
    if (mode === 'durable' && scheduled === undefined && !hasFlushedAtOnce && siblings() === 0) {
      // once a turn: calls that are answered here all end in one turn, and are one group but for the first
      hasFlushedAtOnce = true;
      setImmediate(() => (hasFlushedAtOnce = false));
      return void flush();
    }
    const isNow = mode === 'durable' ? groups.length > 1 || siblings() < enoughSiblings : groups.length > 1 && !isFailing;
    if (scheduled === 'now' || (scheduled === 'later' && !isNow)) return;
    unschedule();
    scheduled = isNow ? 'now' : 'later';
    const turn = isNow ? setImmediate(flush) : undefined;
    const timer = isNow ? undefined : setTimeout(flush, mode === 'durable' ? siblingsWithinMs : windowMs);
    unschedule = () => {
      scheduled = undefined;
      clearImmediate(turn);
      clearTimeout(timer);
    };
  };
  const openGroup = () => {
    const last = groups.at(-1);
    if (last !== undefined && last.entries.length < groupRecords && last.bytes < groupBytes) return last;
    const group: Group = { entries: [], bytes: 0, done: Promise.withResolvers(), lost: undefined };
    groups.push(group);
    return group;
  };
  let closing: Promise<void> | undefined;
  const close = async () => {
    isClosed = true;
    unschedule();
    try {
      await flushing;
      await drain();
      if (groups.length > 0) await refuse(`${counted(waiting, 'record')} could not be committed`);
    } finally {
      writer.close();
    }
  };

  /** The group that it is in now, or why it is in none. */
  const put = (record: AuditRecord, kept?: Entry['kept']): Group | string => {
    if (isClosed) return 'the recorder is closed';
    if (mode === 'batched' && isFailing) return 'earlier records could not be committed yet';
    const body = textOf(record);
    const size =
      (typeof body === 'string' ? body.length : apartBytes) +
      (kept?.payloads.reduce((sum, { sealed }) => sum + sealed.length, kept.orElse.length) ?? 0);
    if (waiting >= waitingRecords || bytes + size > waitingBytes) return 'too many records wait for the disk';
    const group = openGroup();
    group.entries.push(kept ? { at: record.at, body, kept } : { at: record.at, body });
    group.bytes += size;
    waiting += 1;
    bytes += size;
    schedule();
    return group;
  };

  return {
    append(record) {
      const group = put(record);
      if (typeof group === 'string') return refuse(group);
      return mode === 'durable' ? group.done.promise : queued;
    },
    async keep(record, payloads, orElse = record) {
      const group = put(record, payloads && { payloads, orElse: JSON.stringify(orElse) });
      if (typeof group === 'string') return refuse(group);
      const entry = group.entries.at(-1);
      await group.done.promise;
      if (entry && group.lost?.has(entry)) throw new Fault('CAPTURE_FAILED');
    },
    close: () => (closing ??= close()),
  };
}
