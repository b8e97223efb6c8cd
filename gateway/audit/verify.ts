// Reads every record of every chain again and tells whether all of it is as it was written: the hashes, the seals over them, and the heads outside the database.
// The one rule: what can't be shown to be whole is reported as broken.
import type { KeyObject } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { counted } from '#contract/counted.ts';
import type { Removal } from '../store/retention.ts';
import type { KeptTexts, SealedRecord, Store } from '../store/store.ts';
import { start, type Position } from './chain.ts';
import { broken, checkRecord, checkSeal, type Broken } from './check.ts';
import { readHeads } from './head.ts';
import { beginOf, type Begin, type Marked } from './removal.ts';

/** `seq` and `hash`: where it ends. */
export interface VerifiedChain extends Position {
  /** Records that are there and whole. */
  readonly records: number;
  readonly seals: number;
  /** What is gone by policy, with nothing wrong about it; null where the chain is there from its first record on. */
  readonly removed: Pick<Removal, 'seq' | 'at' | 'before'> | null;
  /** Checkpoints that were kept and name records that are gone by policy: they can't be compared any more. */
  readonly checkpointsOfRemoved: number;
  /** False where another gateway server writes it and only that one's file of heads knows its end: records cut off there would not show here. */
  readonly isEndShown: boolean;
}
/** The first break where it is not `ok`. */
export type Verdict = { readonly ok: true; readonly records: number; readonly chains: readonly VerifiedChain[] } | Broken;

export interface VerifyDeps {
  readonly store: Pick<Store, 'chains' | 'sealedAfter'> & Marked & { readonly retention: Pick<Store['retention'], 'removals'> };
  readonly key: KeyObject;
  readonly headFile: string;
  /** Of the gateway server here, where several share the database: chains of the others need not end in its file of heads. */
  readonly own?: string | undefined;
  /** Where chains ended by checkpoints that were kept elsewhere (checkpoint.ts). */
  readonly kept?: readonly Position[];
  /** Records that were read so far. */
  readonly onProgress?: (records: number) => void;
  readonly signal?: AbortSignal;
}

/** Where there is no key nothing was ever recorded, or nobody can tell whether it is whole. */
export async function verifyWithoutKey(store: Pick<Store, 'chains'>): Promise<Verdict> {
  const [chain] = await store.chains();
  if (chain === undefined) return { ok: true, records: 0, chains: [] };
  return broken(chain, 1, 'key-missing', 'There are records, but the audit key is missing: put it back.');
}

const pageRecords = 1000;

export async function verifyAudit(deps: VerifyDeps): Promise<Verdict> {
  // The heads come first: a chain that grows meanwhile is ahead of them, never behind.
  const heads = readHeads(deps.headFile, deps.key);
  if (heads === 'damaged')
    return broken('', 0, 'head-damaged', `The file ${deps.headFile} is damaged, or the audit key is another one.`);
  // The key is made with the first chain, whose head is written at once.
  if (heads === undefined)
    return broken(
      '',
      0,
      'head-missing',
      `The file ${deps.headFile} is missing, though there is an audit key: records may be missing.`,
    );
  const kept = (deps.kept ?? []).map(({ chain }) => chain);
  const marked = (await deps.store.retention.removals()).map(({ chain }) => chain);
  const names = new Set([...heads.keys(), ...kept, ...marked, ...(await deps.store.chains())]);
  const chains: VerifiedChain[] = [];
  let records = 0;
  for (const name of [...names].toSorted()) {
    const found = await verifyFromBegin(name, heads.get(name), deps, (read) => deps.onProgress?.(records + read));
    if ('ok' in found) return found;
    chains.push(found);
    records += found.records;
  }
  return { ok: true, records, chains };
}

/** What a gateway server removes while it is read is no break: it is read again from where it begins then. */
async function verifyFromBegin(
  chain: string,
  head: Position | undefined,
  deps: VerifyDeps,
  onProgress: (records: number) => void,
): Promise<VerifiedChain | Broken> {
  for (;;) {
    const begin = await beginOf(deps.store, deps.key, chain);
    const found = await verifyChain(begin, head, deps, onProgress);
    if (!('ok' in found) || (await beginOf(deps.store, deps.key, chain)).seq <= begin.seq) return found;
  }
}

async function verifyChain(
  begin: Begin,
  head: Position | undefined,
  { store, key, headFile, own, signal, kept = [] }: VerifyDeps,
  onProgress: (records: number) => void,
): Promise<VerifiedChain | Broken> {
  const { chain, mark, isForged } = begin;
  let last: Position = begin;
  let sealed = begin.seq;
  let seals = 0;
  if (isForged)
    return broken(
      chain,
      1,
      'removal-forged',
      `That the chain begins after record ${mark?.seq} was not written with this audit key, or was altered.`,
    );
  const known = kept.filter((one) => one.chain === chain);
  const hashes = new Map(known.map(({ seq, hash }) => [seq, hash]));
  const two = known.find(({ seq, hash }) => hashes.get(seq) !== hash);
  if (two !== undefined)
    return broken(chain, two.seq, 'rewritten', `Two checkpoints name record ${two.seq}, and not the same one.`);
  if (head?.seq === 0 && head.hash !== start(chain).hash) return broken(chain, 1, 'rewritten', 'Its head is not its own.');
  for (const [named, hash] of [[head?.seq, head?.hash], ...hashes])
    if (named === begin.seq && begin.seq > 0 && hash !== begin.hash)
      return broken(
        chain,
        begin.seq,
        'rewritten',
        `Record ${begin.seq}, which was removed, was another one than is known of it.`,
      );
  const [first] = begin.seq === 0 ? [] : await store.sealedAfter(chain, 0, 1);
  if (first !== undefined && first.seq <= begin.seq)
    return broken(
      chain,
      first.seq,
      'removal-untrue',
      `Record ${first.seq} is there, though it is said that all up to ${begin.seq} were removed.`,
    );

  const texts: KeptTexts = new Map();
  for (let isLastPage = false; !isLastPage;) {
    const page: readonly SealedRecord[] = await store.sealedAfter(chain, last.seq, pageRecords, texts);
    // A short page ends at a commit, so at a seal; what is appended later belongs to the next verification.
    isLastPage = page.length < pageRecords;
    for (const record of page) {
      const fault = checkRecord(record, last);
      if (fault !== undefined) return fault;
      last = record;
      if (record.seal !== undefined) {
        const wrong = checkSeal({ chain, seq: record.seq, hash: record.hash, ...record.seal }, sealed, key);
        if (wrong !== undefined) return wrong;
        sealed = record.seq;
        seals += 1;
      }
      if ((hashes.get(record.seq) ?? record.hash) !== record.hash)
        return broken(
          chain,
          record.seq,
          'rewritten',
          `Record ${record.seq} is not the one that a checkpoint names: records were removed, and others written in their place.`,
        );
      if (head?.seq === record.seq && head.hash !== record.hash)
        return broken(
          chain,
          record.seq,
          'rewritten',
          `Record ${record.seq} is not the one that the head outside the database names.`,
        );
    }
    onProgress(last.seq - begin.seq);
    signal?.throwIfAborted();
    await setImmediate();
  }

  if (head !== undefined && head.seq > last.seq) {
    const words = `The last ${counted(head.seq - last.seq, 'record is', 'records are')} missing: the head outside the database names record ${head.seq}.`;
    return broken(chain, last.seq + 1, 'truncated', words);
  }
  const beyond = known.find(({ seq }) => seq > last.seq);
  if (beyond !== undefined)
    return broken(
      chain,
      last.seq + 1,
      'truncated',
      `Records after ${last.seq} are missing: a checkpoint that was kept names record ${beyond.seq}.`,
    );
  if (sealed !== last.seq)
    return broken(
      chain,
      sealed + 1,
      'seal-missing',
      `The records ${sealed + 1} to ${last.seq} have no seal: records or seals were removed.`,
    );
  if (head === undefined && (own === undefined || own === chain))
    return broken(
      chain,
      last.seq,
      'head-missing',
      `The file ${headFile} is missing or does not know this chain, so its end can't be shown.`,
    );
  return {
    chain,
    seq: last.seq,
    hash: last.hash,
    records: last.seq - begin.seq,
    seals,
    removed: mark === undefined ? null : { seq: mark.seq, at: mark.at, before: mark.before },
    checkpointsOfRemoved: known.filter(({ seq }) => seq < begin.seq).length,
    isEndShown: head !== undefined,
  };
}
