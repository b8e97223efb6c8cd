// Tells tunnels that have just come up the newest calls of their users.
// Rule: one look into the store serves all who wait, at a tick: after a restart ten thousand come within seconds, and a call that waited for its tunnel goes first.
import type { UserId } from '#contract/id.ts';
import { recentCallLimit } from '#contract/recent-call.ts';
import type { Store } from '../store/store.ts';
import { callsOf } from './call-news.ts';
import type { Link } from './link.ts';

export interface LookBack {
  /** A tunnel is up now. */
  joined(link: Link): void;
  tick(): void;
}

export function createLookBack(deps: {
  readonly store: Store;
  readonly isUp: (link: Link) => boolean;
  /** Waits for a look at the end, and says when it failed. */
  readonly watch: (look: Promise<void>) => void;
}): LookBack {
  let waiting = new Set<Link>();
  let isLooking = false;

  function look(): void {
    if (waiting.size === 0 || isLooking) return;
    const links = waiting;
    waiting = new Set();
    isLooking = true;
    deps.watch(tell(links).finally(() => (isLooking = false)));
  }

  async function tell(links: ReadonlySet<Link>): Promise<void> {
    const users = new Set<UserId>([...links].map((link) => link.presence.user));
    const newest = await deps.store.newestCalls([...users], recentCallLimit);
    for (const link of links) {
      const calls = newest.get(link.presence.user) ?? [];
      if (calls.length === 0 || !deps.isUp(link)) continue;
      // It would replace what is newer and still waits to be written.
      if (link.isTellingCalls) waiting.add(link);
      else link.tellCalls(callsOf(calls.toReversed()));
    }
  }

  return {
    joined(link) {
      if (link.tellsCalls) waiting.add(link);
    },
    tick: look,
  };
}
