// A host's notification to a remote server that does not say that it took it: whatever ends it, it ends, so that it comes on record.
import { expect, test } from 'vitest';
import type { Trace } from '../../../gateway/upstream/upstream.ts';
import { listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';
import { asJson, said, tell, upstreamFor } from './remote-fixture.ts';

/** A server of 2025-11-25 that answers a foreign notification with a stream that goes on. */
async function endless(onHeard: () => void) {
  const about = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'a', version: '1' } };
  return listen((seen, response) => {
    const { id, method } = said(seen);
    if (method === 'initialize') return asJson(response, { id, result: about }, 200, { 'mcp-session-id': 's' });
    if (id !== undefined) return asJson(response, { id, error: { code: -32601, message: 'no' } }, 400);
    if (method !== 'vendor/heard') return response.writeHead(method === undefined ? 405 : 202).end();
    const stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => stream.write(': more\n\n'), 50);
    response.on('close', () => clearInterval(timer));
    return onHeard();
  });
}

test.each([
  ['its host is gone', 'CANCELLED'],
  ['its session ends', 'CANCELLED'],
  ['its time is over', 'SERVER_TIMEOUT'],
])('it ends where %s, and has been sent', async (why, code) => {
  proves('protocol.told-ends', {
    file: 'gateway/upstream/remote-tell.ts',
    find: 'for (const giveUp of underWay) giveUp();',
    replace: 'underWay.clear();',
  });
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const server = await endless(resolve);
  const upstream = upstreamFor();
  const host = new AbortController();
  const trace: Trace = {};
  const outcome = tell(upstream, server, trace, host.signal, code === 'SERVER_TIMEOUT' ? 1000 : 60_000).catch(
    (error: unknown) => error,
  );
  await heard;
  if (why.includes('host')) host.abort();
  if (why.includes('session')) upstream.release('one');
  expect(await outcome).toMatchObject({ code });
  expect(trace.forwardedAt).toBeTypeOf('number');
});
