// Servers of 2025-03-26, which may put several messages into one: the call that one of them answers is answered, and what stands beside it is heard.
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { noAbilities } from '../../../gateway/mcp/ability.ts';
import { openSession } from '../../../gateway/upstream/session.ts';
import { listen } from '../../fake/remote/listen.ts';
import { allowed, asJson, call, said, upstreamFor } from './remote-fixture.ts';

type OnCall = (id: number, response: ServerResponse) => void;
const serving = (version: string, onCall: OnCall) =>
  listen((seen, response) => {
    const { id, method } = said(seen);
    if (id === undefined) return response.writeHead(202).end();
    if (method === 'tools/call') return onCall(id, response);
    const result = { protocolVersion: version, capabilities: {}, serverInfo: { name: 'a', version: '1' } };
    return method === 'initialize'
      ? asJson(response, { id, result })
      : asJson(response, { id, error: { code: -32601, message: 'no' } }, 400);
  });
const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hello' } };
const answer = (id: number) => ({ jsonrpc: '2.0', id, result: { content: [] } });
const asStream: OnCall = (id, response) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify([log, answer(id)])}\n\n`);
const asArray: OnCall = (id, response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([answer(id)]));

test.each([
  ['on a stream', asStream],
  ['as JSON', asArray],
])('an answer in a batch answers its call: %s', async (_, onCall) => {
  const server = await serving('2025-03-26', onCall);
  const { message } = await call(upstreamFor(), allowed(server));
  expect(message.value).toEqual({ content: [] });
});

test('what is told in a batch before the answer is heard', async () => {
  const server = await serving('2025-03-26', asStream);
  const told: string[] = [];
  const of = {
    ...allowed(server),
    audience: { tell: (body: Buffer) => told.push(body.toString()), abilities: { declared: '{}' } },
  };
  // Nothing else of a host is asked in a call that only tells.
  await call(upstreamFor(), of as never);
  expect(told.map((text) => JSON.parse(text).params)).toMatchObject([log.params]);
});

test('what is told in a batch behind the answer is heard too', async () => {
  const server = await serving('2025-03-26', (id, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([answer(id), log])),
  );
  const told: string[] = [];
  const of = {
    ...allowed(server),
    audience: { tell: (body: Buffer) => told.push(body.toString()), abilities: { declared: '{}' } },
  };
  const { message } = await call(upstreamFor(), of as never);
  expect(message.value).toEqual({ content: [] });
  expect(told.map((text) => JSON.parse(text).params)).toMatchObject([log.params]);
});

test('what can not be read behind an answer in its batch does not cost the answer, and fails the call before it', async () => {
  const serve = (batch: (id: number) => unknown[]) =>
    serving('2025-03-26', (id, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(batch(id))),
    );
  const { message } = await call(upstreamFor(), allowed(await serve((id) => [answer(id), 5, log])));
  expect(message.value).toEqual({ content: [] });
  const garbage = await serve((id) => [5, answer(id)]);
  await expect(call(upstreamFor(), allowed(garbage))).rejects.toMatchObject({ code: 'SERVER_GARBAGE' });
});

test.each(['empty', 'too many'])('a batch that is none fails its call: %s', async (what) => {
  const server = await serving('2025-03-26', (id, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(what === 'empty' ? [] : Array.from({ length: 51 }, () => answer(id)))),
  );
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'SERVER_GARBAGE' });
});

test('no server of another revision may send one', async () => {
  const server = await serving('2025-06-18', asArray);
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'SERVER_GARBAGE' });
});

test('a batch in a batch is none, however deep, and is not read level by level', async () => {
  let say: (text: string) => void = () => undefined;
  let dropped = 0;
  function send(message: Buffer): void {
    const { id } = JSON.parse(message.toString()) as { id?: number };
    const result = { protocolVersion: '2025-03-26', capabilities: {}, serverInfo: { name: 'a', version: '1' } };
    if (id !== undefined) queueMicrotask(() => say(JSON.stringify({ jsonrpc: '2.0', id, result })));
  }
  const session = await openSession({
    server: Slug.parse('tracker'),
    workstation: null,
    isShared: false,
    abilities: noAbilities,
    open(events) {
      say = (text) => events.onMessage(Buffer.from(text));
      return Promise.resolve({ queuedBytes: 0, send, close: () => undefined });
    },
    knownEra: 'legacy',
    knownAbout: undefined,
    startWithinMs: 5000,
    onDropped: () => void dropped++,
    screen: () => undefined,
    onClosed: () => undefined,
  });
  const began = performance.now();
  say(`${'['.repeat(400)}"${'x'.repeat(1_000_000)}"${']'.repeat(400)}`);
  expect(performance.now() - began).toBeLessThan(300);
  expect(dropped).toBe(1);
  session.close();
});
