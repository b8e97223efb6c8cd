// Patterns: JavaScript's syntax as people write it, in linear time, and what is not possible said with words.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold } from '../../../gateway/rule/fold.ts';
import { TimeBudget } from '../../../gateway/rule/match.ts';
import { needlesOf } from '../../../gateway/rule/needle.ts';
import { openPatternEngine } from '../../../gateway/rule/pattern.ts';
import { translate } from '../../../gateway/rule/pattern-syntax.ts';
import { proves } from '../../requirement.ts';
import { inspected } from './stage.ts';

const engine = openPatternEngine();
const long = new TimeBudget(60_000);

function found(patterns: readonly string[], text: string, flags = ''): string[] {
  const matches = engine.detector(patterns, flags).find(text, long, () => fold(text));
  return matches.map(({ start, end }) => text.slice(start, end));
}

test('several patterns are one or the other; flags, slashes and offsets beyond ASCII hold', () => {
  expect(found(['\\bPROJ-\\d+\\b', 'geheim'], 'é😀 PROJ-12 ist GEHEIM, PROJ-7 auch', 'i')).toEqual([
    'PROJ-12',
    'GEHEIM',
    'PROJ-7',
  ]);
  expect(found(['/secret\\s+plan/i'], 'Secret\n plan')).toEqual(['Secret\n plan']);
  expect(found(['^a.c$'], 'x\nabc\ny', 'm')).toEqual(['abc']);
  expect(found(['[\\w.]+@[\\w.]+', '{x}'], 'a.b@c.d {x}')).toEqual(['a.b@c.d', '{x}']);
  expect(found(['ſtraße'], 'ſtraße')).toEqual(['ſtraße']);
  expect(found(['kelvin scale'], 'the \u212aelvin ſcale', 'i')).toEqual(['\u212aelvin ſcale']);
  // A sigma is another letter at the end of a word.
  expect(found(['ΟΔΟΣ'], 'ΟΔΟΣ, ΟΔΟΣΑ')).toEqual(['ΟΔΟΣ', 'ΟΔΟΣ']);
  expect(found(['οδος', 'µm'], 'ΟΔΟΣ οδοσ 5 μM', 'i')).toEqual(['ΟΔΟΣ', 'οδοσ', 'μM']);
});

test('what can not be matched in linear time is refused with words for it', () => {
  proves('rule.pattern-linear', {
    file: 'gateway/rule/pattern-syntax.ts',
    find: "if (/^\\\\[1-9]/.test(rest) || rest.startsWith('\\\\k<'))",
    replace: 'if (rest === undefined)',
  });
  const refused = (pattern: string) => {
    try {
      engine.check(pattern, '');
      return '';
    } catch (error) {
      return String(error);
    }
  };
  expect(refused('(?=a)b')).toContain('look-around is not possible in linear time');
  expect(refused('(?<!a)b')).toContain('look-around');
  expect(refused('(a)\\1')).toContain('back-references are not possible');
  expect(refused('(a')).toContain('not closed');
  expect(refused('a)')).toContain('nothing opened');
  expect(refused('(?:x{50}){50}')).toContain('multiply to 2500');
  expect(refused('[z-a]')).not.toBe('');
  for (const good of ['(?<name>a)b', '[a-z&&[aeiou]', '\\p{L}+', 'a{,3}', '[^\\s]+', '\\/x\\-y', 'a|', '[\\]\\\\]'])
    expect([good, refused(good)]).toEqual([good, '']);
});

test('a pathological pattern stays in its time, and other rules go on', async () => {
  const text = `${'a'.repeat(60_000)}! 123-45-6789`;
  const rules = [
    { name: 'slow', method: 'pattern', patterns: ['^(a+)+$', '(x+x+)+y', '(.*a){12}b'], action: 'block', onFailure: 'pass' },
    { name: 'ssn', method: 'pattern', patterns: ['\\d{3}-\\d{2}-\\d{4}'], action: 'redact' },
  ];
  const began = performance.now();
  const done = await inspected(rules, { on: 'request', body: { params: { arguments: { text } } } });
  // V8 would take longer than the world is old.
  expect(performance.now() - began).toBeLessThan(5000);
  expect(done.kind === 'changed' ? done.body.toString().endsWith('! [REDACTED]"}}}') : done).toBe(true);
});

test('many matches in a long text are all found', () => {
  const text = 'é number 123-45-6789 here, '.repeat(4000);
  expect(found(['\\d{3}-\\d{2}-\\d{4}'], text)).toHaveLength(4000);
});

test('no text is held back from a pattern that matches it', () => {
  proves('rule.no-text-held-back', {
    file: 'gateway/rule/pattern.ts',
    find: "replaceAll('L', ",
    replace: "replaceAll('L', '[A-Z]').replaceAll('L', ",
  });
  const piece = fc.constantFrom(
    'foo',
    'Bar',
    'K',
    'σΣ',
    '\\d',
    '\\w+',
    '[a-f]',
    '(x|yy|zzz)',
    'ab?',
    '(?:cde){2}',
    '.',
    '(secret|hidden)',
    's',
    '\\.',
    'q{2,3}',
    'o{2}',
    '[0-9]',
    '^',
    '$',
    '\\b',
    '-',
    '(long text)?',
    '[A-Z]',
    '[a-zK]{2}',
    '\\d{3}',
    '[0-5]{2,4}',
    '(?:[a-z]\\d|7)',
    '(?:[xs]1){2}',
  );
  const text = fc.string({
    unit: fc.constantFrom(
      'f',
      'o',
      'B',
      'a',
      'r',
      'k',
      '\u212a',
      'ſ',
      'Σ',
      'ς',
      's',
      '1',
      'x',
      'y',
      'z',
      'secret',
      'hidden',
      'cde',
      '.',
      '-',
      'q',
      'foo',
      'bar',
      'é',
      'long text',
      'A1',
      'ſ1',
      '\u212a2',
      '7',
      '345',
      '0123',
    ),
    maxLength: 30,
  });
  const rows = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      text,
      fc.constantFrom('', 'i'),
      (pieces, isEither, hay, flags) => {
        const pattern = pieces.join(isEither ? '|' : '');
        const { needs, quick, row, source } = translate(pattern, flags);
        const bare = engine.sieve([{ source, quick: undefined, row: undefined, owner: 0 }]);
        const isMatch = [...bare(hay)].length > 0;
        if (!isMatch) return;
        if (needs) expect(needs.some((need) => fold(hay).includes(need))).toBe(true);
        if (quick) expect(quick.test(hay)).toBe(true);
        // The same behind the row of letters and digits that it needs.
        if (row === undefined) return;
        expect([...engine.sieve([{ source, quick, row, owner: 0 }])(hay)]).toEqual([0]);
        rows.add(row);
      },
    ),
    {
      numRuns: 1000,
      examples: [
        [['K', '\\b'], false, '\u212af', 'i'],
        [['[A-Z]', '\\d{3}'], false, 'ſ0123', 'i'],
        [['[a-zK]{2}', '[0-5]{2,4}'], false, '\u212a\u212a345', 'i'],
        [['(?:[xs]1){2}'], false, '\u017f1x1', 'i'],
        [['\\d{3}'], false, '-0123', ''],
        [['(?:[a-z]\\d|7)'], false, '7', ''],
      ],
    },
  );
  // Of the examples alone: what else was tried is another thing each time.
  expect([...rows]).toEqual(expect.arrayContaining(['LDDD', 'DD', 'LDLD', 'DDD', 'D']));
});

test('of many needles those are told that stand in the text, and no other', () => {
  proves('rule.needles', {
    file: 'gateway/rule/needle.ts',
    find: 'if (count < best.count) best = { gram, offset, count };',
    replace: 'if (count < best.count) best = { gram, offset: 0, count };',
  });
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'и', '忽'), minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 30, maxLength: 60 }),
      fc.array(fc.oneof(word, fc.nat(29)), { maxLength: 12 }),
      (words, hay) => {
        const text = hay.map((one) => (typeof one === 'number' ? words[one] : one)).join('-');
        const told = needlesOf(words.map((one, owner) => ({ text: one, owner }))).ownersIn(text) ?? [];
        expect([...told].toSorted((a, b) => a - b)).toEqual(words.flatMap((one, owner) => (text.includes(one) ? [owner] : [])));
      },
    ),
  );
});
