// The last lines of the agent's own log, for diagnostics. What goes to the log goes through here on its way.
import { redactText } from './server/redact.ts';
import { createRing } from './server/ring.ts';

export interface LogTail {
  /** For pino: takes a line and passes it on. */
  write(line: string): void;
  /** Oldest first. */
  lines(): readonly string[];
}

export function createLogTail(next: { write(line: string): unknown }): LogTail {
  const ring = createRing(redactText);
  return {
    write(line) {
      next.write(line);
      ring.add(line);
    },
    lines: () => ring.lines(),
  };
}
