// The readers of event streams: each gets a comment now and then, so that nothing on the way takes the silence for the end, and so that one that is gone is
// noticed. The rule: who does not read, or may no more, is cut, at once where the policy or a token changed; nothing of a reader outlives its connection.
import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { createReview } from '../pipeline/review.ts';

const tickMs = 25_000;
const comment = ': keep-alive\n\n';

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
      // One that was told so by its own end leaves its connection to the next request.
      if (response.writableEnded) return false;
      logger.info({ code: error instanceof Error && 'code' in error ? error.code : undefined }, 'a listener may listen no more');
      response.destroy();
      return false;
    }
  }

  const review = createReview(
    () => [...readers].filter(([, { admit }]) => admit),
    async ([response, reader]) => readers.has(response) && (await isAdmitted(response, reader)),
  );

  return {
    review,
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
