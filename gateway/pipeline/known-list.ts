// The last good list that each caller got of each server and kind: shown while the server does not answer, and asked where one item's name has to be looked up.
// The rule: what one caller got is never shown to another, and what the policy hides now is hidden from an old list too: lists are kept unfiltered. What is cut
// while it is asked for is kept for nobody, whoever asked.
import { type ErrorCode, Fault } from '#contract/error.ts';
import type { AllowedListing } from '../call.ts';
import { endedBy } from '../mcp/ended-by.ts';
import type { Feature } from '../mcp/feature.ts';
import type { ListedItem, ListTerms, Trace, Upstream } from '../upstream/upstream.ts';
import { type Cut, isCut } from './cut.ts';

const bytesLimit = 64 * 1024 * 1024;
const listLimitBytes = 8 * 1024 * 1024;
const forgottenAfterMs = 24 * 3_600_000;
/** Names seldom change: one that is looked up needs no newer list. */
const recentMs = 60_000;

/** What may be over in a moment: until then the last list is worth more than none. Whoever was refused is shown nothing, then and from then on. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVER_EXITED',
  'SERVER_START_FAILED',
  'SERVER_BACKING_OFF',
  'SERVER_TIMEOUT',
  'SERVER_GARBAGE',
  'ANSWER_TOO_LARGE',
  'TUNNEL_LOST',
  'WORKSTATION_OFFLINE',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_FAILED',
  'UPSTREAM_SESSION_LOST',
  'UPSTREAM_BUSY',
  'BUSY',
  'SESSIONS_SPENT',
  'CANCELLED',
]);

export function isPassing(error: Fault): boolean {
  return passing.has(error.code);
}

export interface KnownLists {
  /** Asks the server, and keeps the answer. Rejects as the upstream does, and where it is cut as that says. */
  readonly ask: Upstream['list'];
  /** A list of the last minute, else the server's. */
  readonly recent: Upstream['list'];
  /** The last good list of the last day. */
  last(listing: AllowedListing, feature: Feature): readonly ListedItem[] | undefined;
  /** Whether any list so far had an item with parameters that headers mirror: where none had, no call has to be looked at for them. */
  readonly hasMirrored: boolean;
}

interface Kept {
  readonly items: readonly ListedItem[];
  readonly at: number;
  readonly bytes: number;
}

export function createKnownLists(
  upstream: Pick<Upstream, 'list'>,
  cut: Pick<Cut, 'during'>,
  now: () => number = () => performance.now(),
): KnownLists {
  /** The one used last stands last. */
  const lists = new Map<string, Kept>();
  let bytes = 0;
  let hasMirrored = false;

  function forget(key: string): void {
    bytes -= lists.get(key)?.bytes ?? 0;
    lists.delete(key);
  }

  function keep(key: string, items: readonly ListedItem[]): void {
    forget(key);
    const size = items.reduce((sum, { json, name }) => sum + json.length + 2 * name.length + 200, 200);
    if (size > listLimitBytes) return;
    // The bytes of an item are a view of the whole answer, which must not live on with it.
    const own = items.map((item) => ({ ...item, json: Buffer.from(item.json) }));
    hasMirrored ||= own.some(({ json }) => json.includes('x-mcp-header'));
    lists.set(key, { items: own, at: now(), bytes: size });
    bytes += size;
    for (const oldest of lists.keys()) {
      if (bytes <= bytesLimit) break;
      forget(oldest);
    }
  }

  function find(key: string, withinMs: number): readonly ListedItem[] | undefined {
    const kept = lists.get(key);
    if (kept === undefined || now() - kept.at > withinMs) return undefined;
    lists.delete(key);
    lists.set(key, kept);
    return kept.items;
  }

  async function ask(listing: AllowedListing, feature: Feature, trace: Trace, signal: AbortSignal, terms?: ListTerms) {
    const key = keyOfList(listing, feature);
    const { id, slug: name } = listing.assignment.server;
    const toward = { server: { id, name }, trace };
    try {
      const items = await endedBy(signal, (closed) =>
        cut.during(listing, toward, closed, () => upstream.list(listing, feature, trace, closed.signal, terms)),
      );
      keep(key, items);
      return items;
    } catch (error) {
      if (error instanceof Fault && !isPassing(error) && !isCut(error)) forget(key);
      throw error;
    }
  }

  return {
    get hasMirrored() {
      return hasMirrored;
    },
    ask,
    async recent(listing, feature, trace, signal, terms) {
      const found = find(keyOfList(listing, feature), recentMs);
      const isLooked = !listing.assignment.pins || found?.every(({ definition }) => definition !== undefined);
      return found && isLooked ? found : await ask(listing, feature, trace, signal, terms);
    },
    last: (listing, feature) => find(keyOfList(listing, feature), forgottenAfterMs),
  };
}

/** The same for what the same caller got of the same kind of the same server. */
export function keyOfList({ caller, assignment }: AllowedListing, { kind }: Feature): string {
  const { gateway, server } = assignment;
  return [caller.user.id, caller.host, caller.workstation ?? '', gateway.slug, server.id, kind].join('\n');
}
