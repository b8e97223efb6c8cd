// Lists of ETags as RFC 9110 has them: read whole, and what is no list names nothing.
import { expect, test } from 'vitest';
import { names, strongTagsIn, tagsIn } from '../../../gateway/http/etag.ts';

test.each<[string, readonly string[] | '*']>([
  ['"a"', ['"a"']],
  ['"a", "b"', ['"a"', '"b"']],
  ['"a","b" ,\t"c"', ['"a"', '"b"', '"c"']],
  [', "a",, "b",', ['"a"', '"b"']],
  ['"a,b", "*"', ['"a,b"', '"*"']],
  ['W/"a", "b"', ['"b"']],
  ['W/"a"', []],
  ['*', '*'],
  [' * ', '*'],
  ['*, "a"', []],
  ['"a" "b"', []],
  ['a', []],
  ['"a', []],
  ['w/"a"', []],
  ['', []],
])('%s names %j by strong comparison', (header, strong) => {
  expect(strongTagsIn(header)).toEqual(strong);
});

test('a weak tag is found by weak comparison', () => {
  expect(names(tagsIn('"x", W/"7"'), '"7"')).toBe(true);
  expect(names(tagsIn('*'), '"7"')).toBe(true);
  expect(names(tagsIn('W/"70"'), '"7"')).toBe(false);
  expect(names(tagsIn(''), '"7"')).toBe(false);
});

test('a long header is read in one pass', () => {
  const began = performance.now();
  expect(strongTagsIn(`${' '.repeat(8000)}x`)).toEqual([]);
  expect(strongTagsIn(`${'"a", '.repeat(3000)}"b`)).toEqual([]);
  expect(performance.now() - began).toBeLessThan(2000);
});
