// After a restore into an empty database the heads outside it speak of records that are lost or not yet known here. This makes them say what is there now.
// Only chains that end with a seal of this audit key are taken over; the old file is kept beside the new one.
import type { KeyObject } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { Fault } from '#contract/error.ts';
import type { Store } from '../store/store.ts';
import { start } from './chain.ts';
import type { Position } from './chain.ts';
import { readHeads, replaceHeads } from './head.ts';
import { endOf, type Marked } from './removal.ts';

interface AdoptDeps {
  readonly store: Pick<Store, 'chains' | 'chainHead'> & Marked;
  readonly key: KeyObject;
  readonly headFile: string;
  readonly now?: () => number;
}

/** Records that the heads knew and the restored database does not: both numbers are of the chain, and the last counts. */
export interface LostRecords {
  readonly chain: string;
  readonly first: number;
  readonly last: number;
}

/** Null where the heads are missing or damaged, so that nobody can know. Rejects with AUDIT_BROKEN, leaving the file as it is, where a chain does not end with a seal of this key. */
export async function adoptHeads({ store, key, headFile, now = Date.now }: AdoptDeps): Promise<readonly LostRecords[] | null> {
  const positions: Position[] = [];
  for (const chain of await store.chains()) {
    const end = await endOf(store, key, chain);
    if (end === undefined || end === 'unsealed')
      throw new Fault('AUDIT_BROKEN', {
        reason: `The restored chain "${chain}" has no seal of this audit key. Put the key of the old data directory back.`,
      });
    positions.push(end);
  }
  const before = readHeads(headFile, key);
  const ends = new Map(positions.map(({ chain, seq }) => [chain, seq]));
  // What was restored was never served: its chain begins now.
  if (positions.length === 0) positions.push(start('main'));
  if (existsSync(headFile)) renameSync(headFile, `${headFile}.before-${now()}`);
  replaceHeads(headFile, key, positions);
  if (before === undefined || before === 'damaged') return null;
  return [...before.values()].flatMap(({ chain, seq }) => {
    const end = ends.get(chain) ?? 0;
    return seq > end ? [{ chain, first: end + 1, last: seq }] : [];
  });
}
