// Decides when news are told: refused calls gathered for a moment, everything once.
// Rule: the same thing is not told again for a while, and refused calls of whatever name not more than once a minute: a host in a loop must not fill the screen.
import type { AgentCall, AgentState } from '#contract/agent.ts';
import { type News, newsBetween, refusedNews, refusedSince } from './news.ts';
import type { Notifications } from './notification.ts';

export interface Notifier {
  /** The newest state; what changed since the one before is told. */
  follow(state: AgentState): void;
  /** Idempotent. */
  close(): void;
}

const gatherMs = 1_500;
const refusedEveryMs = 60_000;
const quietMs = 10 * 60_000;
const rememberedKeys = 200;
const gatheredCalls = 200;

export function createNotifier(notifications: Notifications): Notifier {
  let before: AgentState | undefined;
  let refused: AgentCall[] = [];
  let timer: NodeJS.Timeout | undefined;
  let refusedToldAt = -refusedEveryMs;
  const toldAt = new Map<string, number>();

  /** Whether it was told. */
  const tell = (news: News): boolean => {
    const now = performance.now();
    if (now - (toldAt.get(news.key) ?? -quietMs) < quietMs) return false;
    toldAt.delete(news.key);
    toldAt.set(news.key, now);
    for (const key of toldAt.keys()) if (toldAt.size > rememberedKeys) toldAt.delete(key);
    notifications.show(news);
    return true;
  };
  const tellRefused = (): void => {
    timer = undefined;
    const news = refusedNews(refused);
    refused = [];
    if (news && tell(news)) refusedToldAt = performance.now();
  };

  return {
    follow(state) {
      for (const news of newsBetween(before, state, Date.now())) tell(news);
      refused = [...refusedSince(before, state), ...refused].slice(0, gatheredCalls);
      before = state;
      if (refused.length === 0 || timer) return;
      timer = setTimeout(tellRefused, Math.max(gatherMs, refusedToldAt + refusedEveryMs - performance.now()));
    },
    close() {
      clearTimeout(timer);
      notifications.close();
    },
  };
}
