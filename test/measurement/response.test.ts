// What the load generator reads from a socket.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createResponseReader, type Response } from '../bench/load/response.ts';

const message = '{"jsonrpc":"2.0","id":1,"result":{}}';
const sized = (body: string, type = 'application/json'): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nMcp-Session-Id: abc\r\n\r\n${body}`;
const chunked = (...parts: string[]): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${[...parts, '']
    .map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
    .join('')}`;
const events = `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\nevent: message\ndata: ${message}\n\n`;

describe('a response', () => {
  const forms = {
    'with a length': sized(message),
    'in chunks of an event stream': chunked(events.slice(0, 30), events.slice(30)),
    'as one event': sized(events, 'text/event-stream'),
  };
  test.each(Object.entries(forms))('%s is the same however its bytes arrive, one after the other', (_, form) => {
    const bytes = Buffer.from(form + form);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: form.length - 1 }), { maxLength: 8 }), (cuts) => {
        const read = createResponseReader();
        const found: Response[] = [];
        for (const whole of [bytes.subarray(0, form.length), bytes.subarray(form.length)]) {
          const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
          for (const [i, place] of places.entries()) {
            const response = i === 0 ? undefined : read(whole.subarray(places[i - 1], place));
            if (response !== undefined) found.push(response);
          }
        }
        expect(found.map(({ status, message: body }) => [status, body.toString().trim()])).toEqual([
          [200, message],
          [200, message],
        ]);
      }),
    );
  });

  test('names its session, and may have no body', () => {
    expect(createResponseReader()(Buffer.from(sized(message)))?.sessionId).toBe('abc');
    const accepted = createResponseReader()(Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'));
    expect(accepted).toMatchObject({ status: 202, message: Buffer.alloc(0) });
  });
});
