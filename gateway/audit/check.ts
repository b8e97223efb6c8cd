// What a record and a seal are compared with, one after the other from where their chain begins (pure). The rule: what can't be shown to be whole is broken.
import type { KeyObject } from 'node:crypto';
import type { ChainedRecord, Seal } from '../store/store.ts';
import { isGenuine, type Position } from './chain.ts';
import { link } from './link.ts';

export type Break =
  /** A record's text, number, time or place is not what was hashed. */
  | 'altered'
  | 'missing'
  | 'truncated'
  | 'seal-missing'
  | 'seal-forged'
  /** Where the chain is said to begin now was not said with the key, or is not where it begins. */
  | 'removal-forged'
  | 'removal-untrue'
  /** The chain was written anew: it does not hold what the head says. */
  | 'rewritten'
  | 'head-missing'
  | 'key-missing'
  | 'head-damaged';

/** `seq`: the first record that can't be trusted. */
export interface Broken {
  readonly ok: false;
  readonly chain: string;
  readonly seq: number;
  readonly what: Break;
  readonly words: string;
}

export function broken(chain: string, seq: number, what: Break, words: string): Broken {
  return { ok: false, chain, seq, what, words };
}

export function checkRecord(record: ChainedRecord, last: Position): Broken | undefined {
  const expected = last.seq + 1;
  if (record.seq !== expected)
    return broken(record.chain, expected, 'missing', `Record ${expected} is missing: after ${last.seq} comes ${record.seq}.`);
  if (link(last.hash, record.body) !== record.hash || atOf(record.body) !== record.at)
    return broken(record.chain, record.seq, 'altered', `Record ${record.seq} was altered or put in another's place.`);
  return undefined;
}

/** `sealed`: the last record of the group before. */
export function checkSeal(seal: Seal, sealed: number, key: KeyObject): Broken | undefined {
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
