// Searching the records as the command line and the admin API do it: a page, where the next one begins, and how many records are not in the index yet.
// The rule: whoever asks is told what could be missing.
import { Fault } from '#contract/error.ts';
import { pauses } from '../slice.ts';
import type { RecordFilter } from '../store/search.ts';
import type { Store } from '../store/store.ts';
import { parseDuration } from './duration.ts';
import { makeCursor, readCursor } from './page.ts';
import { parseRecord, type Tailed } from './tail.ts';

type Searched = { readonly search: Store['search'] };

export interface FoundPage {
  /** Newest first. */
  readonly items: readonly Tailed[];
  /** Null at the end. */
  readonly next: string | null;
  /** Records that are not in the index yet, so that they are not found. */
  readonly behind: number;
}

/** Throws INPUT_INVALID for a cursor that is none. */
export async function searchRecords(
  { search }: Searched,
  filter: RecordFilter,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<FoundPage> {
  const before = cursor === undefined ? undefined : numberOf(cursor);
  // One more, to know whether there is a next page.
  const found = await search.find(filter, { before, limit: limit + 1 });
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next = last !== undefined && found.length > limit ? makeCursor(String(last.number)) : null;
  return { items: shown.map(parseRecord), next, behind: await search.behind() };
}

const batch = 500;

/** Brings the index up to date for that long at most, for whoever looks while no gateway server runs. */
export async function catchUp({ search }: Searched, withinMs: number, signal?: AbortSignal): Promise<void> {
  const until = performance.now() + withinMs;
  const pause = pauses();
  while (performance.now() < until && (await search.index(batch)) > 0) {
    signal?.throwIfAborted();
    await pause();
  }
}

/** A moment as people write it: a date, a date and time, or how long ago. Throws SETTING_INVALID naming `setting`. */
export function parseMoment(text: string, setting: string, now: number): number {
  if (/^\d+[smhd]$/.test(text)) return now - parseDuration(text, setting);
  const [day] = /^\d{4}-\d\d-\d\d/.exec(text) ?? [];
  const at = day === undefined || !isDay(day) ? NaN : Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw new Fault('SETTING_INVALID', { setting, reason: 'write 24h or 7d (ago), 2026-11-26, or 2026-11-26T08:00:00Z.' });
}

/** `Date.parse` takes 30 February for 2 March. */
function isDay(day: string): boolean {
  const at = Date.parse(day);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

function numberOf(cursor: string): number {
  const number = readCursor(cursor);
  if (/^\d{1,15}$/.test(number)) return Number(number);
  throw new Fault('INPUT_INVALID', { reason: 'query.cursor is none that a search here gave as "next".' });
}
