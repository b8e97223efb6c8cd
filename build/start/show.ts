// What `npm start` says: words for a person, or one JSON object a line. Each event is said once, here, in both forms.
import { styleText } from 'node:util';

export interface Show {
  /** A new part of the story. */
  step(title: string): void;
  /** Something that happened: its name and fields for programs, its lines for a person. */
  event(name: string, fields: Readonly<Record<string, unknown>>, ...lines: string[]): void;
  /** Long work is under way; shown to people only. */
  progress(line: string): void;
}

export function createShow(isJson: boolean, out: NodeJS.WriteStream): Show {
  if (isJson) {
    return {
      step: () => undefined,
      event: (event, fields) => void out.write(`${JSON.stringify({ event, ...fields })}\n`),
      progress: () => undefined,
    };
  }
  const paint = (format: Parameters<typeof styleText>[0], text: string) => styleText(format, text, { stream: out });
  return {
    step: (title) => void out.write(`\n${paint('bold', title)}\n`),
    event: (_name, _fields, ...lines) => {
      for (const line of lines) out.write(`${colored(line, paint)}\n`);
    },
    progress: (line) => void out.write(`  ${paint('dim', line)}\n`),
  };
}

/** Lines of a diff in the colors of a diff. */
function colored(line: string, paint: (format: Parameters<typeof styleText>[0], text: string) => string): string {
  return line
    .split('\n')
    .map((part) => (/^ +\+(?!\+\+)/.test(part) ? paint('green', part) : /^ +-(?!--)/.test(part) ? paint('red', part) : part))
    .join('\n');
}
