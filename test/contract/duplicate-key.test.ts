// Keys that a JSON text says twice, and none where it doesn't.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duplicateKeys } from '../../contract/duplicate-key.ts';

test.each<[text: string, found: string[][]]>([
  ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', []],
  ['{"a":1,"a":2}', [['a']]],
  ['{"a":{"b":1,"c":{"d":1,"d":2}}}', [['a', 'c', 'd']]],
  ['{"a":[{"b":1},{"b":1,"b":2}]}', [['a', '1', 'b']]],
  ['{"a":1,"\\u0061":2}', [['a']]],
  ['{"a":"{\\"b\\":1,\\"b\\":2}","b":"a\\\\","c":":,"}', []],
  ['{"__proto__":1,"__proto__":2,"__proto__":3}', [['__proto__'], ['__proto__']]],
  ['[1,[2,{"a":[],"a":{}}]]', [['1', '1', 'a']]],
  ['{ "a" : 1 ,\n "a" : [ ] }', [['a']]],
])('in %s they are found', (text, found) => {
  expect(JSON.parse(text)).toBeDefined();
  expect(duplicateKeys(text)).toEqual(found);
});

test('what JSON.stringify wrote has none, and a large text is no burden', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => duplicateKeys(JSON.stringify(value)).length === 0));
  const large = JSON.stringify({ a: '\\"'.repeat(250_000), b: Array.from({ length: 20_000 }, () => ({ c: 1 })) });
  expect(duplicateKeys(large)).toEqual([]);
  expect(duplicateKeys('['.repeat(100_000) + ']'.repeat(100_000))).toEqual([]);
});
