// A child's output cut into lines, by bytes: at most one unfinished line is held, and a line over the limit is read away in constant memory.
// Listeners instead of an async iterator: the iterator costs a third of the throughput of one small message at a time.
import type { Readable } from 'node:stream';
import { headOf, lastBytes, type Remnant, remnantOf, withTail } from '#contract/remnant.ts';

const newline = 10;
const carriageReturn = 13;
const slabBytes = 64 * 1024;
const largePieceBytes = 4 * 1024;
const nothing = Buffer.alloc(0);

export interface LineEvents {
  /** A line without its end; empty ones are left out. Reading goes on when a returned promise resolves. */
  line(line: Buffer): void | Promise<void>;
  /** A line went over the limit; called once for it, at once: without a tail where its end is still to come. */
  oversize(remnant: Remnant): void;
  /** The end of such a line was read away. */
  oversizeEnd?(remnant: Remnant): void;
}

/** Reads until the stream ends or breaks. Rejects only with what `on` throws. */
export function readLines(stream: Readable, limitBytes: number, on: LineEvents): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const held = createHold();
  const waiting: Buffer[] = [];
  /** The line that is being read away: what it began with, and its last bytes so far. */
  let skipping: { readonly begun: Remnant; last: Buffer } | undefined;
  let isBusy = false;
  let hasEnded = false;

  stream.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    if (isBusy) stream.pause();
    else proceed();
  });
  stream.once('end', () => {
    hasEnded = true;
    if (!isBusy) resolve();
  });
  // A stream that is destroyed has no end; one that ended closes while its last lines may still be waiting.
  stream.once('close', () => {
    if (!hasEnded) resolve();
  });

  function proceed(): void {
    try {
      for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) if (!consume(chunk)) return;
      if (hasEnded) resolve();
      else if (stream.isPaused()) stream.resume();
    } catch (thrown) {
      reject(thrown);
    }
  }

  /** False where a line's promise is pending: what is left of the chunk is the next one. */
  function consume(chunk: Buffer): boolean {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(newline, start);
      const size = (end === -1 ? chunk.length : end) - start;
      const piece = start === 0 && end === -1 ? chunk : chunk.subarray(start, end === -1 ? undefined : end);
      const isTooLong = skipping !== undefined || held.bytes() + size > limitBytes;
      if (isTooLong) skip(piece, end !== -1);
      if (end === -1) {
        if (!isTooLong) held.add(piece);
        return true;
      }
      const pending = isTooLong ? undefined : deliver(held.take(piece));
      start = end + 1;
      if (pending !== undefined) {
        isBusy = true;
        if (start < chunk.length) waiting.unshift(chunk.subarray(start));
        pending.then(() => {
          isBusy = false;
          proceed();
        }, reject);
        return false;
      }
    }
    return true;
  }

  function skip(piece: Buffer, isEnd: boolean): void {
    if (skipping === undefined) {
      const all = held.take(piece);
      const begun = headOf(all);
      if (!isEnd) skipping = { begun, last: lastBytes(all, nothing) };
      return on.oversize(isEnd ? remnantOf(all) : begun);
    }
    skipping.last = lastBytes(skipping.last, piece);
    if (!isEnd) return;
    const { begun, last } = skipping;
    skipping = undefined;
    on.oversizeEnd?.(withTail(begun, last));
  }

  function deliver(text: Buffer): void | Promise<void> {
    const line = text.at(-1) === carriageReturn ? text.subarray(0, -1) : text;
    return line.length > 0 ? on.line(line) : undefined;
  }

  return promise;
}

interface Hold {
  bytes(): number;
  add(piece: Buffer): void;
  /** All that was held, and this; empties the hold. */
  take(last?: Buffer): Buffer;
}

// The pieces of an unfinished line. Small ones are copied together, so that a line that comes byte by byte costs no more than its size.
function createHold(): Hold {
  let pieces: Buffer[] = [];
  let total = 0;
  let slab = Buffer.alloc(0);
  let used = 0;
  return {
    bytes: () => total,
    add(piece) {
      total += piece.length;
      if (piece.length >= largePieceBytes) return void pieces.push(piece);
      if (used + piece.length > slab.length) {
        slab = Buffer.allocUnsafeSlow(slabBytes);
        used = 0;
      }
      piece.copy(slab, used);
      const before = pieces.at(-1);
      const follows = before?.buffer === slab.buffer && before.byteOffset + before.length === used;
      if (before !== undefined && follows) pieces[pieces.length - 1] = slab.subarray(before.byteOffset, used + piece.length);
      else pieces.push(slab.subarray(used, used + piece.length));
      used += piece.length;
    },
    take(last = Buffer.alloc(0)) {
      if (total === 0) return last;
      const whole = Buffer.concat([...pieces, last], total + last.length);
      pieces = [];
      total = 0;
      return whole;
    },
  };
}
