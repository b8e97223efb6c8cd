// A remote server that takes longer to start, and for its first list, than a call to it may: its host is not held up, and the list comes.
import { setTimeout as after } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { features } from '../../../gateway/mcp/feature.ts';
import { createKnownLists } from '../../../gateway/pipeline/known-list.ts';
import { createLateLists } from '../../../gateway/pipeline/late-list.ts';
import { createMute } from '../../../gateway/pipeline/mute.ts';
import { listen } from '../../fake/remote/listen.ts';
import { allowed, asJson, said, upstreamFor } from '../upstream/remote-fixture.ts';
import { uncut } from './uncut.ts';

test('a server that needs longer than its own time for its first list is in the next one, and no host waits longer for it than that time', async () => {
  const server = await listen(async (seen, response) => {
    const { id, method } = said(seen);
    if (id === undefined) return response.writeHead(202).end();
    if (method === 'server/discover') return asJson(response, { id, error: { code: -32601, message: 'no' } }, 400);
    await after(600);
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'a', version: '1' } };
    return asJson(response, { id, result: method === 'initialize' ? result : { tools: [{ name: 'echo' }] } });
  });
  const of = allowed(server, { timeoutMs: 400 });
  const lists = createKnownLists(upstreamFor(), uncut);
  let told = 0;
  const news = { hears: () => true, came: () => void told++ };
  const late = createLateLists({ lists, mute: createMute(), news });
  const begun = late.begin(features.tools, lists.ask);
  const beganAt = performance.now();
  await expect(begun.of(of, {}, new AbortController().signal)).rejects.toMatchObject({ code: 'SERVER_TIMEOUT' });
  expect(performance.now() - beganAt).toBeLessThan(590);
  begun.end();
  await vi.waitFor(() => expect(told).toBe(1), 3000);
  expect(lists.last(of, features.tools)).toMatchObject([{ name: 'echo' }]);
});
