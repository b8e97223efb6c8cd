// Values of records that are taken apart, written as bytes: what stands there is what a template string would say, and a row of them is the one that is read.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Apart, sharedText } from '../../../gateway/store/apart.ts';
import { lined, recordsIn, rowsOf, shelfAfter } from '../../../gateway/store/run.ts';
import { mostBytes, writeNumber, writeValue } from '../../../gateway/store/value.ts';

const edges = [-1, 0, 1].flatMap((by) => Array.from({ length: 16 }, (_, power) => 10 ** power + by)).filter((one) => one >= 0);
const number = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(...edges, -0, Number.MAX_SAFE_INTEGER));

describe('a value', () => {
  test('is written as a template string says it, and takes no more than is said', () => {
    fc.assert(
      fc.property(fc.oneof(number, fc.string({ unit: 'grapheme' })), fc.nat(20), (value, from) => {
        const room = Buffer.alloc(from + mostBytes(value), '?');
        const end = writeValue(room, from, value);
        expect(room.toString('utf8', from, end)).toBe(`${value}`);
        expect(room.toString('utf8', 0, from)).toBe('?'.repeat(from));
        expect(room.subarray(end).every((byte) => byte === 63)).toBe(true);
      }),
      { numRuns: 3000 },
    );
    for (const edge of edges) {
      const room = Buffer.alloc(20);
      expect(room.toString('utf8', 0, writeNumber(room, 0, edge))).toBe(`${edge}`);
    }
  });
});

describe('rows of records that are taken apart', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).map((of) => JSON.stringify(of));
  const shared = [['{"a":', ',"b":', '}'], ['[', ']'], ['"Zoë 機密"']].map((pieces) => sharedText(pieces.join('\t')));
  const own = fc.array(
    fc.oneof(
      number,
      text,
      text.map((of) => of.repeat(3000)),
    ),
    { minLength: 3, maxLength: 3 },
  );

  test('are read as the whole texts, however long a value is', () => {
    fc.assert(
      fc.property(fc.array(own, { minLength: 1, maxLength: 80 }), (all) => {
        const hashOf = (seq: number) => `${seq}`.padStart(64, '0');
        const records = all.map((values, index) => {
          const body: Apart = { shared, values };
          return { chain: 'main', seq: index + 1, at: 5, body, hash: hashOf(index + 1) };
        });
        const seal = { chain: 'main', after: 0, seq: all.length, hash: hashOf(all.length), mac: 'm' };
        const { rows, fresh } = rowsOf(records, seal, shelfAfter(null));
        const texts = new Map(fresh.map(({ place, text: of }) => [2 ** 40 + place, of.split('\t')]));
        const read = rows.flatMap((row) => recordsIn('main', lined(1, row), texts));
        expect(read.map(({ body }) => body)).toEqual(all.map(([a, b, c]) => `{"a":${a},"b":${b}}[${c}]"Zoë 機密"`));
        expect(read.map(({ seq, hash }) => [seq, hash])).toEqual(records.map(({ seq, hash }) => [seq, hash]));
      }),
      { numRuns: 60 },
    );
  });
});
