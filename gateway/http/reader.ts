// The readers of event streams: each gets a comment now and then, so that nothing on the way takes the silence for the end, and so that one that is gone is
// noticed. The rule: who does not read, or may no more, is cut, at once where the policy or a token changed; nothing of a reader outlives its connection.
import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';

const tickMs = 25_000;
const comment = ': keep-alive\n\n';
/** Each may have to be looked up in the store, where calls wait too. */
const reviewedAtOnce = 64;

export interface Readers {
  /** Looks after a response until it closes. `admit` is asked at each tick, and throws or rejects where the reader may no more listen. */
  add(response: ServerResponse, admit?: () => unknown): void;
  /** Something changed: who may listen no more is cut now. */
  review(): void;
  /** How many there are now. */
  count(): number;
  /** Ends all that wait for what may never come. */
  close(): void;
}
interface Reader {
  readonly admit: (() => unknown) | undefined;
  /** Bytes written to the connection at the last tick. */
  written: number;
}

export function createReaders({ logger, everyMs = tickMs }: { logger: Logger; everyMs?: number }): Readers {
  const readers = new Map<ServerResponse, Reader>();
  let isDue = false;
  let reviewing: Promise<void> | undefined;
  const timer = setInterval(() => {
    for (const [response, reader] of readers) void tick(response, reader);
  }, everyMs).unref();

  async function tick(response: ServerResponse, reader: Reader): Promise<void> {
    const written = response.socket?.bytesWritten ?? 0;
    const isStuck = response.writableNeedDrain && written === reader.written;
    reader.written = written;
    if (isStuck) return void response.destroy();
    if (!(await isAdmitted(response, reader))) return;
    if (!response.writableEnded && !response.writableNeedDrain) response.write(comment);
  }

  /** Cuts it where it is not. */
  async function isAdmitted(response: ServerResponse, reader: Reader): Promise<boolean> {
    try {
      await reader.admit?.();
      return true;
    } catch (error) {
      logger.info({ code: error instanceof Error && 'code' in error ? error.code : undefined }, 'a listener may listen no more');
      response.destroy();
      return false;
    }
  }

  /** One review at a time: however often something changes meanwhile, one more sees all of it. */
  async function reviewAll(): Promise<void> {
    while (isDue) {
      isDue = false;
      const all = [...readers].filter(([, { admit }]) => admit);
      for (let at = 0; at < all.length; at += reviewedAtOnce) {
        const some = all.slice(at, at + reviewedAtOnce).filter(([response]) => readers.has(response));
        await Promise.all(some.map(([response, reader]) => isAdmitted(response, reader)));
      }
    }
  }

  return {
    review() {
      isDue = true;
      reviewing ??= reviewAll().finally(() => (reviewing = undefined));
    },
    add(response, admit) {
      readers.set(response, { admit, written: 0 });
      response.on('close', () => readers.delete(response));
    },
    count: () => readers.size,
    close() {
      clearInterval(timer);
      for (const [response, { admit }] of readers) if (admit) response.end();
    },
  };
}
