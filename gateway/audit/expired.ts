// Which records at the beginning of a chain are over, and whether all of them are whole. The rule: they end with a group, because that is what is sealed; the time that
// counts is the one that was hashed.
import type { KeyObject } from 'node:crypto';
import type { Store } from '../store/store.ts';
import type { Position } from './chain.ts';
import { broken, type Broken, checkRecord, checkSeal } from './check.ts';
import type { Begin } from './removal.ts';

/** Read and checked at once: some milliseconds. */
const pageRecords = 500;

export interface Expired {
  /** The end of the last group of which all is over; where the chain begins, where none is. */
  readonly end: Position;
  /** What comes next is over too, and beyond `upTo`. */
  readonly isHeld: boolean;
}

export async function findExpired(of: {
  readonly store: Pick<Store, 'sealedAfter'>;
  readonly key: KeyObject;
  readonly begin: Begin;
  /** What was made before that is over, ms since 1970. A record of a time that is still to come was made by a clock that was wrong: it goes with those after it. */
  readonly before: number;
  readonly now: number;
  /** Nothing after that record goes. */
  readonly upTo: number;
  /** Between pages, with when the last one began (performance.now()). */
  readonly pause: (beganAt: number) => Promise<void>;
}): Promise<Expired | Broken> {
  const { store, key, begin, before, now, upTo, pause } = of;
  const { chain, isForged } = begin;
  if (isForged) return broken(chain, 1, 'removal-forged', 'Where the chain begins was not written with this audit key.');
  let end: Position = begin;
  let last: Position = begin;
  let sealed = begin.seq;
  let isDoubtful = false;
  for (;;) {
    const beganAt = performance.now();
    const page = await store.sealedAfter(chain, last.seq, pageRecords);
    for (const record of page) {
      const fault = checkRecord(record, last);
      if (fault !== undefined) return fault;
      if (record.at >= before && record.at <= now) return { end, isHeld: false };
      if (record.seq > upTo) return { end, isHeld: true };
      isDoubtful = record.at > now;
      last = record;
      if (record.seal === undefined) continue;
      const wrong = checkSeal({ chain, seq: record.seq, hash: record.hash, ...record.seal }, sealed, key);
      if (wrong !== undefined) return wrong;
      sealed = record.seq;
      if (!isDoubtful) end = record;
    }
    if (page.length < pageRecords) return { end, isHeld: false };
    await pause(beganAt);
  }
}
