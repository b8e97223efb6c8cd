// Spellings of a URI that a server may take for one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spellingsOf } from '../../../gateway/mcp/uri-spelling.ts';

/** Whether they are taken for one. */
const isAlike = (one: string, other: string): boolean =>
  spellingsOf(one).some((spelling) => spellingsOf(other).includes(spelling));

test.each([
  [
    'note://secret/plan',
    'NOTE://Secret/plan',
    'note://secret/pl%61n',
    'note://secret/pl%2561n',
    'note://secret/plan#x',
    'note://secret/plan?',
  ],
  ['note://secret/plan', 'note://secret/./plan', 'note://secret/a/../plan', 'note://secret/%2e%2E/plan', 'note://secret:/plan'],
  ['https://a.example', 'HTTPS://A.example/', 'https://a.example:443', 'https://a.example:443/?#'],
  ['http://a.example/x', 'http://a.example:80/x'],
  ['urn:a:b', 'URN:a:b', 'urn:a:%62'],
  ['plain', 'pl%61in', 'plain#', ' plain\n'],
  [
    'note://secret/plan',
    'note://secret/pl%61n#%ff',
    'note://secret/%ff/../plan',
    'note://secret/plan\n',
    ' note://sec\tret/plan',
  ],
  [
    'file:///etc/plan',
    'file://localhost/etc/plan',
    'file:/etc/plan',
    'file:\\\\/etc\\plan',
    'file:///etc%2Fa/../plan',
    'file:///a%2Fb/../etc/plan',
  ],
  ['http://127.0.0.1/x', 'http://127.1/x', 'http:0x7f000001/x'],
])('%s is the same as its other spellings', (uri, ...others) => {
  for (const other of others) expect([other, isAlike(other, uri)]).toEqual([other, true]);
});

test('what is another resource stays another one', () => {
  const all = [
    'note://a/b',
    'note://a/B',
    'note://a/b/',
    'note://a/b?c',
    'note://a/b?C',
    'other://a/b',
    'note://b/a',
    'note:a/b',
    'https://a:8443/b',
  ];
  for (const one of all) expect(all.filter((other) => isAlike(one, other))).toEqual([one]);
});

test('what a parser of URLs takes for one is alike', () => {
  const shown = [
    'note://plan/a',
    'https://a.example/x/plan',
    'file:///home/plan',
    'http://127.0.0.1/x',
    'urn:a:b',
    'https://bücher.example/é',
  ];
  const put = fc.constantFrom(
    '\t',
    '\n',
    ' ',
    '\0',
    '\\',
    '/',
    '/./',
    '/x/../',
    '%61',
    '%2e',
    '#',
    '#%ff',
    '?',
    ':80',
    ':443',
    '%',
  );
  const change = fc.record({ at: fc.nat(30), put, over: fc.nat(2), isUpper: fc.boolean() });
  const pair = fc.tuple(fc.constantFrom(...shown), fc.array(change, { minLength: 1, maxLength: 3 })).map(([uri, changes]) => {
    const other = changes.reduce((text, { at, put: by, over, isUpper }) => {
      const from = at % (text.length + 1);
      return isUpper
        ? text.slice(0, from) + text.slice(from, from + 2).toUpperCase() + text.slice(from + 2)
        : text.slice(0, from) + by + text.slice(from + over);
    }, uri);
    return [uri, other] as const;
  });
  fc.assert(
    fc.property(pair, ([uri, other]) => {
      fc.pre(URL.parse(other)?.href === URL.parse(uri)?.href);
      expect(isAlike(uri, other)).toBe(true);
    }),
    { numRuns: 300, maxSkipsPerRun: 500 },
  );
});

test.each([
  ['%2525252561', 'x'],
  ['%61b', '%ff'],
  [' ', 'x'],
  ['a/../', 'x'],
])('a long one of %j takes no longer than its length has it', (part, end) => {
  const began = performance.now();
  spellingsOf(`note://x/${part.repeat(200_000 / part.length)}${end}`);
  expect(performance.now() - began).toBeLessThan(1000);
});
