// Reads every record of every chain again and tells whether all of it is as it was written: the hashes, the seals over them, and the heads outside the database.
// The one rule: what can't be shown to be whole is reported as broken.
import type { KeyObject } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ChainedRecord, Seal, SealedRecord, Store } from '../store/store.ts';
import { isGenuine, link, start } from './chain.ts';
import type { Position } from './chain.ts';
import { readHeads } from './head.ts';

export type Break =
  /** A record's text, number, time or place is not what was hashed. */
  | 'altered'
  | 'missing'
  | 'truncated'
  | 'seal-missing'
  | 'seal-forged'
  /** The chain was written anew: it does not hold what the head says. */
  | 'rewritten'
  | 'head-missing'
  | 'key-missing'
  | 'head-damaged';

export interface VerifiedChain extends Position {
  readonly seals: number;
}
export type Verdict =
  | { readonly ok: true; readonly records: number; readonly chains: readonly VerifiedChain[] }
  /** The first break: `seq` is the first record that can't be trusted. */
  | { readonly ok: false; readonly chain: string; readonly seq: number; readonly what: Break; readonly words: string };

export interface VerifyDeps {
  readonly store: Pick<Store, 'chains' | 'sealedAfter'>;
  readonly key: KeyObject;
  readonly headFile: string;
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

type Broken = Extract<Verdict, { ok: false }>;

const pageRecords = 2000;

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
  const names = new Set([...(heads?.keys() ?? []), ...kept, ...(await deps.store.chains())]);
  const chains: VerifiedChain[] = [];
  let records = 0;
  for (const name of [...names].toSorted()) {
    const found = await verifyChain(name, heads?.get(name), deps, (read) => deps.onProgress?.(records + read));
    if ('ok' in found) return found;
    chains.push(found);
    records += found.seq;
  }
  return { ok: true, records, chains };
}

async function verifyChain(
  chain: string,
  head: Position | undefined,
  { store, key, headFile, signal, kept = [] }: VerifyDeps,
  onProgress: (records: number) => void,
): Promise<VerifiedChain | Broken> {
  let last: Position = start(chain);
  let sealed = 0;
  let seals = 0;
  const known = kept.filter((one) => one.chain === chain);
  const hashes = new Map(known.map(({ seq, hash }) => [seq, hash]));
  const two = known.find(({ seq, hash }) => hashes.get(seq) !== hash);
  if (two !== undefined)
    return broken(chain, two.seq, 'rewritten', `Two checkpoints name record ${two.seq}, and not the same one.`);
  if (head?.seq === 0 && head.hash !== last.hash) return broken(chain, 1, 'rewritten', 'Its head is not its own.');

  for (let isLastPage = false; !isLastPage;) {
    const page: readonly SealedRecord[] = await store.sealedAfter(chain, last.seq, pageRecords);
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
    onProgress(last.seq);
    signal?.throwIfAborted();
    await setImmediate();
  }

  if (head !== undefined && head.seq > last.seq) {
    const words = `The last ${head.seq - last.seq} records are missing: the head outside the database names record ${head.seq}.`;
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
  if (head === undefined)
    return broken(
      chain,
      last.seq,
      'head-missing',
      `The file ${headFile} is missing or does not know this chain, so its end can't be shown.`,
    );
  return { chain, seq: last.seq, hash: last.hash, seals };
}

function checkRecord(record: ChainedRecord, last: Position): Broken | undefined {
  const expected = last.seq + 1;
  if (record.seq !== expected)
    return broken(record.chain, expected, 'missing', `Record ${expected} is missing: after ${last.seq} comes ${record.seq}.`);
  if (link(last.hash, record.body) !== record.hash || atOf(record.body) !== record.at)
    return broken(record.chain, record.seq, 'altered', `Record ${record.seq} was altered or put in another's place.`);
  return undefined;
}

function checkSeal(seal: Seal, sealed: number, key: KeyObject): Broken | undefined {
  if (!isGenuine(key, seal))
    return broken(
      seal.chain,
      sealed + 1,
      'seal-forged',
      `The seal over the records ${sealed + 1} to ${seal.seq} was not made with this audit key.`,
    );
  if (seal.after !== sealed)
    return broken(seal.chain, sealed + 1, 'seal-missing', `The seal over the records ${sealed + 1} to ${seal.after} is missing.`);
  return undefined;
}

/** How every record begins. Read so, a record costs its hash and little more. */
const beginning = /^\{"version":1,"kind":"[a-z]+","id":"[0-9a-f-]{36}","at":(\d{1,16}),/;

/** The time in the text, which the hash covers; the column beside it is only for finding records. */
function atOf(body: string): unknown {
  const found = beginning.exec(body)?.[1];
  if (found !== undefined) return Number(found);
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'at' in value ? value.at : undefined;
  } catch {
    return undefined;
  }
}

function broken(chain: string, seq: number, what: Break, words: string): Broken {
  return { ok: false, chain, seq, what, words };
}
