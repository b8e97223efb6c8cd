// A remote server that takes the connection and never answers initialize: nobody waits for it longer than for any other answer, nor for what others began long before.
import { expect, test, vi } from 'vitest';
import { listen } from '../../fake/remote/listen.ts';
import { allowed, asJson, call, said, upstreamFor } from './remote-fixture.ts';

/** A legacy server whose first `hung` requests for `initialize` it never answers. */
async function hanging(hung: number) {
  const closed: boolean[] = [];
  const server = await listen((seen, response) => {
    const { id, method } = said(seen);
    if (id === undefined) return response.writeHead(202).end();
    if (method === 'initialize' && closed.length < hung) {
      const at = closed.push(false) - 1;
      return response.on('close', () => (closed[at] = true));
    }
    const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'a', version: '1' }, content: [] };
    return method === 'server/discover'
      ? asJson(response, { id, error: { code: -32601, message: 'no' } }, 400)
      : asJson(response, { id, result });
  });
  return { server, closed };
}

test('an initialize that is not answered is given up in the server’s own time', async () => {
  const { server, closed } = await hanging(1);
  const upstream = upstreamFor();
  await expect(call(upstream, allowed(server, { timeoutMs: 300 }))).rejects.toMatchObject({ code: 'SERVER_TIMEOUT' });
  await vi.waitFor(() => expect(closed).toEqual([true]));
  expect((await call(upstream, allowed(server, { timeoutMs: 300 }))).message.result).toBeDefined();
});

test('whoever comes later does not wait for an initialize that hangs, and who waits for it is served with them', async () => {
  const { server, closed } = await hanging(1);
  const upstream = upstreamFor(undefined, undefined, 200);
  const waiting = call(upstream, allowed(server));
  await vi.waitFor(() => expect(closed).toHaveLength(1));
  const soon = call(upstream, allowed(server));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const began = performance.now();
  expect((await call(upstream, allowed(server))).message.result).toBeDefined();
  expect((await Promise.all([waiting, soon])).every(({ message }) => message.result !== undefined)).toBe(true);
  expect(performance.now() - began).toBeLessThan(3000);
  expect(server.seen.filter((seen) => said(seen).method === 'initialize')).toHaveLength(2);
});
