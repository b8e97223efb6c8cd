// Shows notifications: refused calls gathered for a moment, everything once. A click opens the section it is about.
// Rule: the same thing is not told again for a while, however often it happens; a host in a loop must not fill the screen.
import { Notification } from 'electron';
import type { AgentCall, AgentState } from '#contract/agent.ts';
import type { Section } from '#contract/ipc.ts';
import { type News, newsBetween, refusedNews, refusedSince } from './news.ts';

export interface Notifier {
  /** The newest state; what changed since the one before is told. */
  follow(state: AgentState): void;
  /** Idempotent. */
  close(): void;
}

const gatherMs = 1_500;
const quietMs = 10 * 60_000;
const rememberedKeys = 200;

export function createNotifier(onClick: (section: Section) => void): Notifier {
  let before: AgentState | undefined;
  let refused: AgentCall[] = [];
  let timer: NodeJS.Timeout | undefined;
  const toldAt = new Map<string, number>();
  // A notification that is collected as garbage loses its click.
  const shown = new Set<Notification>();

  const show = (news: News | undefined): void => {
    if (!news || !Notification.isSupported()) return;
    const now = Date.now();
    if (now - (toldAt.get(news.key) ?? -quietMs) < quietMs) return;
    toldAt.delete(news.key);
    toldAt.set(news.key, now);
    for (const key of toldAt.keys()) if (toldAt.size > rememberedKeys) toldAt.delete(key);
    const notification = new Notification({ title: asText(news.title), body: asText(news.body) });
    shown.add(notification);
    notification.on('click', () => onClick(news.section));
    notification.on('close', () => shown.delete(notification));
    notification.show();
  };

  return {
    follow(state) {
      for (const news of newsBetween(before, state, Date.now())) show(news);
      refused.push(...refusedSince(before, state));
      before = state;
      if (refused.length === 0 || timer) return;
      timer = setTimeout(() => {
        timer = undefined;
        const gathered = refused;
        refused = [];
        show(refusedNews(gathered));
      }, gatherMs);
    },
    close() {
      clearTimeout(timer);
      for (const notification of shown) notification.close();
      shown.clear();
    },
  };
}

const longestWords = 300;
const lookAlikes: Readonly<Record<string, string>> = { '<': '‹', '>': '›', '&': '＆' };

/**
 * Many notification services of Linux read markup in the body (Desktop Notifications Specification, "Markup"), others show escapes as they are, and Electron passes
 * it on untouched. So what would be markup is written by letters that look like it: a host can name a tool as it likes.
 */
function asText(words: string): string {
  const text = words.replace(/[<>&]/g, (letter) => lookAlikes[letter] ?? '').replace(/\p{Cc}+/gu, ' ');
  return text.length <= longestWords ? text : `${text.slice(0, longestWords)} …`;
}
