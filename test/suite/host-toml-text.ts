// Untidy TOML for test/suite/host-edit.ts: entries as tables, dotted keys, inline tables and mixes of them, with foreign tables in between.
import type fc from 'fast-check';
import type { Sample } from './host-edit.ts';
import type { Pick } from './host-text.ts';
import { untidy } from './host-text.ts';

type Part = Sample['parts'][number];
type Entry = Readonly<Record<string, unknown>>;

/** TOML with the entries below `key`. */
export function tomlSamples(key: string): fc.Arbitrary<Sample> {
  return untidy((entries, pick, lineBreak) => {
    const toml = writer(pick, lineBreak);
    const named = Object.entries(entries);
    const foreign = (): Part => ({ text: pick('', '', toml.foreignTable()) });
    switch (pick('tables', 'section', 'root', 'inline')) {
      case 'tables':
        return [
          { text: toml.rootLines() },
          foreign(),
          ...named.flatMap(([name, value]) => [...tables(toml, pick, [key, name], value), foreign()]),
          { text: toml.filler() },
        ];
      case 'section':
        return [
          { text: toml.rootLines() + toml.filler() + toml.header([key]) },
          ...named.flatMap(([name, value]) => [
            { text: toml.filler() },
            ...toml.pair([], name, value, name),
            { text: toml.filler() },
          ]),
          foreign(),
        ];
      case 'root':
        return [
          { text: toml.rootLines() },
          ...named.flatMap(([name, value]) => [...toml.pair([key], name, value, name), { text: toml.filler() }]),
          foreign(),
        ];
      case 'inline':
        return [
          { text: `${toml.rootLines()}${key} = {` },
          ...named.flatMap(([name, value], index) => [
            { text: ' ' },
            { text: `${toml.key(name)} = ${toml.inline(value)}`, entry: name },
            { text: index === named.length - 1 ? '' : ',' },
          ]),
          { text: ` }${toml.end()}` },
          foreign(),
        ];
    }
  });
}

function tables(toml: ReturnType<typeof writer>, pick: Pick, path: readonly string[], value: Entry): Part[] {
  const name = path[1] ?? '';
  const { env, ...fields } = value;
  const own: Part = {
    text:
      toml.header(path) +
      Object.entries(fields)
        .map(([field, of]) => toml.line([], field, of))
        .join(''),
    entry: name,
  };
  if (env === undefined) return [{ text: toml.filler() }, own];
  if (pick(true, false)) return [{ text: toml.filler() }, { ...own, text: own.text + toml.line([], 'env', env) }];
  const between = pick('', toml.filler(), toml.foreignTable());
  const sub =
    toml.header([...path, 'env']) +
    Object.entries(Object(env))
      .map(([field, of]) => toml.line([], field, of))
      .join('');
  return [{ text: toml.filler() }, own, { text: between }, { text: sub, entry: name }];
}

function writer(pick: Pick, lineBreak: string) {
  const basic = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');
  const isLiteral = (text: string): boolean => !/['\u0000-\u0008\u000a-\u001f\u007f]/.test(text);
  const text = (of: string): string => {
    if (isLiteral(of)) return pick(basic(of), `'${of}'`, `'''${of}'''`, `"""${basic(of).slice(1, -1)}"""`);
    return pick(basic(of), `"""${basic(of).slice(1, -1)}"""`);
  };
  const key = (of: string): string => {
    const quoted = isLiteral(of) ? pick(basic(of), `'${of}'`) : basic(of);
    return /^[A-Za-z0-9_-]+$/.test(of) ? pick(of, of, quoted) : quoted;
  };
  const path = (keys: readonly string[]): string => keys.map(key).join(pick('.', ' . '));
  const list = (items: readonly unknown[]): string => {
    const gap = (): string => pick('', ' ', `${lineBreak}  `, ` # ] , "${lineBreak}`);
    return `[${items.map((item, index) => `${gap()}${inline(item)}${gap()}${index === items.length - 1 ? pick('', ',') : ','}`).join('')}${gap()}]`;
  };
  const inline = (value: unknown): string => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return list(value);
    if (typeof value !== 'object' || value === null) return String(value);
    return `{${Object.entries(value)
      .map(([name, of]) => `${pick('', ' ')}${key(name)}${pick(' = ', '=')}${inline(of)}`)
      .join(pick(',', ' , '))} }`;
  };
  const end = (): string => pick('', '', ' # [x] = "', '\t#') + lineBreak;
  const line = (before: readonly string[], name: string, value: unknown): string =>
    `${pick('', '', '  ', '\t')}${path([...before, name])}${pick(' = ', '=', '\t=  ')}${inline(value)}${end()}`;
  const header = (keys: readonly string[]): string => `${pick('', '  ')}[${pick('', ' ')}${path(keys)}${pick('', ' ')}]${end()}`;
  const filler = (): string =>
    pick('', lineBreak, `# a comment, [not.a.table] = "x${lineBreak}`, `${lineBreak}  # indented${lineBreak}${lineBreak}`);
  /** One entry as an inline table or as dotted keys. */
  const pair = (before: readonly string[], name: string, value: Entry, entry: string): Part[] => {
    if (pick(true, false)) return [{ text: line(before, name, value), entry }];
    return Object.entries(value).map(([field, of]) => ({ text: line([...before, name], field, of), entry }));
  };
  let tableCount = 0;
  const foreignTable = (): string => {
    const name = `other${tableCount++}`;
    return pick(
      `[${name}]${end()}text = """${lineBreak}[mcp_servers.fs]${lineBreak}command = "no\\"""${lineBreak}""""${end()}`,
      `[[${name}]]${end()}at = 1979-05-27 07:32:00Z${end()}[[${name}]]${end()}[${name}.sub]${end()}n = 9_007_199_254_740_993${end()}`,
      `[${name}]${end()}mcp_servers.fs = { command = 'no' }${end()}nan = nan${end()}`,
    );
  };
  const rootLines = (): string =>
    filler() +
    pick('', `model = "x"${end()}`, `list = [ [1, 2], # "${lineBreak} ["a]"] ]${end()}`, `a."mcp_servers".c = '#'${end()}`) +
    filler();
  return { key, inline, line, header, filler, pair, end, foreignTable, rootLines };
}
