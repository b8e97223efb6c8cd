// Streams with real readers over real sockets.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { EventLog } from '../../../gateway/mcp/event-log.ts';
import { HostStream } from '../../../gateway/mcp/stream.ts';
import { proves } from '../../requirement.ts';
import { openConnection } from '../http/connection.ts';

/** One that reads nothing until it is told to. */
async function reader() {
  const connection = await openConnection();
  connection.socket.pause();
  return connection;
}
const log = () => new EventLog({ bytes: 0, limitBytes: 100_000_000 });

test('a reader that reads nothing misses what may be lost, is cut, and costs bounded memory', async () => {
  proves('protocol.slow-reader', {
    file: 'gateway/mcp/stream.ts',
    find: 'if (waiting > cutAboveBytes) this.#cut();',
    replace: 'if (waiting < 0) this.#cut();',
  });
  const { response } = await reader();
  const stream = new HostStream(1, log());
  stream.attach(response, undefined);
  for (let i = 0; i < 5000; i++) stream.send(Buffer.alloc(1000, 0x78), false);
  expect(response.writableLength).toBeLessThan(1_000_000);
  const closed = once(response, 'close');
  for (let i = 0; i < 200; i++) stream.send(Buffer.alloc(100_000, 0x78), true);
  expect(response.writableLength).toBeLessThan(6_000_000);
  await closed;
  expect(stream.hasReader).toBe(false);
});

test('a stream without a reader keeps what was never handed over for the next one', async () => {
  const stream = new HostStream(0, log());
  stream.send(Buffer.from('"before"'), false);
  const first = await reader();
  expect(stream.attach(first.response, undefined)).toBe('attached');
  stream.send(Buffer.from('"after"'), true);
  const second = await reader();
  expect(stream.attach(second.response, undefined)).toBe('attached');
  stream.finish(Buffer.from('"last"'));
  for (const { socket } of [first, second]) socket.resume();
  const data = (text: string) => [...text.matchAll(/^data: (.+)$/gm)].map(([, value]) => value);
  await expect.poll(() => [data(first.text()), data(second.text())]).toEqual([['"before"', '"after"'], ['"last"']]);
  expect([stream.attach(first.response, 3), stream.attach(first.response, undefined)]).toEqual(['over', 'over']);
});

test('a message that its server wrote over several lines is one event all the same', async () => {
  const { response, socket, text } = await reader();
  const stream = new HostStream(3, log());
  stream.attach(response, undefined);
  stream.finish(Buffer.from('{\n  "id": 1,\r\n  "result": {}\n}'));
  socket.resume();
  await expect.poll(text).toContain('id: 3-1\nevent: message\ndata: {   "id": 1,    "result": {} }\n\n');
});
