// Streams that are listened to, before real servers of the SDKs that stand behind a door: whoever's token is refused there gets in with a renewed one.
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '#contract/secret.ts';
import { type ChangingServer, serveChangingNew, serveChangingOld } from '../../fake/remote/changing.ts';
import { pipe } from '../../fake/remote/guarded.ts';
import { closed, listening } from '../../fake/remote/old.ts';
import { proves } from '../../requirement.ts';
import { modernMeta, post } from '../../walk/mcp.ts';
import { hearer } from './hearer.ts';
import { allowed, upstreamFor } from './remote-fixture.ts';

/** In front of a server: lets in one token, and keeps the id of the session that it saw last. */
async function door(inner: ChangingServer) {
  const seen: { good: string; session: string | undefined; refused: number } = { good: 'one', session: undefined, refused: 0 };
  const http = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${seen.good}`) {
      seen.refused++;
      return response.writeHead(401, { 'www-authenticate': 'Bearer', 'content-type': 'application/json' }).end('{}');
    }
    seen.session = [request.headers['mcp-session-id']].flat()[0] ?? seen.session;
    pipe(request, response, inner.url);
  });
  const origin = await listening(http);
  onTestFinished(async () => {
    await closed(http);
    await inner.close();
  });
  return { origin, seen, cut: () => http.closeAllConnections() };
}

/** Identities whose value is another one once it was refused. */
function renewable() {
  let value = 'one';
  let renewals = 0;
  const identity = () => ({ id: 'one', setAt: 1, isSignIn: true, value: new Secret(value) });
  const renewRefused = () => {
    renewals++;
    value = 'two';
    return Promise.resolve(true);
  };
  return { identities: { identity, renewRefused }, renewals: () => renewals };
}
const auth = { identity: 'own', header: 'Authorization', isBearer: true, scheme: 'oauth' } as const;

/** The server itself says that its tools changed; nobody calls it through the gateway. */
async function say(inner: ChangingServer, session: string | undefined): Promise<void> {
  const isOld = session !== undefined;
  const params = { name: 'notify', arguments: { method: 'notifications/tools/list_changed', params: {}, count: 1 } };
  const headers: Record<string, string> = isOld
    ? { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
    : { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'notify' };
  const body = { jsonrpc: '2.0', id: 900, method: 'tools/call', params: isOld ? params : { ...params, _meta: modernMeta } };
  expect((await post(inner.url, undefined, body, headers)).body.result).toBeDefined();
}

test.each([
  ['2026-07-28', serveChangingNew],
  ['2025-11-25', serveChangingOld],
])('who listens to a server of %s hears on after its token was refused there, though nobody calls', async (_, serve) => {
  proves('remote.listened-renewed', {
    file: 'gateway/upstream/remote-listen.ts',
    find: 'if (status === 401 && !isAgain) return void refused();',
    replace: '',
  });
  proves('remote.listened-renewed', {
    file: 'gateway/upstream/remote-news.ts',
    find: 'const isRenewed = await deps.renewed();',
    replace: 'const isRenewed = false;',
  });
  const inner = await serve();
  const { origin, seen, cut } = await door(inner);
  const { identities, renewals } = renewable();
  const upstream = upstreamFor('', identities);
  const one = hearer({ keepsOpen: true });
  const following = upstream.follow(allowed({ origin } as never, { auth }), one);
  onTestFinished(() => following.close());
  await expect.poll(() => inner.streams(), { timeout: 20_000 }).toBe(1);
  seen.good = 'two';
  cut();
  await expect.poll(() => inner.streams() === 1 && renewals() > 0, { timeout: 20_000 }).toBe(true);
  one.heard.length = 0;
  const heard = async () => {
    await say(inner, seen.session);
    return one.heard;
  };
  await expect.poll(heard, { timeout: 20_000 }).toContain('tools');
});
