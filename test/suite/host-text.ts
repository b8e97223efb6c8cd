// Untidy config texts for test/suite/host-edit.ts: odd indentation, comments in odd places, byte order marks, both line ends, names that are no words.
import fc from 'fast-check';
import type { Sample } from './host-edit.ts';

/** Takes one of the choices; which one is fast-check's to say, so that a failing text shrinks. */
export type Pick = <T>(...choices: readonly [T, ...T[]]) => T;

type Entry = Readonly<Record<string, unknown>>;

const word = fc.oneof(
  fc.constantFrom(
    'npx',
    '-y',
    '@scope/server',
    '/home/ada/my files',
    'C:\\tools\\x.exe',
    '# no comment',
    '// nor this',
    '[mcp_servers.x]',
    "it's",
    '"',
    '',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const serverName = fc.oneof(
  fc.constantFrom(
    'fs',
    'my server',
    'GitHub',
    'a.b',
    'x__y',
    'constructor',
    'toString',
    'ünï',
    "o'clock",
    'tab\there',
    '"q"',
    '',
  ),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
);
const words = fc.array(word, { maxLength: 3 });
const map = fc.dictionary(fc.constantFrom('TOKEN', 'HOME_DIR', 'a b', 'x.y'), word, { maxKeys: 3 });

/** Entries as hosts know them: programs and URLs, with fields of which we know nothing. */
export const entriesOf: fc.Arbitrary<Readonly<Record<string, Entry>>> = fc.dictionary(
  serverName,
  fc.oneof(
    fc.record({ command: word, args: words, env: map, disabled: fc.boolean(), timeout: fc.nat() }, { requiredKeys: ['command'] }),
    fc.record(
      { type: fc.constant('stdio'), command: word, cwd: word, alwaysAllow: words, env: map },
      { requiredKeys: ['command', 'type'] },
    ),
  ),
  { minKeys: 1, maxKeys: 4 },
);

/** A sample made by `write`, which asks `pick` for every matter of taste. */
export function untidy(
  write: (entries: Readonly<Record<string, Entry>>, pick: Pick, lineBreak: string) => Sample['parts'],
): fc.Arbitrary<Sample> {
  const tastes = fc.array(fc.nat({ max: 999 }), { minLength: 5, maxLength: 60 });
  return fc.tuple(entriesOf, tastes, fc.boolean(), fc.boolean()).map(([entries, taste, hasMark, isWindows]) => {
    let next = 0;
    const pick: Pick = (...choices) => choices[(taste[next++ % taste.length] ?? 0) % choices.length] ?? choices[0];
    const parts = write(entries, pick, isWindows ? '\r\n' : '\n');
    return { entries, parts: hasMark ? [{ text: '\ufeff' }, ...parts] : parts };
  });
}

/** JSON; `isStrict`: without comments and trailing commas. */
export function jsonSamples(key: string, isStrict: boolean): fc.Arbitrary<Sample> {
  return untidy((entries, pick, lineBreak) => {
    const gap = (): string => {
      const comment = isStrict ? '' : pick('', '', '', ' /* a, "b": { */ ', `// "x": 1,${lineBreak}`);
      return pick('', ' ', '\t', lineBreak, `${lineBreak}    `, `${lineBreak}${lineBreak}\t`) + comment;
    };
    const text = (of: string): string =>
      pick(false, false, true)
        ? `"${[...JSON.stringify(of).slice(1, -1)].map((char) => (char === '/' ? '\\/' : char)).join('')}"`
        : JSON.stringify(of);
    const comma = (isLast: boolean): string => (isLast ? (isStrict ? '' : pick('', `,${gap()}`)) : `${gap()},`);
    const spell = (value: unknown): string => {
      if (typeof value === 'string') return text(value);
      if (Array.isArray(value))
        return `[${value.map((item, index) => gap() + spell(item) + gap() + comma(index === value.length - 1)).join('')}${gap()}]`;
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      const members = Object.entries(value);
      return `{${members.map(([name, of], index) => member(name, of) + gap() + comma(index === members.length - 1)).join('')}${gap()}}`;
    };
    const member = (name: string, value: unknown): string => `${gap()}${text(name)}${gap()}:${gap()}${spell(value)}`;
    const names = Object.entries(entries);
    const lead = pick('', `${member('theme', { [key]: {}, dark: [true, null, -1.5e3] })}${gap()},`);
    const trail = pick('', `,${member('inputs', [{ id: 'token' }])}`);
    return [
      { text: `${gap()}{${lead}${gap()}${JSON.stringify(key)}${gap()}:${gap()}{` },
      ...names.flatMap(([name, value], index) => [
        { text: gap() },
        { text: `${text(name)}${gap()}:${gap()}${spell(value)}`, entry: name },
        { text: gap() + comma(index === names.length - 1) },
      ]),
      { text: `${gap()}}${gap()}${trail}${gap()}}${gap()}` },
    ];
  });
}
