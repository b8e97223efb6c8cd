// Where a chain begins and ends once records at its beginning were removed: a mark under the audit key stands for them, as the next link of the chain.
// The rule: a mark that was not made with the key stands for nothing.
import { type KeyObject, createHmac } from 'node:crypto';
import type { Removal } from '../store/retention.ts';
import type { Store } from '../store/store.ts';
import { isEqual, isGenuine, type Position, start } from './chain.ts';

/** The mark that the records of a chain up to a position are gone. */
export function makeRemoval(key: KeyObject, of: Omit<Removal, 'mac'>): Removal {
  const { chain, seq, hash, at, before } = of;
  return { chain, seq, hash, at, before, mac: macOf(key, of) };
}

function isGenuineRemoval(key: KeyObject, mark: Removal): boolean {
  return isEqual(macOf(key, mark), mark.mac);
}

export type Marked = { readonly retention: Pick<Store['retention'], 'removal'> };

/** After which record a chain begins. */
export interface Begin extends Position {
  readonly mark: Removal | undefined;
  /** There is a mark that was not made with the key: the chain has to begin with its first record. */
  readonly isForged: boolean;
}

export async function beginOf(store: Marked, key: KeyObject, chain: string): Promise<Begin> {
  const mark = await store.retention.removal(chain);
  if (mark === undefined) return { ...start(chain), mark, isForged: false };
  if (!isGenuineRemoval(key, mark)) return { ...start(chain), mark, isForged: true };
  return { chain, seq: mark.seq, hash: mark.hash, mark, isForged: false };
}

/** Where it ends, by its last seal or, where all of it was removed, by the mark. `unsealed` where neither is of this key; undefined where there is no such chain. */
export async function endOf(
  store: Marked & Pick<Store, 'chainHead'>,
  key: KeyObject,
  chain: string,
): Promise<Position | 'unsealed' | undefined> {
  const end = await store.chainHead(chain);
  if (end === undefined) {
    const { mark, isForged, seq, hash } = await beginOf(store, key, chain);
    if (isForged) return 'unsealed';
    return mark === undefined ? undefined : { chain, seq, hash };
  }
  const { record, seal } = end;
  if (seal.seq !== record.seq || seal.hash !== record.hash || !isGenuine(key, seal)) return 'unsealed';
  return { chain, seq: record.seq, hash: record.hash };
}

function macOf(key: KeyObject, { chain, seq, hash, at, before }: Omit<Removal, 'mac'>): string {
  return createHmac('sha256', key).update(`removal|${chain}|${seq}|${hash}|${at}|${before}`).digest('hex');
}
