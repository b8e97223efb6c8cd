// What a sink's far end is to the pump that sends to it: one file beside this for each kind. An implementer promises: `delivered` is said only of what the far end
// has, as far as its protocol can tell; records are sent in the order given; the same records may come again, and whoever reads them knows them by their ids.
import type { Item } from './item.ts';

/** What came of one batch. Words are for an administrator; what the far end said itself is cut short in them. */
export type Outcome =
  | {
      readonly kind: 'delivered';
      /** Records of it that the far end took and then said that it dropped. */
      readonly rejected?: { readonly count: number; readonly reason: string };
      /** What it answered, for who tests it. */
      readonly answer?: string;
    }
  /** It does not take this batch as it is, and would not later. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It does not take any now: unreachable, busy, or set up in another way. `afterMs`: when it wants to be asked again. */
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs?: number };

export interface Receiver {
  /** The largest batch: records, and bytes of their texts. */
  readonly batch: { readonly records: number; readonly bytes: number };
  /** What was delivered within this time before a failure is sent again: a far end that dies may lose what it had only in memory. */
  readonly rewindMs: number;
  /** At least one record. Never rejects. */
  deliver(items: readonly Item[], signal: AbortSignal): Promise<Outcome>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Who sends, for far ends that want to know. */
export interface Source {
  readonly organization: string;
  /** The host name by which the gateway server is known. */
  readonly host: string;
  readonly now: () => number;
}

/** Text of a far end, fit to be shown in a line. */
export function inWords(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
