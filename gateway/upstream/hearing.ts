// What a host says of itself in the middle of a conversation, to each server that the conversation opened. Those that several share hear none of it.
import type { HostNews, Identified, LogLevel } from '../call.ts';

interface Hearing {
  setLogLevel(level: LogLevel): void;
  rootsChanged(): void;
}

/** `sessions`: by a key that begins with the conversation. */
export function tell(
  sessions: ReadonlyMap<string, { readonly session: Hearing | undefined }>,
  conversation: Identified['conversation'],
  news: HostNews,
): void {
  for (const [key, { session }] of sessions) {
    if (session === undefined || !key.startsWith(`${conversation}\n`)) continue;
    if (news.kind === 'log-level') session.setLogLevel(news.level);
    else session.rootsChanged();
  }
}
