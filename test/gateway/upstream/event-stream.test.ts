// Server-sent events, read in pieces of any size.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventStream } from '../../../gateway/upstream/event-stream.ts';
import { proves } from '../../requirement.ts';

function read(text: string | Buffer, limit = 10_000, pieces: readonly number[] = []) {
  const data: string[] = [];
  let tooLarge = 0;
  const stream = new EventStream(limit, { onData: (one) => void data.push(one.toString('utf8')), onTooLarge: () => tooLarge++ });
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text);
  let at = 0;
  for (const size of pieces) {
    stream.feed(bytes.subarray(at, at + size));
    at = Math.min(at + size, bytes.length);
  }
  stream.feed(bytes.subarray(at));
  return { data, tooLarge, lastId: stream.lastId, retryMs: stream.retryMs };
}

test('data, ids, comments and the pause are told apart', () => {
  const text =
    '\ufeff: hello\nid: 7\nretry: 250\ndata: one\ndata:two\n\nevent: other\ndata: unseen\n\nevent: message\r\ndata:  three\r\n\r\nid\ndata\n\n: end';
  expect(read(text)).toEqual({ data: ['one\ntwo', ' three', ''], tooLarge: 0, lastId: '', retryMs: 250 });
});

test('an event that is not ended is none', () => {
  expect(read('data: half\n').data).toEqual([]);
});

test('pieces of any size and ends of lines of any kind make the same events', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(
      fc.array(fc.array(line, { minLength: 1, maxLength: 3 }), { maxLength: 5 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 200 }),
      (events, end, pieces) => {
        const text = events.map((lines) => lines.map((one) => `data: ${one}${end}`).join('') + end).join('');
        expect(read(text, 10_000, pieces).data).toEqual(events.map((lines) => lines.join('\n')));
      },
    ),
  );
});

test('an event beyond the limit is told of once and ends the reading, in however many pieces it comes', () => {
  proves('remote.event-stream-bounded', {
    file: 'gateway/upstream/event-stream.ts',
    find: 'if (this.#size <= this.#limitBytes) {',
    replace: 'if (this.#size <= this.#limitBytes * 1000) {',
  });
  const text = `data: ${'x'.repeat(200)}\n\ndata: late\n\n`;
  expect(read(text, 100)).toMatchObject({ data: [], tooLarge: 1 });
  expect(
    read(
      text,
      100,
      Array.from({ length: 300 }, () => 1),
    ),
  ).toMatchObject({ data: [], tooLarge: 1 });
  const many = `data: ${'x'.repeat(30)}\n`.repeat(10);
  expect(read(`${many}\n`, 100)).toMatchObject({ data: [], tooLarge: 1 });
  // The limit is for each event.
  expect(read('data: small\n\n'.repeat(100), 100).data).toHaveLength(100);
  expect(read(': comment of some length\n'.repeat(100) + 'data: small\n\n', 100).data).toEqual(['small']);
});
