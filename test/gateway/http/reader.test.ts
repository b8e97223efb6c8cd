// Who listens to a stream of events for long: that the connection stays, and when it ends.
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { createReaders } from '../../../gateway/http/reader.ts';
import { proves } from '../../requirement.ts';
import { openConnection } from './connection.ts';

async function opened() {
  const connection = await openConnection();
  connection.response.writeHead(200).flushHeaders();
  return connection;
}
function readers() {
  const made = createReaders({ logger: pino({ level: 'silent' }), everyMs: 10 });
  onTestFinished(() => made.close());
  return made;
}

test('a reader to whom nothing is said hears a comment now and then', async () => {
  const { response, text } = await opened();
  readers().add(response, () => undefined);
  await expect.poll(text).toContain(': keep-alive\n\n');
});

test('a reader that may listen no more is cut', async () => {
  proves('protocol.listen-while-admitted', {
    file: 'gateway/http/reader.ts',
    find: 'await reader.admit?.();',
    replace: 'void reader;',
  });
  const { response, socket, text } = await opened();
  let isAdmitted = true;
  readers().add(response, async () => {
    if (!isAdmitted) throw new Fault('TOKEN_REVOKED');
  });
  await expect.poll(text).toContain(': keep-alive\n\n');
  const closed = once(socket, 'close');
  isAdmitted = false;
  await closed;
});

test('a reader that may listen no more is cut at once where something changed', async () => {
  proves('protocol.listen-ended', {
    file: 'gateway/pipeline/review.ts',
    find: 'isDue = true;',
    replace: '',
  });
  const [{ response, socket }, other] = [await opened(), await opened()];
  const made = createReaders({ logger: pino({ level: 'silent' }), everyMs: 600_000 });
  onTestFinished(() => made.close());
  let isAdmitted = true;
  made.add(response, async () => {
    if (!isAdmitted) throw new Fault('TOKEN_REVOKED');
  });
  made.add(other.response, () => undefined);
  made.review();
  const closed = once(socket, 'close');
  isAdmitted = false;
  made.review();
  await closed;
  expect(other.response.destroyed).toBe(false);
});

test('however often something changes, readers are reviewed some at a time, and again only once all were', async () => {
  proves('protocol.reviews-bounded', {
    file: 'gateway/pipeline/review.ts',
    find: 'reviewing ??= reviewAll()',
    replace: 'reviewing = reviewAll()',
  });
  const made = createReaders({ logger: pino({ level: 'silent' }), everyMs: 600_000 });
  onTestFinished(() => made.close());
  let asked = 0;
  let most = 0;
  let isRefused = false;
  const waiting: (() => void)[] = [];
  const responses = Array.from({ length: 150 }, () => new ServerResponse(new IncomingMessage(new Socket())));
  for (const response of responses)
    made.add(response, async () => {
      asked++;
      await new Promise<void>((resolve) => void (most = Math.max(most, waiting.push(resolve))));
      if (isRefused) throw new Fault('TOKEN_REVOKED');
    });
  const answer = async (): Promise<void> => {
    while (waiting.length > 0) {
      for (const resolve of waiting.splice(0)) resolve();
      await new Promise(setImmediate);
    }
  };
  for (let change = 0; change < 10; change++) made.review();
  await answer();
  expect([asked, most]).toEqual([300, 64]);
  made.review();
  isRefused = true;
  for (let change = 0; change < 10; change++) made.review();
  await answer();
  expect(responses.every(({ destroyed }) => destroyed)).toBe(true);
});

test('a reader that reads nothing is cut', async () => {
  const { response, socket } = await opened();
  socket.pause();
  response.write(Buffer.alloc(50_000_000)); // more than the two ends of a connection take
  const closed = once(response, 'close');
  readers().add(response);
  await closed;
});

test('who only listens is sent away when the gateway server stops, and who waits for an answer is not', async () => {
  const [listens, waits] = [await opened(), await opened()];
  const all = readers();
  all.add(listens.response, () => undefined);
  all.add(waits.response);
  all.close();
  await expect.poll(() => listens.response.writableFinished).toBe(true);
  expect(waits.response.writableEnded).toBe(false);
});
