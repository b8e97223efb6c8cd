// Which of many texts stand in bytes: none is missed, wherever it begins and whatever stands behind it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteNeedles } from '../../../gateway/rule/byte-needle.ts';

const letters = [...'abc[{_9%'];
const short = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
const others = short.map((text, index) => (index % 3 === 0 ? `${text}-${index}` : text));

test('of needles as short as three characters each is found that stands there, and no other', () => {
  const needles = ByteNeedles.of(others.map((text, group) => ({ text, group })));
  const text = fc.string({ unit: fc.constantFrom(...letters, 'A', '-', '1', ' '), maxLength: 24 });
  fc.assert(
    fc.property(text, (written) => {
      const body = Buffer.from(written);
      const marked = new Uint8Array(others.length);
      needles?.mark(body, 0, body.length, marked);
      const folded = written.toLowerCase();
      expect(others.filter((_, group) => marked[group] === 1)).toEqual(others.filter((one) => folded.includes(one)));
    }),
    { numRuns: 2000 },
  );
});
