// Which URIs a template covers: all that it expands to, nothing that a server could resolve to something else, and in a time that nobody can blow up.
import { UriTemplate } from '@modelcontextprotocol/sdk/shared/uriTemplate.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesTemplate, parseTemplate } from '../../../gateway/mcp/uri-template.ts';
import { proves } from '../../requirement.ts';

const covers = (template: string, uri: string) => {
  const parsed = parseTemplate(template);
  return parsed !== undefined && matchesTemplate(parsed, uri);
};

describe('a template', () => {
  test.each([
    ['demo://resource/dynamic/text/{id}', 'demo://resource/dynamic/text/7'],
    ['file:///{+path}', 'file:///a/b.txt'],
    ['db://{table}/{row}', 'db://users/1%2F2'],
    ['x:{a}{b}', 'x:12'],
    ['x:{a,b}', 'x:1,2'],
    ['x:a{.ext}', 'x:a.txt'],
    ['x:a{.ext}', 'x:a'],
    ['x:{/list*}/end', 'x:/a/b/end'],
    ['x:find{?q,lang}', 'x:find?q=a%20b&lang=en'],
    ['x:find{?q,lang}', 'x:find?lang=en'],
    ['x:find{?q,q2}', 'x:find?q=1&q2=2'],
    ['x:find{;q,lang}', 'x:find;q;lang=en'],
    ['x:find{?q,lang}', 'x:find'],
    ['x:find?a=1{&q}', 'x:find?a=1&q=2'],
    ['x:a{;on,b}', 'x:a;on;b=1'],
    ['x:a{#part}', 'x:a#b/c?d'],
    ['x:{keys*}', 'x:a=1,b=2'],
    ['x:y', 'x:y'],
    ['x:{p}', 'x:50%25'],
  ])('%s covers %s', (template, uri) => expect(covers(template, uri)).toBe(true));

  test.each([
    ['demo://resource/{id}', 'demo://resource/'],
    ['demo://resource/{id}', 'demo://resource/1/2'],
    ['demo://resource/{id}', 'demo://resource/1?x=2'],
    ['demo://resource/{id}', 'demo://other/1'],
    ['demo://resource/{id}', 'DEMO://resource/1'],
    ['demo://resource/{id}', 'demo://resource/..'],
    ['demo://resource/{id}', 'demo://resource/%2e%2E'],
    ['demo://resource/{id}', 'demo://resource/..%2fsecret'],
    ['demo://resource/{id}', 'demo://resource/..%5csecret'],
    ['demo://resource/{id}', 'demo://resource/%252e%252e%252fsecret'],
    ['demo://resource/{id}', 'demo://resource/%zz'],
    ['demo://resource/{id}', 'demo://resource/a\\b'],
    ['demo://resource/{id}', 'demo://resource/é'],
    ['demo://resource/{id}', 'demo://resource/a\n'],
    ['file:///{+path}', 'file:///a/../../etc/passwd'],
    ['file:///{+path}', 'file:///a/./b'],
    ['file:///home/{+path}', 'file:///etc/passwd'],
    ['x:find{?q}', 'x:find?admin=1'],
    ['x:find{?q}', 'x:find?q=1&admin=1'],
    ['x:find{?q}', 'x:find?q=1&q=2'],
    ['x:find{?q,lang}', 'x:find?q=1&lang=en&q=2'],
    ['x:find{?q,lang}', 'x:find?lang=en&q=1'],
    ['x:find{;q}', 'x:find;q;q=1'],
    ['x:find{?q}', 'x:find?'],
    ['x:find?a=1{&q}', 'x:find?a=1&qq=2'],
    ['', 'x:y'],
  ])('%s does not cover %s', (template, uri) => {
    proves('policy.template-no-dots', {
      file: 'gateway/mcp/uri-template.ts',
      find: 'uri.length > textLimit || hasDotSegment(uri)',
      replace: 'uri.length > textLimit',
    });
    expect(covers(template, uri)).toBe(false);
  });

  test.each(['{', '}', 'x{a', 'x}a{', '{}', '{a b}', '{!a}', '{a:3}', '{?a*}', '{a}{', '{{a}}'])('%s is none', (text) =>
    expect(parseTemplate(text)).toBeUndefined(),
  );

  test("covers all that the official SDK's own expansion makes of it", () => {
    const names = ['a', 'b', 'c'];
    const expression = fc
      .tuple(fc.constantFrom('', '+', '#', '.', '/', '?', '&'), fc.constantFrom(...names))
      .map(([operator, name]) => `{${operator}${name}}`);
    const templates = fc.array(fc.oneof(expression, fc.stringMatching(/^[a-z/:]{1,5}$/)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        templates,
        fc.dictionary(fc.constantFrom(...names), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })),
        (parts, values) => {
          const text = `x:${parts.join('')}`;
          // After one query the SDK begins the next with an ampersand, which RFC 6570 does not.
          fc.pre(!/\{[?&].*\{\?/.test(text));
          const all = Object.fromEntries(names.map((name) => [name, values[name] ?? 'v']));
          const uri = new UriTemplate(text).expand(all);
          // Dots are the one thing that an expansion may hold and the gateway does not take.
          fc.pre(!/\.|%2e/i.test(decodeURIComponent(uri)) && /^[\x21-\x7e]*$/.test(uri));
          expect([text, uri, covers(text, uri)]).toEqual([text, uri, true]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('is matched in no time, however many ways there would be', () => {
    const began = performance.now();
    const uri = `x:${'a'.repeat(2000)}`;
    for (let round = 0; round < 100; round++) {
      expect(covers(`x:${'{+a}'.repeat(30)}!`, uri)).toBe(false);
      expect(covers(`x:${'{&a,b}'.repeat(30)}!`, `x:${'&a=1'.repeat(500)}`)).toBe(false);
    }
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('of too many parts is none, and a URI that is too long is of none', () => {
    expect(parseTemplate('{a}b'.repeat(16))).toHaveLength(32);
    expect(parseTemplate('{a}b'.repeat(17))).toBeUndefined();
    expect(covers('x:{a}', `x:${'a'.repeat(2046)}`)).toBe(true);
    expect(covers('x:{a}', `x:${'a'.repeat(2047)}`)).toBe(false);
  });
});
