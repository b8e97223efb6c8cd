// An env file as hosts read it: `NAME=value` lines, `export` before them, quotes around values, comments. As Node's own parser, which not every Node has.
// Rule: what is no assignment is left out; nothing is expanded.

const assignment = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`|[^\r\n#]*)[^\r\n]*$/gm;

export function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [, name, written] of text.matchAll(assignment)) if (name !== undefined) found[name] = valueOf(written ?? '');
  return found;
}

function valueOf(written: string): string {
  const quote = written.length > 1 && written.at(-1) === written[0] ? written[0] : undefined;
  if (quote === '"') return written.slice(1, -1).replaceAll('\\n', '\n');
  return quote === "'" || quote === '`' ? written.slice(1, -1) : written.trim();
}
