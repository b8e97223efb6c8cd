// Keys that one object of a JSON text says twice. JSON.parse takes the last one and says nothing: what a person reads first is then not what is in force. Pure.
// Rule: it is asked about text that JSON.parse accepted, and judges nothing itself.

/** The path of keys to the second one, such as `['LocalServers', 'memory']`, for each. An item of an array counts as its number. */
export function duplicateKeys(text: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  const open: Frame[] = [];
  let last = '';
  for (const [token] of text.matchAll(tokens)) {
    const frame = open.at(-1);
    if (token === '{') open.push({ keys: new Set(), at: '' });
    else if (token === '[') open.push({ keys: undefined, at: '0' });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',') {
      if (frame && frame.keys === undefined) frame.at = String(Number(frame.at) + 1);
    } else if (token !== ':') last = token;
    else if (frame?.keys) {
      const key: unknown = JSON.parse(last);
      frame.at = String(key);
      if (frame.keys.has(frame.at)) found.push(open.map(({ at }) => at));
      frame.keys.add(frame.at);
    }
  }
  return found;
}

interface Frame {
  /** Undefined in an array. */
  readonly keys: Set<string> | undefined;
  at: string;
}

/** Strings whole, because they may hold any of the others. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g;
