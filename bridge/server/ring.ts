// The last lines of what a server says beside its messages, bounded and redacted before they are kept: no secret of its entry is in memory twice.
// Used in the faults that say why a server ended, and in what a user is shown of a server.
const limitBytes = 64 * 1024;
const limitLines = 200;
const lineCharacters = 1000;
// oxlint-disable-next-line no-control-regex -- terminal sequences are what is taken out here
const control = /\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

export interface Ring {
  add(line: string): void;
  /** The last lines, joined by " | "; "(none)" where there are none. */
  last(lines?: number): string;
  /** All that is kept, oldest first. */
  lines(): readonly string[];
}

/** `onLine` is told each line as it is kept. */
export function createRing(redact: (text: string) => string, onLine?: (line: string) => void): Ring {
  const kept: string[] = [];
  let bytes = 0;
  return {
    add(line) {
      // Redacted whole, cut afterwards: a secret that lies across the cut must not show its first half.
      const text = redact(line.replace(control, '')).trimEnd().slice(0, lineCharacters);
      if (text === '') return;
      onLine?.(text);
      kept.push(text);
      bytes += Buffer.byteLength(text);
      while (kept.length > limitLines || bytes > limitBytes) bytes -= Buffer.byteLength(kept.shift() ?? '');
    },
    last(lines = 10) {
      return kept.slice(-lines).join(' | ').slice(-2000) || '(none)';
    },
    lines: () => [...kept],
  };
}
