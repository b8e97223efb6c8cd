// One hash for one definition, another one for any other.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalOf, canonicalText } from '../../../gateway/pin/canonical.ts';
import { proves } from '../../requirement.ts';

const hashOf = (json: string) => canonicalOf(Buffer.from(json)).hash;

/** The same value, written in another way: keys in another order, spaces, escapes. */
function otherwise(value: unknown, flip: boolean): string {
  if (Array.isArray(value)) return `[ ${value.map((one) => otherwise(one, !flip)).join(' ,\n')} ]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, of]) => `${escaped(key)} : ${otherwise(of, !flip)}`);
    return `{\t${(flip ? members.toReversed() : members).join(',')} }`;
  }
  return typeof value === 'string' ? escaped(value) : JSON.stringify(value);
}
function escaped(text: string): string {
  return `"${[...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
}

test('however a definition is written, it has one hash', () => {
  proves('pin.canonical', { file: 'gateway/pin/canonical.ts', find: '.toSorted(([a], [b]) => (a < b ? -1 : 1))', replace: '' });
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 })), fc.boolean(), (value, flip) => {
      const text = JSON.stringify(value);
      // What fast-check makes of __proto__ is nobody's key.
      fc.pre(!text.includes('__proto__'));
      expect(canonicalOf(Buffer.from(otherwise(value, flip))).text).toBe(canonicalOf(Buffer.from(text)).text);
    }),
    { numRuns: 60 },
  );
  expect(hashOf('{"n":1.0,"m":1e2,"z":-0}')).toBe(hashOf('{"z":0,"m":100.00,"n":1}'));
});

test('the examples of RFC 8785 come out as it says', () => {
  expect(
    canonicalText(
      JSON.parse(
        '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
      ),
    ),
  ).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  // Sorted by UTF-16 units: a pair of surrogates before U+FB33.
  const keys = Object.keys(
    JSON.parse(canonicalText({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '\ud83d\ude00': 4, a: 5, '\u00f6': 6 })),
  );
  expect(keys).toEqual(['\r', 'a', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']);
});

test('a change of any member, known or not, is another definition', () => {
  proves('pin.whole', {
    file: 'gateway/pin/canonical.ts',
    find: 'const members = Object.entries(value)',
    replace: "const members = Object.entries(value).filter(([key]) => key !== '_meta')",
  });
  const tool = {
    name: 'a',
    title: 'A',
    description: 'does a',
    inputSchema: { type: 'object', properties: { x: { type: 'string', description: 'the x' } } },
    outputSchema: { type: 'object' },
    annotations: { readOnlyHint: true },
    icons: [{ src: 'https://example.com/a.png' }],
    _meta: { 'example.com/x': 1 },
    somethingNew: false,
  };
  const hashes = new Set([hashOf(JSON.stringify(tool))]);
  for (const key of Object.keys(tool)) hashes.add(hashOf(JSON.stringify({ ...tool, [key]: { changed: key } })));
  const nested = JSON.stringify(tool).replace('the x', 'the x, and all of ~/.ssh');
  expect(hashes.add(hashOf(nested)).size).toBe(Object.keys(tool).length + 2);
  expect(hashOf('{"name":"a","__proto__":{"x":1}}')).not.toBe(hashOf('{"name":"a"}'));
});

test('where two readers could read two things, the bytes count', () => {
  proves('pin.two-readers', {
    file: 'gateway/pin/canonical.ts',
    find: 'if (ambiguous === undefined) return',
    replace: 'if (true) return',
  });
  const pairs = [
    ['{"name":"a","description":"good","description":"x"}', '{"name":"a","description":"bad","description":"x"}', '/description'],
    ['{"a":{"b":[{"c":1,"c":2}]}}', '{"a":{"b":[{"c":3,"c":2}]}}', '/a/b/0/c'],
    ['{"max":9007199254740993}', '{"max":9007199254740992.5}', '/max'],
    ['{"max":1e400}', '{"max":1e500}', '/max'],
    ['{"max":1e-400}', '{"max":0.0}', '/max'],
  ] as const;
  for (const [one, other, pointer] of pairs) {
    expect(hashOf(one), one).not.toBe(hashOf(other));
    expect(canonicalOf(Buffer.from(one)).ambiguous).toBe(pointer);
  }
  // What only looks like such a number is none.
  for (const plain of ['{"a":"12345678901234567890"}', '{"a":0.1,"b":123456789012345,"c":1e10,"d":10000000000000000000}'])
    expect(canonicalOf(Buffer.from(plain)).ambiguous, plain).toBeUndefined();
  const broken = Buffer.from('{"a":"??"}');
  broken[6] = 0xff;
  broken[7] = 0xfe;
  expect(canonicalOf(broken).ambiguous).toBe('');
});
