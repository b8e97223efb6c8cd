// Notifications in the operating system: shows what notifier.ts decided to tell, as text. A click opens the section it is about.
// Rule: what a host or a server sent is never markup.
import { Notification } from 'electron';
import type { Section } from '#contract/ipc.ts';
import type { News } from './news.ts';

export interface Notifications {
  /** Nothing happens where the desktop shows none. */
  show(news: News): void;
  /** Takes them away. Idempotent. */
  close(): void;
}

/** So many keep their click; a desktop that never says that one was closed must not fill our memory. */
const keptAtMost = 50;

export function openNotifications(onClick: (section: Section) => void): Notifications {
  // One that is collected as garbage loses its click.
  const shown = new Set<Notification>();
  return {
    show(news) {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title: asText(news.title), body: asText(news.body) });
      const [oldest] = shown;
      if (oldest && shown.size >= keptAtMost) shown.delete(oldest);
      shown.add(notification);
      notification.on('click', () => onClick(news.section));
      notification.on('close', () => shown.delete(notification));
      notification.show();
    },
    close() {
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
