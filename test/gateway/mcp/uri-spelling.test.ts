// Spellings of a URI that a server may take for one.
import { expect, test } from 'vitest';
import { canonicalUri } from '../../../gateway/mcp/uri-spelling.ts';

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
  ['plain', 'pl%61in', 'plain#'],
])('%s is the same as its other spellings', (uri, ...others) => {
  for (const other of others) expect([other, canonicalUri(other)]).toEqual([other, uri]);
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
  expect(new Set(all.map(canonicalUri)).size).toBe(all.length);
});
