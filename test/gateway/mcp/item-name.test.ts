// Names on the aggregated route: every one leads back to its server and to the item that it was given for, whatever characters it has.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemKinds } from '#contract/policy.ts';
import { Slug } from '#contract/id.ts';
import { type Item, unknownItem } from '../../../gateway/mcp/feature.ts';
import { prefixed, unprefixed } from '../../../gateway/mcp/item-name.ts';
import { matchesTemplate, parseTemplate } from '../../../gateway/mcp/uri-template.ts';
import { proves } from '../../requirement.ts';

const slugs = fc.oneof(
  fc.constantFrom('a', 'a-b', 'a_b', 'x0', 'everything', 'q'.repeat(40)),
  fc.stringMatching(/^[a-z0-9](?:[a-z0-9]|[-_][a-z0-9]){0,15}$/).filter((text) => Slug.safeParse(text).success),
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 90 }),
  fc.stringMatching(/^[a-z_]{1,90}$/),
  // What looks as if it had been cut.
  fc.stringMatching(/^[a-z_]{49}_[0-9a-z]{8}$/),
);
const uris = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  anyText,
  fc
    .tuple(fc.constantFrom('demo://', 'urn:', 'ui://', 'file:///', 'http://', 'https://', 'HTTPS:', 'x:', 'a:/', ''), anyText)
    .map((parts) => parts.join('')),
);
const items: fc.Arbitrary<Item> = fc
  .constantFrom(...itemKinds)
  .chain((kind) => (kind === 'tools' || kind === 'prompts' ? anyText : uris).map((name) => ({ kind, name })));
/** Together with its prefix as long as a name that was cut, and of its shape. */
const looksCut = slugs.chain((server) =>
  fc
    .string({ unit: fc.constantFrom('a', 'b', '_'), minLength: 49 - server.length, maxLength: 49 - server.length })
    .map((start): [string, Item] => [server, { kind: 'tools', name: `${start}_0123abcd` }]),
);
const lengthOf = (name: string) => [...name].length;

describe('prefixed', () => {
  test('leads back to the server and the item, or says that only the list of the server can tell which', () => {
    proves('protocol.names-reversible', {
      file: 'gateway/mcp/item-name.ts',
      find: '(characters.length === nameLimit && !looksCut(full))',
      replace: 'characters.length === nameLimit',
    });
    fc.assert(
      fc.property(fc.oneof(fc.tuple(slugs, items), looksCut), ([server, item]) => {
        const back = unprefixed({ ...item, name: prefixed(server, item) });
        if (back?.isCut) {
          expect([item.kind, back.server]).toEqual([expect.stringMatching(/^(?:tools|prompts)$/), server]);
          expect(lengthOf(prefixed(server, item))).toBe(60);
          expect(lengthOf(`${server}__${item.name}`)).toBeGreaterThanOrEqual(60);
          // A name that stands for itself never looks like one that was cut.
          expect(prefixed(server, item)).not.toBe(`${server}__${item.name}`);
        } else expect(back).toEqual({ server, name: item.name, isCut: false });
      }),
      { numRuns: 3000 },
    );
  });

  test('gives no name of a tool or prompt more than 60 characters, and no two items one name', () => {
    proves('protocol.names-short', {
      file: 'gateway/mcp/item-name.ts',
      find: 'if (full.length < nameLimit) return full;',
      replace: 'if (full.length < nameLimit * 2) return full;',
    });
    fc.assert(
      fc.property(slugs, fc.uniqueArray(anyText, { maxLength: 5 }), (server, names) => {
        // Names that share a long beginning are those that are hard to tell apart.
        const long = names.map((name) => `${'n'.repeat(70)}${name}`);
        const given = [...names, ...long].map((name) => prefixed(server, { kind: 'tools', name }));
        for (const name of given) expect(lengthOf(name)).toBeLessThanOrEqual(60);
        expect(new Set(given).size).toBe(new Set([...names, ...long]).size);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['tools', 'echo', 'everything__echo'],
    ['prompts', 'a__b', 'everything__a__b'],
    ['resources', 'demo://resource/1', 'demo://everything__resource/1'],
    ['resources', 'demo:///1', 'demo://everything__/1'],
    ['resources', 'urn:a', 'urn:everything__a'],
    ['resources', 'ui://widget/page.html', 'ui://everything__widget/page.html'],
    ['resources', 'notes', 'everything__notes'],
    ['resources', 'https://example.org/a?b', 'https://example.org/a?b#everything__'],
    ['resources', 'https://example.org/a#b', 'https://example.org/a#everything__~b'],
    ['templates', 'demo://resource/{id}', 'demo://everything__resource/{id}'],
    ['templates', '{+uri}', 'everything__{+uri}'],
    ['templates', 'https://example.org/{a}{#b}', 'https://example.org/{a}{#b}#everything__'],
  ] as const)('%s: %s becomes %s', (kind, name, given) => {
    expect(prefixed('everything', { kind, name })).toBe(given);
    expect(unprefixed({ kind, name: given })).toEqual({ server: 'everything', name, isCut: false });
  });

  test('what a host makes of a renamed template is what it would have made of the own one, renamed', () => {
    const templates = ['demo://resource/{id}', 'demo:{id}', '{id}', 'https://example.org/{id}', 'https://example.org/a{#id}'];
    fc.assert(
      fc.property(slugs, fc.constantFrom(...templates), fc.stringMatching(/^[A-Za-z0-9~-]{1,10}$/), (server, template, id) => {
        const expand = (text: string) => text.replace('{id}', id).replace('{#id}', `#${id}`);
        const back = unprefixed({ kind: 'resources', name: expand(prefixed(server, { kind: 'templates', name: template })) });
        expect(back).toEqual({ server, name: expand(template), isCut: false });
        const parsed = parseTemplate(template);
        expect(parsed && matchesTemplate(parsed, expand(template))).toBe(true);
      }),
    );
  });

  test('a name without a server leads nowhere', () => {
    for (const name of ['', '__', '__x', 'echo', 'demo://x', 'https://example.org/a'])
      for (const kind of itemKinds) expect(unprefixed({ kind, name })).toBeUndefined();
    for (const name of ['demo://__x', 'https://example.org/a__b', 'https://example.org/#__'])
      expect(unprefixed({ kind: 'resources', name })).toBeUndefined();
    expect(unknownItem({ kind: 'resources', name: 'demo://x' })).toMatchObject({ code: 'RESOURCE_UNKNOWN' });
  });
});
