// What is sealed opens to the gateway server that sealed it, in any of its processes and for one purpose; whatever was done to it is seen.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import { proves } from '../../requirement.ts';

const secret = randomBytes(32);
const texts = fc.string({ unit: 'grapheme' });

test('any text comes back as it was, and a later process knows that an earlier one sealed it', () => {
  const [before, after] = [createSeal(secret, 'test'), createSeal(secret, 'test')];
  fc.assert(
    fc.property(texts, (text) => {
      const sealed = before.seal(text);
      expect(before.open(sealed)).toEqual({ text, isEarlier: false });
      expect(after.open(sealed)).toEqual({ text, isEarlier: true });
    }),
  );
});

test('nothing that was changed anywhere opens', () => {
  proves('edge.seal-whole', {
    file: 'gateway/pipeline/seal.ts',
    find: "bytes.toString('base64url') !== sealed) return undefined;",
    replace: "sealed === '') return undefined;",
  });
  const here = createSeal(secret, 'test');
  fc.assert(
    fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, by) => {
      const bytes = Buffer.from(here.seal(text), 'base64url');
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ by;
      expect(here.open(bytes.toString('base64url'))).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(texts, fc.string({ minLength: 1 }), (text, more) => {
      const sealed = here.seal(text);
      for (const odd of [sealed + more, more + sealed, sealed.slice(0, -1)]) expect(here.open(odd)).toBeUndefined();
    }),
  );
  fc.assert(fc.property(fc.anything(), (anything) => here.open(anything) === undefined));
});

test('it opens for no other purpose and at no other gateway server', () => {
  const sealed = createSeal(secret, 'test').seal('text');
  expect(createSeal(secret, 'other').open(sealed)).toBeUndefined();
  expect(createSeal(randomBytes(32), 'test').open(sealed)).toBeUndefined();
});

test('the same text never looks the same', () => {
  const here = createSeal(secret, 'test');
  expect(new Set(Array.from({ length: 100 }, () => here.seal('text'))).size).toBe(100);
});
