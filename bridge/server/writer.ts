// Messages into a child's stdin: all of one turn of the event loop in one system call, and back-pressure by a promise.
import type { Writable } from 'node:stream';

export interface Writer {
  /** Writes part of a message; `last` ends its line. Resolves at once while the pipe takes it, otherwise when it has room again. */
  write(chunk: Buffer, last: boolean): Promise<void>;
  /** No more writes: whoever waits is rejected. */
  stop(reason: Error): void;
}

const lineEnd = Buffer.from('\n');
const done = Promise.resolve();

export function createWriter(stdin: Writable): Writer {
  let isCorked = false;
  let stopped: Error | undefined;
  let room: PromiseWithResolvers<void> | undefined;
  stdin.on('drain', () => {
    room?.resolve();
    room = undefined;
  });

  function uncork(): void {
    isCorked = false;
    stdin.uncork();
  }

  return {
    write(chunk, last) {
      if (stopped !== undefined) return Promise.reject(stopped);
      if (!isCorked) {
        isCorked = true;
        stdin.cork();
        process.nextTick(uncork);
      }
      let fits = stdin.write(oneLine(chunk));
      if (last) fits = stdin.write(lineEnd);
      if (fits) return done;
      room ??= Promise.withResolvers();
      return room.promise;
    },
    stop(reason) {
      stopped ??= reason;
      // Nobody has to be waiting: a rejection that nobody sees is not an error here.
      room?.promise.catch(() => undefined);
      room?.reject(reason);
      room = undefined;
    },
  };
}

/** In JSON a raw line end is only white space; on stdio it would cut the message in two. */
function oneLine(chunk: Buffer): Buffer {
  if (!chunk.includes(10) && !chunk.includes(13)) return chunk;
  return Buffer.from(chunk.map((byte) => (byte === 10 || byte === 13 ? 0x20 : byte)));
}
