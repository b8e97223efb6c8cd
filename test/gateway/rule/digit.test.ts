// Where numbers are looked for: at the places that digit.ts tells, and what is found there is what a search at every place finds.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { piiTypes } from '#contract/rule.ts';
import { type Digits, digitsIn } from '../../../gateway/rule/digit.ts';
import { fold } from '../../../gateway/rule/fold.ts';
import { TimeBudget, withoutOverlaps } from '../../../gateway/rule/match.ts';
import { contextOf } from '../../../gateway/rule/pii-context.ts';
import { piiDetector, recognizers } from '../../../gateway/rule/pii.ts';
import { proves } from '../../requirement.ts';

const long = new TimeBudget(60_000);

/** Numbers may begin at every place. */
function anywhere(text: string): Digits {
  const starts =
    [...text].length === text.length ? [...text].map((_, at) => at) : [...text.matchAll(/./gsu)].map(({ index }) => index);
  return { ...digitsIn(text), starts, left: starts.map(() => Infinity), lettered: starts };
}

const whole = fc.constantFrom(
  '4111111111111111',
  '4111 1111 1111 1111',
  '3782-822463-10005',
  '523-45-6789',
  '523456789',
  '923 70 6789',
  '943 476 5919',
  '9434765919',
  'DE89370400440532013000',
  'GB29 NWBK 6016 1331 9268 19',
  'MT84MALT011000012345MTLCAST001S',
  '+14155550123',
  '+(49) 30 901820',
  '0049 30 901820',
  '(415) 555-0123',
  '415-555-0123',
  '10.1.2.3',
  '::1',
  'https://a.bc/1',
  'a@b.cd',
  '1990-01-02',
  '1/1/90',
  '2 Jan 1990',
  'January 2nd, 1990',
);
const near = fc.constantFrom('born ', 'phone ', 'SSN ', 'card: ', 'NHS ', 'itin ', 'order no. ', 'geb. ', 'ſocial security ');
const around = fc.constantFrom(
  ' ',
  '-',
  '.',
  '/',
  '(',
  ')',
  '+',
  '00',
  '\u00a0',
  '\u2011',
  '0',
  '7',
  '12',
  '345',
  'a',
  'DE',
  'é',
  '٣',
  '😀',
  ',',
  '#',
  '_',
  '@',
  ':',
);
const text = fc
  .array(fc.oneof({ weight: 2, arbitrary: whole }, near, { weight: 4, arbitrary: around }), { maxLength: 12 })
  .map((parts) => parts.join(''));

test('numbers are found where they are looked for as if they were looked for everywhere', () => {
  proves('rule.numbers-everywhere', {
    file: 'gateway/rule/digit.ts',
    find: 'if (row < denseAtLeast) dropTo(',
    replace: 'if (row < denseAtLeast + 1) dropTo(',
  });
  let found = 0;
  fc.assert(
    fc.property(text, (hay) => {
      for (const type of piiTypes) {
        const context = contextOf(hay, anywhere(hay), '', long);
        const expected = recognizers[type](hay, context).map(({ start, end }) => ({ start, end, type }));
        const told = piiDetector({ types: [type], threshold: 0 }).find(hay, long, () => fold(hay));
        expect({ hay, type, told }).toEqual({ hay, type, told: withoutOverlaps(expected) });
        found += told.length;
      }
    }),
    { numRuns: 3000, examples: [['1234567 '], ['phone 1234567'], ['+(49) 30 901820'], ['born 1/1/90']] },
  );
  // About eleven hundred, another number each time.
  expect(found).toBeGreaterThan(500);
});
