// What a record that lies taken apart is found by: the same as of its whole text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallRecord } from '#contract/audit.ts';
import { createTexts } from '../../../gateway/audit/text.ts';
import { piecesOf, type SharedText, wholeText } from '../../../gateway/store/apart.ts';
import { wordsOf } from '../../../gateway/store/sql/word.ts';
import { createApartWords } from '../../../gateway/store/sql/word-apart.ts';
import { proves } from '../../requirement.ts';
import { callOf } from '../../bench/audit/fill.ts';

const sorted = (words: Iterable<string>) => [...new Set(words)].toSorted();
const apart = (text: string) => sorted(text.split(' ').filter((word) => word !== ''));
const textOf = createTexts();
const pieces = new Map<SharedText, readonly string[]>();
/** As they come back from the database: what is shared is the same there too. */
const partsOf = (record: CallRecord) => {
  const made = textOf(record);
  if (typeof made === 'string') throw new Error('it is not taken apart');
  for (const one of made.shared) if (!pieces.has(one)) pieces.set(one, piecesOf(one.text));
  return { shared: made.shared.map((one) => pieces.get(one) ?? []), values: made.values.map(String) };
};
const name = fc.oneof(
  fc.constantFrom('ada', 'Zoë "the 1st"', 'a\tb\\', '{"tool":"x"}', '機密 ¤user', '', '018bcfe5-7b88-7000-8000-000000000005'),
  fc.string(),
);

test('the words of a record taken apart are those of its whole text, whatever its names are', () => {
  proves('audit.search-apart', {
    file: 'gateway/store/sql/word-apart.ts',
    find: 'words += ` ${own}`;',
    replace: '',
  });
  const words = createApartWords();
  let made = 0;
  fc.assert(
    fc.property(fc.nat(10_000), name, name, name, (number, user, host, tool) => {
      const record = CallRecord.parse({
        ...callOf(number, 1_700_000_000_000 + number),
        decision: 'allowed',
        code: null,
        host,
        tool,
      });
      const parts = partsOf({ ...record, user: record.user && { ...record.user, name: user } });
      const whole = wholeText(parts.shared, parts.values.join('\t')) ?? '';
      const found = words(parts);
      if (found === undefined) return;
      made++;
      expect(apart(found)).toEqual(sorted(wordsOf(whole)));
    }),
    { numRuns: 500 },
  );
  expect(made).toBeGreaterThan(450);
});

test('what is not surely so is looked for in the whole text', () => {
  const id = '018bcfe5-7b88-7000-8000-000000000005';
  const shared = ['{"id":"\t","a":"one",', '"n":\t,"b":"two"}'].map(piecesOf);
  const words = createApartWords();
  expect(apart(words({ shared, values: [id, '7'] }) ?? '')).toEqual(['one', 'two', `¤${id.replaceAll('-', '')}`].toSorted());
  for (const values of [[id, '"three"'], [id, '07'], [id, ''], ['five', '7'], [id], [id, '7', '8'], [`${id}x`, '7']])
    expect(words({ shared, values }), values.join()).toBeUndefined();
  for (const texts of [
    ['{"id":"\t","a":{"c":"one",', '"n":\t},"b":"two"}'],
    ['{"tool":"\t","a":"one",', '"n":\t,"b":"two"}'],
    ['{"id":"\t","a":"one"', '"n":\t,"b":"two"}'],
    ['"id":"\t","a":"one",', '"n":\t,"b":"two"}'],
    ['{"id":"\t","a":"one",', '"n":\t,"b":"two",'],
  ])
    expect(words({ shared: texts.map(piecesOf), values: [id, '7'] }), texts.join('')).toBeUndefined();
});
