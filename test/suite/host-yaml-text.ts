// Untidy YAML for test/suite/host-edit.ts: block and flow maps, every style of text, lists at their key's own column, comments between and behind.
import type fc from 'fast-check';
import type { Sample } from './host-edit.ts';
import type { Pick } from './host-text.ts';
import { untidy } from './host-text.ts';

type Part = Sample['parts'][number];

/** YAML with the entries below `key`. */
export function yamlSamples(key: string): fc.Arbitrary<Sample> {
  return untidy((entries, pick, lineBreak) => {
    const yaml = writer(pick, lineBreak);
    const named = Object.entries(entries);
    const head =
      pick('', `---${lineBreak}`, `# my settings${lineBreak}---${lineBreak}`) + yaml.filler(0) + yaml.foreign('GOOSE_MODEL');
    const tail = pick('', yaml.foreign('z'), `${yaml.filler(0)}${yaml.foreign('z')}`);
    if (pick(false, false, false, true))
      return [
        { text: `${head}${key}: {` },
        ...named.flatMap(([name, value], index): Part[] => [
          { text: pick(' ', '', `${lineBreak}  `) },
          { text: `${yaml.text(name, true)}: ${yaml.flow(value)}`, entry: name },
          { text: index === named.length - 1 ? pick('', ' ', ',') : pick(',', ' ,', `, # c, d${lineBreak}   `) },
        ]),
        { text: ` }${yaml.end()}${tail}` },
      ];
    const column = pick(2, 4, 1);
    return [
      { text: `${head}${key}:${yaml.end()}` },
      ...named.flatMap(([name, value]): Part[] => [
        { text: `${yaml.filler(column)}${' '.repeat(column)}` },
        { text: `${yaml.text(name, true)}:${yaml.block(value, column)}`, entry: name },
        { text: yaml.end() },
      ]),
      { text: tail },
    ];
  });
}

function writer(pick: Pick, lineBreak: string) {
  // Whatever follows on the last line of a block text is text.
  let isInText = false;
  const end = (): string => {
    const trail = isInText ? '' : pick('', '', '  ', ' # a: {b, "c"', '   # x');
    isInText = false;
    return trail + lineBreak;
  };
  const filler = (column: number): string =>
    pick(
      '',
      '',
      lineBreak,
      `${' '.repeat(column)}# ${pick('a: b', '- c', '{')}${lineBreak}`,
      `# far left${lineBreak}${lineBreak}`,
    );
  const text = (of: string, isKey = false): string => {
    const isPlain = /^[A-Za-z][A-Za-z0-9@./ _-]*[A-Za-z0-9]$/.test(of) && !/^(?:true|false|null|yes|no|on|off)$/i.test(of);
    if (isPlain && pick(true, true, false)) return of;
    const isSingle = /^[\x20-\x7e]*$/.test(of) && !isKey;
    if (isSingle && pick(true, false)) return `'${of.replaceAll("'", "''")}'`;
    return JSON.stringify(of).replaceAll(
      /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  };
  const flow = (value: unknown): string => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return `[${pick('', ' ')}${value.map(flow).join(pick(', ', ','))}${pick('', ' ')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value).map(([key, of]) => `${text(key, true)}: ${flow(of)}`);
    return `{${pick('', ' ')}${members.join(pick(', ', ' , '))}${pick('', ' ')}}`;
  };
  /** What follows the colon of a key at this column. */
  const block = (value: unknown, column: number): string => {
    const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
    if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9 ]*[a-z]$/.test(value) && pick(true, false, false)) {
      isInText = true;
      return ` ${pick('|-', '>-')}${lineBreak}${' '.repeat(column + 2)}${value}`;
    }
    if (isEmpty || pick(true, false, false, false)) return ` ${flow(value)}`;
    if (Array.isArray(value)) {
      const at = ' '.repeat(column + pick(0, 2));
      return value
        .map((item, index) => `${index === 0 ? end() : pick('', ' # i') + lineBreak}${at}- ${text(String(item))}`)
        .join('');
    }
    const at = column + pick(2, 3);
    return Object.entries(value)
      .map(([key, of], index) => {
        const lead = index === 0 ? end() : end() + filler(at);
        return `${lead}${' '.repeat(at)}${text(key, true)}:${block(of, at)}`;
      })
      .join('');
  };
  const foreign = (key: string): string => `${key}:${block({ extensions: { a: 'b c' }, list: ['x', 'y z'] }, 0)}${end()}`;
  return { end, filler, text, flow, block, foreign };
}
