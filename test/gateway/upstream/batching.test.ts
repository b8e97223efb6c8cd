// Remote servers of 2025-03-26, which may put several messages into one: the call that one of them answers is answered, and what stands beside it is heard.
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
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
  await call(upstreamFor(), of as never);
  expect(told.map((text) => JSON.parse(text).params)).toMatchObject([log.params]);
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
