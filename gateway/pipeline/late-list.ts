// Lists of many servers at once, each of which may be late: how long a host waits for each of them, and what becomes of those that come after it was answered.
//   a list is known            500 ms, then it is shown as it last was
//   none is                    1 s where the host hears that lists change, else 3 s (a server may have to be fetched and started)
//   it did not answer lately   50 ms, so that what is at hand is shown as it is
// The rule: nobody is waited for while there is nothing else to show, but within 8 s and within the server's own time, and no asking is given up because its host was
// answered: what it brings is in the next list, and the host is told. An asking has 30 s, or the server's own time where that is more: one that takes long to start
// would else never be in a list.
import { setTimeout as after } from 'node:timers/promises';
import { Fault } from '#contract/error.ts';
import type { AllowedListing, Identified, ListKind } from '../call.ts';
import type { Feature } from '../mcp/feature.ts';
import { timedOut } from '../upstream/session.ts';
import type { ListedItem, Trace } from '../upstream/upstream.ts';
import { type Asking, Askings } from './asking.ts';
import { isCut } from './cut.ts';
import { isPassing, type KnownLists, keyOfList } from './known-list.ts';
import { listWithinMs, type Mute, muteWithinMs } from './mute.ts';
import type { News } from './news.ts';

const knownWithinMs = 500;
const hearingWithinMs = 1000;
const unheardWithinMs = 3000;
const silentWithinMs = 50;
/** A list that is never the same twice would be asked for without end. */
const tellAgainMs = 60_000;
const rememberAtMost = 10_000;
/** One that does not answer is asked anew beside what it still owes, which may be for minutes. */
const askAgainMs = 2000;
const owedAtMost = 4;
/** As a workstation's server has to start. */
const comesWithinMs = 30_000;

type Items = readonly ListedItem[];
export interface LateLists {
  /** Asks for one host's list of many. */
  begin(feature: Feature, ask: KnownLists['ask']): LateList;
  /** A conversation is over: what is owed to it is asked for no more. */
  release(conversation: Identified['conversation']): void;
  close(): void;
}
export interface LateList {
  /** The server's list. Rejects as the server does, and with SERVER_TIMEOUT where it is late. */
  of(listing: AllowedListing, trace: Trace, signal: AbortSignal): Promise<Items>;
  /** The host is answered: it is told of what comes from now on. */
  end(): void;
}
interface LateDeps {
  readonly lists: KnownLists;
  readonly mute: Mute;
  readonly news: Pick<News, 'hears' | 'came'>;
  /** How long a host that does not hear waits for a server of which no list is known. */
  readonly firstWithinMs?: number;
}

export function createLateLists({ lists, mute, news, firstWithinMs = unheardWithinMs }: LateDeps): LateLists {
  const askings = new Askings();
  /** Those whose hosts were told that another list came, and when. */
  const toldAt = new Map<string, number>();
  /** Those whose list is too large to be kept: they are waited for, because nothing else could be shown of them. */
  const unkept = new Set<string>();

  /** What becomes of an asking says how its server is, unless it was ended from here. */
  async function note({ caller, assignment }: AllowedListing, { items }: Asking): Promise<void> {
    try {
      await items;
      mute.delete(caller, assignment);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === 'CANCELLED' || isCut(error)) return;
      if (error.code === 'SERVER_TIMEOUT') mute.add(caller, assignment);
      else mute.delete(caller, assignment);
    }
  }

  return {
    begin(feature, ask) {
      const { promise: answered, resolve: end } = Promise.withResolvers<void>();
      const { promise: somethingShown, resolve: show } = Promise.withResolvers<void>();

      /** Resolves when the host is to be answered without the server. */
      async function late(listing: AllowedListing, key: string, isMute: boolean, isKnown: boolean, signal: AbortSignal) {
        const { timeoutMs } = listing.assignment;
        const wait = (ms: number) => after(Math.min(ms, timeoutMs), undefined, { ref: false, signal });
        if (unkept.has(key) && !isMute) return await wait(listWithinMs);
        if (isKnown) return await wait(isMute ? silentWithinMs : knownWithinMs);
        const enough = async () => {
          await wait(isMute ? silentWithinMs : hearingWithinMs);
          if (!isMute && !news.hears(listing, listKindOf(feature))) await wait(firstWithinMs - hearingWithinMs);
          await somethingShown;
        };
        await Promise.race([enough(), wait(isMute ? muteWithinMs : listWithinMs)]);
      }

      /** Its list comes, or does not, after its host was answered. */
      async function settleLate(
        listing: AllowedListing,
        key: string,
        { items }: Asking,
        shown: Items | undefined,
      ): Promise<void> {
        try {
          const came = await items;
          await answered;
          if (isWorthTelling(listing, key, came, shown)) news.came(listing, listKindOf(feature));
        } catch (error) {
          // Whoever hears of a switch hears that their lists changed by it.
          if (!shown || !(error instanceof Fault) || isPassing(error) || isCut(error)) return;
          // What was shown is withdrawn.
          await answered;
          news.came(listing, listKindOf(feature));
        }
      }

      function isWorthTelling(listing: AllowedListing, key: string, came: Items, shown: Items | undefined): boolean {
        if (!lists.last(listing, feature)) {
          if (unkept.size >= rememberAtMost) unkept.clear();
          unkept.add(key);
          return false;
        }
        unkept.delete(key);
        if (!shown) return true;
        const now = performance.now();
        if (areSame(came, shown) || now < (toldAt.get(key) ?? -Infinity) + tellAgainMs) return false;
        if (toldAt.size >= rememberAtMost) toldAt.clear();
        toldAt.set(key, now);
        return true;
      }

      return {
        end,
        async of(listing, trace, signal) {
          const { caller, assignment, conversation, audience } = listing;
          const terms = { withinMs: Math.max(assignment.timeoutMs, comesWithinMs) };
          const last = lists.last(listing, feature);
          const isMute = mute.has(caller, assignment);
          // Hosts of one person on two workstations may be in one conversation, and what one caller got is shown to no other.
          const list = keyOfList(listing, feature);
          const key = [list, conversation].join('\n');
          const owed = askings.find(conversation, list);
          // It may answer all else, and so not be mute.
          const isFull = owed.filter(({ isOwed }) => isOwed).length >= owedAtMost;
          const former = isMute || isFull ? owed.at(-1) : undefined;
          const beganAt = performance.now();
          const isJoined = former && (beganAt < former.beganAt + askAgainMs || owed.length >= owedAtMost);
          const one = isJoined
            ? former
            : askings.begin(conversation, list, (given) => ask(listing, feature, trace, given, terms));
          if (!isJoined) void note(listing, one);
          const over = new AbortController();
          const { promise: cancelled, reject: cancel } = Promise.withResolvers<never>();
          const onAbort = () => cancel(new Fault('CANCELLED'));
          one.join();
          signal.addEventListener('abort', onAbort, { once: true });
          if (signal.aborted) onAbort();
          try {
            const isLate = late(listing, key, isMute, last !== undefined, over.signal).then(() => undefined);
            // What is waited for no more.
            isLate.catch(() => undefined);
            const items = await Promise.race([cancelled, one.items, isLate]);
            if (items) {
              show();
              return items;
            }
            if (one.owe()) void settleLate(listing, key, one, last);
          } finally {
            over.abort();
            signal.removeEventListener('abort', onAbort);
            // What is owed to nobody any more.
            if (audience?.conversation?.isOver === true) one.release();
            one.leave();
            if (last) show();
          }
          mute.add(caller, assignment);
          throw timedOut(assignment.server.slug, Math.round(performance.now() - beganAt), 0);
        },
      };
    },
    release: (conversation) => askings.release(conversation),
    close: () => askings.close(),
  };
}

function listKindOf({ kind }: Feature): ListKind {
  return kind === 'templates' ? 'resources' : kind;
}

function areSame(some: Items, others: Items): boolean {
  return some.length === others.length && some.every(({ json }, at) => others[at]?.json.equals(json) === true);
}
