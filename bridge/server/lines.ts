// A child's output cut into lines, by bytes: at most one unfinished line is held, and a line over the limit is read away in constant memory.
const newline = 10;
const carriageReturn = 13;
const firstBytes = 64 * 1024;

export interface LineEvents {
  /** A line without its end; empty ones are left out. Reading goes on when a returned promise resolves. */
  line(line: Buffer): void | Promise<void>;
  /** A line went over the limit; called once for it. */
  oversize(): void;
}

/** Reads until the stream ends. A stream that breaks ends too. */
export async function readLines(stream: AsyncIterable<Buffer>, limitBytes: number, on: LineEvents): Promise<void> {
  let held = Buffer.alloc(0);
  let heldBytes = 0;
  let skipping = false;

  for await (const chunk of stream) {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(newline, start);
      const size = (end === -1 ? chunk.length : end) - start;
      if (!skipping && heldBytes + size > limitBytes) {
        skipping = true;
        held = Buffer.alloc(0);
        heldBytes = 0;
        on.oversize();
      }
      if (end === -1) {
        if (!skipping) hold(chunk.subarray(start));
        break;
      }
      if (skipping) skipping = false;
      else {
        const line = withoutReturn(take(chunk.subarray(start, end)));
        const pending = line.length > 0 ? on.line(line) : undefined;
        if (pending !== undefined) await pending;
      }
      start = end + 1;
    }
  }

  // Doubling, so that a long line that comes byte by byte costs neither time nor memory beyond its size.
  function hold(piece: Buffer): void {
    if (heldBytes + piece.length > held.length) {
      const wider = Buffer.allocUnsafe(Math.max(firstBytes, 2 * (heldBytes + piece.length)));
      held.copy(wider, 0, 0, heldBytes);
      held = wider;
    }
    piece.copy(held, heldBytes);
    heldBytes += piece.length;
  }

  function take(rest: Buffer): Buffer {
    if (heldBytes === 0) return rest;
    hold(rest);
    const line = held.subarray(0, heldBytes);
    held = Buffer.alloc(0);
    heldBytes = 0;
    return line;
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}
