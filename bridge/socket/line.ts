// Cuts a byte stream into lines without copying the whole: the parts of a line are joined once, when its end is there.
// Rule: no more than the limit is ever held; a longer line is an error of whoever sends it.

const newline = 0x0a;

export interface LineCutter {
  /** Takes the next bytes and returns the lines that they end, without their newline. Throws RangeError where a line is over the limit. */
  push(chunk: Buffer): Buffer[];
}

/** A cutter for lines of up to `limitBytes`. */
export function cutLines(limitBytes: number): LineCutter {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  const take = (end: Buffer): Buffer => {
    if (parts.length === 0) return end;
    parts.push(end);
    const line = Buffer.concat(parts);
    parts = [];
    heldBytes = 0;
    return line;
  };
  return {
    push(chunk) {
      const lines: Buffer[] = [];
      let from = 0;
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        if (heldBytes + at - from > limitBytes) throw new RangeError('line over the limit');
        lines.push(take(chunk.subarray(from, at)));
        from = at + 1;
      }
      if (from < chunk.length) {
        const rest = chunk.subarray(from);
        heldBytes += rest.length;
        if (heldBytes > limitBytes) throw new RangeError('line over the limit');
        parts.push(rest);
      }
      return lines;
    },
  };
}
