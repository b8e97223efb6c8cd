// Large messages against JSON.parse: what it takes is taken, what it refuses is refused, and nothing but long texts is read as another.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { keysAtMost, readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { skim } from '../../../gateway/mcp/skim.ts';
import { membersOnce } from '../../../gateway/mcp/span.ts';
import { proves } from '../../requirement.ts';

const long = 20_000;
/** A long text with something in it: nothing, what JSON escapes, or what is no ASCII. */
const text = fc
  .tuple(
    fc.constantFrom('', '\n', '"', '\\', '\u007f', 'é', '😀', '\\"', '\0', ' : '),
    fc.nat({ max: long }),
    fc.constantFrom(10, long),
  )
  .map(([odd, at, size]) => {
    const filler = 'a ]}'.repeat(size / 4 + 1).slice(0, size);
    return filler.slice(0, at) + odd + filler.slice(at);
  });
const carried = fc.oneof(
  text,
  fc.record({ text, more: fc.array(text, { maxLength: 2 }) }),
  fc.tuple(text, fc.json()).map(([key, value]) => ({ [key]: value })),
);
const message = fc.oneof(
  carried.map((args) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'a', arguments: args, _meta: { b: 'c' } },
  })),
  carried.map((content) => ({ jsonrpc: '2.0', id: 'x', result: { content: [{ type: 'text', text: content }], isError: false } })),
);

/** The same value with empty arrays for long texts that JSON does not have to escape. */
function withoutLong(value: unknown): unknown {
  if (typeof value === 'string')
    return Buffer.byteLength(value) + 2 > 16 * 1024 && JSON.stringify(value).length === value.length + 2 ? [] : value;
  if (Array.isArray(value)) return value.map(withoutLong);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutLong(one)]));
}

function skimmed(body: Buffer): unknown {
  return skim(body, membersOnce(body, keysAtMost + 1));
}

function read(by: () => unknown): { value: unknown } | 'refused' {
  try {
    return { value: by() };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return 'refused';
  }
}

describe('a large message', () => {
  test('says what JSON.parse says of it, but for its long texts', () => {
    fc.assert(
      fc.property(message, fc.constantFrom(0, 1), (value, indent) => {
        expect(skimmed(Buffer.from(JSON.stringify(value, null, indent)))).toEqual(withoutLong(value));
      }),
    );
  });

  test('is refused exactly where JSON.parse refuses it, whatever was done to its bytes', () => {
    proves('protocol.large-is-json', {
      file: 'gateway/mcp/skim.ts',
      find: 'plainUntil(body, from + 1) === to - 1',
      replace: 'true',
    });
    const damage = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      by: fc.constantFrom('', '"', '\\', '\n', '\u001f', '{', ']', ',', ':', 'x', '""', '\\u12'),
      removed: fc.nat({ max: 2 }),
    });
    fc.assert(
      fc.property(message, fc.array(damage, { maxLength: 3 }), (value, damages) => {
        let bytes = Buffer.from(JSON.stringify(value));
        for (const { at, by, removed } of damages) {
          const place = Math.floor(at * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(by), bytes.subarray(place + removed)]);
        }
        const expected = read(() => JSON.parse(bytes.toString('utf8')));
        const found = read(() => skimmed(bytes));
        expect(found === 'refused').toBe(expected === 'refused');
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a line break in a text', '\n'],
    ['a control character in a text', '\u0001'],
    ['an escape that is none', '\\x'],
    ['a text that ends too early', '"'],
  ])('with %s is refused', (_, odd) => {
    const filler = 'a'.repeat(long);
    for (const at of [0, 1, 15, 16, 17, long - 1, long]) {
      const arguments_ = `{"text":"${filler.slice(0, at)}${odd}${filler.slice(at)}"}`;
      const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":${arguments_}}}`);
      expect(() => readMessage(body)).toThrow(Fault);
    }
  });

  test('that is larger than what is looked at in one go is looked at to its end', () => {
    for (const size of [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 200_000]) {
      const filler = 'a'.repeat(size);
      const of = (value: string) =>
        Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${value}"}]}}`);
      expect(skimmed(of(filler))).toMatchObject({ result: { content: [{ type: 'text', text: [] }] } });
      expect(() => skimmed(of(`${filler}\u0001`))).toThrow(SyntaxError);
      expect(() => skimmed(of(`${filler.slice(0, -1)}\u0001${filler}`))).toThrow(SyntaxError);
    }
  });

  test('that is no UTF-8 is refused', () => {
    const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"content":"${'a'.repeat(long)}é"}}`, 'latin1');
    expect(() => readMessage(body)).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });

  test('keeps its long texts wherever the gateway server may have to read them', () => {
    const name = 'n'.repeat(long);
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, requestState: name, _meta: { name } } };
    expect(skimmed(Buffer.from(JSON.stringify(request)))).toEqual(request);
  });
});
