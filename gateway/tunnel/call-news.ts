// Tells each user's workstations that user's own calls, after their records were kept: what came since the last time, a few times a second at most.
// Rule: a call under way pays a map look-up and a push. What does not fit is left out from the oldest: the audit has it all.
import type { CallRecord } from '#contract/audit.ts';
import type { UserId } from '#contract/id.ts';
import { isWorthTelling, recentCallLimit, recentCallOf } from '#contract/recent-call.ts';
import type { RecentCall } from '#contract/recent-call.ts';
import type { Link } from './link.ts';

export interface CallNews {
  /** A call's record was kept. */
  recorded(record: CallRecord): void;
  close(): void;
}

const everyMs = 250;

export function createCallNews(deps: { readonly linksOf: (user: UserId) => readonly Link[] | undefined }): CallNews {
  const pending = new Map<UserId, CallRecord[]>();
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    timer = undefined;
    for (const [user, records] of pending) {
      const links = deps.linksOf(user) ?? [];
      // one that is slow holds back the news of its user for all of them: what it holds is one frame, and nothing is lost
      if (links.some((link) => link.isTellingCalls)) continue;
      pending.delete(user);
      const calls = callsOf(records);
      for (const link of links) link.tellCalls(calls);
    }
    if (pending.size > 0) timer ??= setTimeout(flush, everyMs).unref();
  };

  return {
    recorded(record) {
      const user = record.user?.id;
      if (user === undefined || !isWorthTelling(record)) return;
      const known = pending.get(user);
      if (known !== undefined) {
        known.push(record);
        if (known.length >= 4 * recentCallLimit) known.splice(0, known.length - recentCallLimit);
        return;
      }
      if (deps.linksOf(user)?.some((link) => link.tellsCalls) !== true) return;
      pending.set(user, [record]);
      timer ??= setTimeout(flush, everyMs).unref();
    },
    close() {
      clearTimeout(timer);
      pending.clear();
    },
  };
}

/** The newest first. */
export function callsOf(records: readonly CallRecord[]): RecentCall[] {
  return records.slice(-recentCallLimit).toReversed().map(recentCallOf);
}
