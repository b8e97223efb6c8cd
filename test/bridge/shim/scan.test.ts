// What the scanner reads of a stream is what a whole parser would have read, however the bytes are cut.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScanner } from '../../../bridge/shim/scan.ts';
import type { ScannedLine } from '../../../bridge/shim/scan.ts';
import { proves } from '../../requirement.ts';

function scan(text: string, cuts: readonly number[]): ScannedLine[] {
  const lines: ScannedLine[] = [];
  const scanner = createScanner((line) => lines.push(line));
  const bytes = Buffer.from(text);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  let from = 0;
  for (const at of [...places, bytes.length]) {
    scanner.push(bytes.subarray(from, at));
    from = at;
  }
  return lines;
}

/** What a parser reads at the top. */
function expected(message: Record<string, unknown>): ScannedLine {
  const { id, method } = message;
  const isId = typeof id === 'string' || typeof id === 'number';
  return {
    id: isId ? JSON.stringify(id) : undefined,
    method: typeof method === 'string' ? JSON.stringify(method).slice(1, -1) : undefined,
    isResponse: 'result' in message || 'error' in message,
  };
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('"id":1}', '\\', '\\"', '{"method":"x"', 'é😀', '\n', 'x'.repeat(300), `${'y'.repeat(200)}"\\`),
);
const value = fc.oneof(
  { maxDepth: 4 },
  text,
  fc.jsonValue({ maxDepth: 3 }),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text),
);
const id = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 30 }),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const message = fc
  .record(
    {
      jsonrpc: fc.constant('2.0'),
      id,
      method: fc.string({ maxLength: 30 }),
      params: value,
      result: value,
      error: value,
      extra: value,
    },
    { requiredKeys: ['jsonrpc'] },
  )
  .chain((of) =>
    fc.shuffledSubarray(Object.entries(of), { minLength: Object.keys(of).length }).map((members) => Object.fromEntries(members)),
  );

test('it reads ids, methods and responses as a parser does, at any cut of the bytes', () => {
  proves('agent.shim-ids', {
    file: 'bridge/shim/scan.ts',
    find: 'escaped = !escaped && byte === backslash;',
    replace: 'escaped = byte === backslash;',
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.constantFrom(0, 1),
      (messages, cuts, spaces) => {
        const lines = messages.map((of) => (spaces === 0 ? JSON.stringify(of) : JSON.stringify(of).replaceAll(/^\{/g, '{ ')));
        const read = scan(lines.map((line) => `${line}\n`).join(''), cuts);
        expect(read).toEqual(messages.map((of) => expected(JSON.parse(JSON.stringify(of)))));
      },
    ),
    { numRuns: 1000 },
  );
});

test('white space around the members changes nothing', () => {
  expect(scan(' { "jsonrpc" : "2.0" , "id" : 12 , "method" : "tools/call" , "params" : { "id" : 3 } } \r\n', [3, 9, 30])).toEqual(
    [{ id: '12', method: 'tools/call', isResponse: false }],
  );
});

test('what is no JSON-RPC has no id, and the next line is read all the same', () => {
  const good = { id: '1', method: 'ping', isResponse: false };
  for (const bad of [
    'hello',
    '[{"id":1}]',
    '{"id":',
    '"id":1',
    '{"id":{"id":2}}',
    '}}}}',
    '{"a":"\\',
    '{"id":tru',
    `{"id":"${'x'.repeat(400)}"}`,
  ])
    expect(scan(`${bad}\n{"id":1,"method":"ping"}\n`, [5])).toEqual([
      { id: undefined, method: undefined, isResponse: false },
      good,
    ]);
});

test('it counts the bytes of the line that has begun', () => {
  const scanner = createScanner(() => {});
  scanner.push(Buffer.from('{}\n{"a":'));
  scanner.push(Buffer.from('"b'));
  expect(scanner.lineBytes).toBe(7);
  scanner.push(Buffer.from('"}\n'));
  expect(scanner.lineBytes).toBe(0);
});
