// What calls run on: 16 HTTP connections, or one pair of pipes. The loop that drives it is the same for both.
// A wire carries bytes and says whose answer came; it judges nothing.
import type { Answer, Era, Template } from './echo.ts';

export interface Reply extends Answer {
  readonly caller: number | undefined;
  /** The start of an answer that is not right, for the report. */
  readonly excerpt: string | undefined;
  /** It says no instead of answering wrongly: the target can't do this. */
  readonly isRefused: boolean;
}

export interface Wire {
  readonly era: Era;
  /** Makes room for this many callers, each with its own copy of the template; calls nothing. */
  prepare(callers: number, template: Template): Promise<void>;
  /** Sends caller's next call. Never twice before the answer. */
  send(caller: number, id: number): void;
  /** What was sent since the last flush leaves now. */
  flush(): void;
  /** Answers that came in one read of one pipe or socket. */
  onReplies: (replies: readonly Reply[]) => void;
  onBroken: (reason: string) => void;
  close(): Promise<void>;
}

/** A JSON-RPC error, or what a server says instead of JSON. */
export function isRefusal(answer: string): boolean {
  return /^\s*(?:[^\s{]|\{(?:"jsonrpc":"2.0",|"id":[^,]*,)*"error":)/.test(answer);
}

/** The first characters of a wrong answer. */
export function excerptOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, 300);
}
