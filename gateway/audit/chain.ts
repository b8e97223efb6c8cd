// How records hang together (pure): hash_i = SHA-256(hash_{i-1} | body_i), and over the last of each group a seal, an HMAC under a key that is not in the database.
// Who has the database can recompute the hashes but no seal.
import { type KeyObject, createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { SealedPayload } from '#contract/payload.ts';
import type { Apart } from '../store/apart.ts';
import type { NewRecord, Seal } from '../store/store.ts';
import { link as linkOf, type Link } from './link.ts';

/** Where a chain ends: the last record's number and hash; number 0 before the first. */
export interface Position {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** A record as text, not yet in the chain. Verifying reads the stored text, so nobody has to be able to write the same text again. */
export interface Entry<Body extends string | Apart = string | Apart> {
  readonly at: number;
  readonly body: Body;
  /** What was captured of its call; and the record as text where the data key of that is gone. */
  readonly kept?: { readonly payloads: readonly SealedPayload[]; readonly orElse: string };
}

/** A chain's name is part of what is sealed, so it must not be able to look like the rest of it. */
export const chainName: RegExp = /^[a-z0-9-]{1,64}$/;

export function start(chain: string): Position {
  return { chain, seq: 0, hash: hash('sha256', `drawbridge audit 1|${chain}`) };
}

/** The entries as the next records of a chain, and the seal over the last of them. At least one entry. */
export function extend<Body extends string | Apart>(
  key: KeyObject,
  from: Position,
  entries: readonly Entry<Body>[],
  link: Link = linkOf,
): { records: readonly (NewRecord & { readonly body: Body })[]; seal: Seal } {
  const { chain } = from;
  let { seq, hash } = from;
  const records = entries.map(({ at, body }) => {
    seq += 1;
    hash = link(hash, body);
    return { chain, seq, at, body, hash };
  });
  const unsigned = { chain, after: from.seq, seq, hash };
  return { records, seal: { ...unsigned, mac: macOf(key, unsigned) } };
}

export function isGenuine(key: KeyObject, seal: Seal): boolean {
  return isEqual(macOf(key, seal), seal.mac);
}

function macOf(key: KeyObject, { chain, after, seq, hash }: Omit<Seal, 'mac'>): string {
  return createHmac('sha256', key).update(`seal|${chain}|${after}|${seq}|${hash}`).digest('hex');
}

/** Compares two texts in constant time. */
export function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
