// Headers that mirror parameters of a tool: what the headers say is what the body says, or the request is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '#contract/error.ts';
import { checkParamHeaders, isMirroredAsAllowed, mirroredOf, paramHeadersFor } from '../../../gateway/mcp/param-header.ts';
import { proves } from '../../requirement.ts';

const region = { type: 'string', 'x-mcp-header': 'Region' };
const tool = (properties: object) => ({ name: 'sql', inputSchema: { type: 'object', properties } });

describe('which parameters are mirrored', () => {
  test('those below nothing but properties, by their path', () => {
    const nested = { type: 'object', properties: { zone: { type: 'integer', 'x-mcp-header': 'zone-1' } } };
    expect(mirroredOf(tool({ region, place: nested, query: { type: 'string' } }))).toEqual([
      { header: 'mcp-param-region', path: ['region'] },
      { header: 'mcp-param-zone-1', path: ['place', 'zone'] },
    ]);
  });
  test.each<[string, unknown]>([
    ['in the items of an array', tool({ list: { type: 'array', items: region } })],
    ['below a choice', tool({ one: { anyOf: [region] } })],
    ['with a name that is no field-name', tool({ region: { ...region, 'x-mcp-header': 'a b' } })],
    ['with a line break in its name', tool({ region: { ...region, 'x-mcp-header': 'a\r\nb' } })],
    ['with an empty name', tool({ region: { ...region, 'x-mcp-header': '' } })],
    ['of a tool without a schema', { name: 'sql' }],
    ['of no tool', null],
  ])('none %s', (_, given) => {
    expect(mirroredOf(given)).toEqual([]);
  });
  test('a schema may be as deep as it likes', () => {
    let schema: object = region;
    for (let depth = 0; depth < 5000; depth++) schema = { properties: { deeper: schema } };
    expect(mirroredOf({ inputSchema: schema })).toEqual([]);
  });
});

describe('what the headers must say', () => {
  const mirrored = mirroredOf(tool({ region, count: { type: 'integer', 'x-mcp-header': 'Count' } }));
  const check = (args: unknown, headers: Record<string, string>): string => {
    try {
      checkParamHeaders(mirrored, args, new Map(Object.entries(headers)));
      return 'agrees';
    } catch (error) {
      return (error as Fault).code;
    }
  };

  test('every text agrees with its own encoding, and with no other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, other) => {
        const header = (value: string) => ({ 'mcp-param-region': `=?base64?${Buffer.from(value).toString('base64')}?=` });
        expect(check({ region: text }, header(text))).toBe('agrees');
        if (other !== text) expect(check({ region: text }, header(other))).toBe('HEADER_MISMATCH');
      }),
    );
  });

  test.each<[string, unknown, Record<string, string>, string]>([
    ['a plain value', { region: 'us' }, { 'mcp-param-region': 'us' }, 'agrees'],
    ['no header for a value', { region: 'us' }, {}, 'HEADER_MISMATCH'],
    ['a header for no value', {}, { 'mcp-param-region': 'us' }, 'HEADER_MISMATCH'],
    ['no header for null', { region: null }, {}, 'agrees'],
    ['a header for a value that only the prototype has', { count: undefined }, { 'mcp-param-count': '1' }, 'HEADER_MISMATCH'],
    ['base64 that is none', { region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }, 'HEADER_MISMATCH'],
    ['numbers as numbers', { count: 42 }, { 'mcp-param-count': '42.0' }, 'agrees'],
    ['another number', { count: 42 }, { 'mcp-param-count': '43' }, 'HEADER_MISMATCH'],
    ['a number in another notation', { count: 255 }, { 'mcp-param-count': '0xff' }, 'HEADER_MISMATCH'],
    ['an object where a value should be', { region: {} }, { 'mcp-param-region': '[object Object]' }, 'HEADER_MISMATCH'],
    ['a header that no parameter has', {}, { 'mcp-param-other': 'us' }, 'agrees'],
    ['no arguments', undefined, {}, 'agrees'],
  ])('%s', (_, args, headers, expected) => {
    proves('edge.param-headers-agree', {
      file: 'gateway/mcp/param-header.ts',
      find: "if (typeof value === 'string') return text === value;",
      replace: "if (typeof value === 'string') return true;",
    });
    expect(check(args, headers)).toBe(expected);
  });
});

describe('headers for a server', () => {
  test('say what the arguments say, whatever is in them', () => {
    const mirrored = mirroredOf(
      tool({ region, deep: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'N' } } } }),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null)),
        fc.option(fc.maxSafeInteger(), { nil: undefined }),
        (text, n) => {
          const args = { region: text, deep: { n } };
          const headers = paramHeadersFor(mirrored, args);
          for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
          if (text?.isWellFormed() ?? true)
            expect(() => checkParamHeaders(mirrored, args, new Map(Object.entries(headers)))).not.toThrow();
        },
      ),
    );
  });
  test('a tool is left out whose annotation no client may follow', () => {
    expect(isMirroredAsAllowed(tool({ region, 'x-mcp-header': { type: 'string', 'x-mcp-header': 'Name' } }))).toBe(true);
    expect(isMirroredAsAllowed(tool({ free: { const: { 'x-mcp-header': 'data' } } }))).toBe(true);
    for (const odd of [
      { list: { type: 'array', items: region } },
      { one: { anyOf: [region] } },
      { a: region, b: { ...region, 'x-mcp-header': 'REGION' } },
      { a: { ...region, type: 'number' } },
      { a: { ...region, type: 'object' } },
      { a: { ...region, 'x-mcp-header': '' } },
      { a: { ...region, 'x-mcp-header': 'a b' } },
      { a: { ...region, 'x-mcp-header': 7 } },
    ])
      expect(isMirroredAsAllowed(tool(odd))).toBe(false);
  });
});
