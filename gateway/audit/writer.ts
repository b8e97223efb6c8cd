// Writes groups of entries to one chain, one group at a time. The one rule: a group is committed with its seal or not at all,
// and after a failure the database is asked where the chain really ends before anything is added to it.
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import type { ChainedPayload, NewRecord, Store } from '../store/store.ts';
import { extend, isGenuine } from './chain.ts';
import type { Entry, Position } from './chain.ts';
import { openHead, readHeads } from './head.ts';
import { createLink } from './link.ts';
import { beginOf, type Marked } from './removal.ts';

export interface ChainWriter {
  /**
   * Resolves when the group is on disk, with those whose payloads could not be: their data key is gone, and so it would be however often they were tried again.
   * Rejects with AUDIT_UNAVAILABLE where the group is not; the same entries may be written again later.
   */
  write(entries: readonly Entry[]): Promise<ReadonlySet<Entry>>;
  close(): void;
}

export interface ChainWriterDeps {
  readonly store: Pick<Store, 'chainHead' | 'recordsAfter' | 'sealsAfter' | 'appendRecords' | 'payload'> & Marked;
  readonly key: KeyObject;
  readonly headFile: string;
  /** The key was made just now: only then may the file of heads be missing. */
  readonly isNew?: boolean;
  readonly chain: string;
  readonly logger: Logger;
}

/** How far the file of heads may be behind the database while records keep coming. To say it after each commit costs a call alone 20 us, and one of many 2. */
const headEveryMs = 20;
/** A database that takes nothing refuses group after group; one that is slow ends what it began within minutes, and each that waits behind that takes its time too. */
const givenUpAtMost = 1000;

/** Continues a chain where it ends. Rejects with AUDIT_BROKEN where that is not what was sealed. */
export async function openChainWriter({ store, key, headFile, isNew, chain, logger }: ChainWriterDeps): Promise<ChainWriter> {
  let position = await resume({ store, key, headFile, isNew: isNew ?? false, chain });
  await lookAtBeginning({ store, key, chain, logger });
  const head = openHead(headFile, key, position);
  /** The group of which it is not known whether it was committed, however long the database does not say: nothing is added before. */
  let attempted: { readonly entries: readonly Entry[]; readonly seal: Position } | undefined;
  /** Hashes of groups that failed and that a slow database may still commit: one of them at most, because each begins where the chain ends. The oldest first. */
  const givenUp = new Set<string>();
  let isHeadFailing = false;
  const link = createLink();

  const resync = async () => {
    const stored = (await store.chainHead(chain))?.record ?? (await beginOf(store, key, chain));
    if (stored.hash !== position.hash && !givenUp.has(stored.hash))
      throw new Fault('AUDIT_BROKEN', { reason: `Somebody else wrote to the chain "${chain}".` });
    if (stored.hash !== position.hash) givenUp.clear();
    position = { chain, seq: stored.seq, hash: stored.hash };
  };
  /** After the answers are on their way, and not after each of many commits: being behind is allowed, as where the process is killed before. */
  let witnessing: (() => void) | undefined;
  let witnessedAt = -Infinity;
  const witness = () => {
    witnessing = undefined;
    witnessedAt = performance.now();
    try {
      head.write(position);
      isHeadFailing = false;
    } catch (error) {
      // The next write says all of it.
      if (!isHeadFailing) logger.error({ err: error }, 'the head of the audit chain could not be written');
      isHeadFailing = true;
    }
  };
  const witnessSoon = () => {
    const waitMs = witnessedAt + headEveryMs - performance.now();
    const timer = waitMs > 0 ? setTimeout(witness, waitMs) : undefined;
    const turn = waitMs > 0 ? undefined : setImmediate(witness);
    return () => {
      clearTimeout(timer);
      clearImmediate(turn);
    };
  };

  const append = async (entries: readonly Entry[]): Promise<void> => {
    if (attempted !== undefined) {
      await resync();
      const isThere = attempted.entries === entries && attempted.seal.hash === position.hash;
      attempted = undefined;
      if (isThere) return;
    }
    const { records, seal } = extend(key, position, entries, link);
    try {
      await store.appendRecords(records, seal, payloadsOf(entries, records));
      position = { chain, seq: seal.seq, hash: seal.hash };
      givenUp.clear();
    } catch (error) {
      attempted = { entries, seal };
      givenUp.add(seal.hash);
      const [oldest] = givenUp;
      if (oldest !== undefined && givenUp.size > givenUpAtMost) givenUp.delete(oldest);
      const { hash: before } = position;
      await resync();
      attempted = undefined;
      // A connection may break after the commit: then it is there all the same.
      if (position.hash === seal.hash) return;
      if (position.hash === before) throw error;
      // A group before this one was committed only now: these go after it.
      await append(entries);
    }
  };

  return {
    async write(entries) {
      let lost: ReadonlySet<Entry> = new Set();
      try {
        await append(entries).catch(async (error: unknown) => {
          lost = await withoutKey(entries, store);
          if (lost.size === 0) throw error;
          await append(entries.map((one) => (one.kept && lost.has(one) ? { at: one.at, body: one.kept.orElse } : one)));
        });
      } catch (error) {
        throw new Fault('AUDIT_UNAVAILABLE', {}, { cause: error });
      }
      witnessing ??= witnessSoon();
      return lost;
    },
    close() {
      witnessing?.();
      if (witnessing !== undefined) witness();
      head.close();
    },
  };
}

function payloadsOf(entries: readonly Entry[], records: readonly NewRecord[]): readonly ChainedPayload[] | undefined {
  if (entries.every(({ kept }) => kept === undefined)) return undefined;
  return entries.flatMap(({ kept }, index) => (kept?.payloads ?? []).map((one) => ({ ...one, seq: records[index]?.seq ?? 0 })));
}

/** Those whose payloads lie under a data key that is not there any more: a backup from before it was made was restored, or somebody removed it. */
async function withoutKey(entries: readonly Entry[], { payload }: Pick<Store, 'payload'>): Promise<ReadonlySet<Entry>> {
  if (entries.every(({ kept }) => kept === undefined)) return new Set();
  const keys = new Set((await payload.keys()).map(({ id }) => id));
  return new Set(entries.filter(({ kept }) => kept?.payloads.some(({ key }) => !keys.has(key))));
}

/** What is gone at the beginning of a chain is in nobody's way, so it is only said: `audit verify` tells all of it. */
async function lookAtBeginning(of: Pick<ChainWriterDeps, 'store' | 'key' | 'chain' | 'logger'>): Promise<void> {
  const { store, key, chain, logger } = of;
  const [first] = await store.recordsAfter(chain, 0, 1);
  const begin = await beginOf(store, key, chain);
  if (begin.isForged || (first !== undefined && first.seq > begin.seq + 1))
    logger.warn({ chain, firstRecord: first?.seq }, 'the beginning of the audit chain is missing: run "audit verify"');
}

/** Where a chain ends, once its end was compared with its seal and with the head outside the database. */
async function resume({ store, key, headFile, isNew, chain }: Omit<ChainWriterDeps, 'logger'>): Promise<Position> {
  const broken = (reason: string) => new Fault('AUDIT_BROKEN', { reason });
  const heads = readHeads(headFile, key);
  const stored = await store.chainHead(chain);
  if (heads === 'damaged') throw broken(`The file ${headFile} is damaged, or the audit key is another one.`);
  if (heads === undefined && !isNew)
    throw broken(
      `The file ${headFile} is missing, though there is an audit key: records may have been removed. Bring the file back, restore a backup, or, where this gateway server never served, remove the key too.`,
    );
  const head = heads?.get(chain);
  const [then] = head === undefined || head.seq === 0 ? [] : await store.sealsAfter(chain, head.seq - 1, 1);
  // After them: what another gateway server removes meanwhile is covered by it.
  const begin = await beginOf(store, key, chain);
  if (stored === undefined) {
    if (begin.isForged) throw broken(`Where the chain "${chain}" begins was not written with this audit key.`);
    if (head !== undefined && head.seq > begin.seq)
      throw broken(`All records of the chain "${chain}" up to ${head.seq} are missing.`);
    if (head === undefined && begin.seq > 0) throw broken(`The file ${headFile} does not know the chain "${chain}".`);
    if (head?.seq === begin.seq && head.hash !== begin.hash) throw broken(`The chain "${chain}" was rewritten.`);
    return { chain, seq: begin.seq, hash: begin.hash };
  }
  const { record, seal } = stored;
  if (seal.seq !== record.seq || seal.hash !== record.hash) throw broken(`The last record of the chain "${chain}" has no seal.`);
  if (!isGenuine(key, seal)) throw broken(`The seal of the chain "${chain}" was not made with this audit key.`);
  if (head === undefined) throw broken(`The file ${headFile} is missing or does not know the chain "${chain}".`);
  if (head.seq > record.seq)
    throw broken(`${counted(head.seq - record.seq, 'record is', 'records are')} missing at the end of the chain "${chain}".`);
  // What the head names may be gone by policy: where the head is behind, or nothing was written for that long.
  if (head.seq === begin.seq && head.hash !== begin.hash) throw broken(`The chain "${chain}" was rewritten.`);
  if (head.seq > begin.seq && (then?.seq !== head.seq || then.hash !== head.hash))
    throw broken(`The chain "${chain}" was rewritten.`);
  return { chain, seq: record.seq, hash: record.hash };
}
