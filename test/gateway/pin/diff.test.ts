// What people are shown of two definitions.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../../gateway/pin/canonical.ts';
import { differencesOf } from '../../../gateway/pin/diff.ts';
import { proves } from '../../requirement.ts';

test('each place is named, with what stood there and what stands there', () => {
  proves('pin.diff-hides-nothing', {
    file: 'gateway/pin/diff.ts',
    find: 'return visible(cut);',
    replace: 'return cut;',
  });
  const before = { description: 'adds', inputSchema: { properties: { 'a/b': { type: 'string' } } }, tags: [1, 2], old: true };
  const after = { description: 'adds\u200b\u{e0041}', inputSchema: { properties: { 'a/b': { type: 'number' } } }, tags: [1] };
  expect(differencesOf(canonicalText(before), canonicalText(after))).toEqual([
    { pointer: '/description', before: '"adds"', after: '"adds\\u{200b}\\u{e0041}"' },
    { pointer: '/inputSchema/properties/a~1b/type', before: '"string"', after: '"number"' },
    { pointer: '/old', before: 'true' },
    { pointer: '/tags/1', before: '2' },
  ]);
  expect(differencesOf(undefined, '{"a":1}')).toEqual([{ pointer: '', after: '{"a":1}' }]);
});

test('definitions differ exactly where their canonical texts do', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      const [before, after] = [canonicalText(a), canonicalText(b)];
      expect(differencesOf(before, after).length === 0).toBe(before === after);
    }),
  );
});

test('of very many places the first are shown, and how many more there are', () => {
  const many = Object.fromEntries([...Array(500).keys()].map((at) => [`k${String(at).padStart(3, '0')}`, at]));
  const found = differencesOf('{}', canonicalText(many));
  expect(found.length).toBe(201);
  expect(found.at(-1)).toEqual({ pointer: '', after: 'and 300 more' });
});
