// What no revision of MCP knows, from a server to hosts of both eras through a whole gateway server: each byte of it arrives. Raw peers, for SDKs strip such things.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { deploy, type Deployment } from './deployment.ts';
import { modernMeta } from './mcp.ts';

const strange =
  '"content":[{"type":"hologram","frames":[1,2]},{"type":"text","text":"caf\\u00e9","vendor":{"z":1}}],"structuredContent":{"big":12345678901234567890,"neg":-0,"one":1.0},"vendorTop":[null,false],"_meta":{"example.org/x":{"y":2}}';
const Asked = z.looseObject({ id: z.unknown().optional(), method: z.string() });
const about = { capabilities: { tools: {} }, serverInfo: { name: 'strange', version: '1' } };

/** Of 2025-11-25 without sessions, or of 2026-07-28. */
function serve(isModern: boolean) {
  return createServer(async (request, response) => {
    const { id, method } = Asked.parse(await json(request));
    if (id === undefined) return response.writeHead(202).end();
    const lists = { tools: [{ name: 'odd', inputSchema: { type: 'object' } }] };
    const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    const known: Record<string, string> = {
      'tools/list': JSON.stringify({ ...lists, ...(isModern && modern) }),
      'tools/call': `{${isModern ? '"resultType":"complete",' : ''}${strange}}`,
      ...(isModern
        ? { 'server/discover': JSON.stringify({ ...about, ...modern, supportedVersions: ['2026-07-28'] }) }
        : { initialize: JSON.stringify({ ...about, protocolVersion: '2025-11-25' }) }),
    };
    const result = known[method];
    response.writeHead(result === undefined && isModern ? 404 : 200, { 'content-type': 'application/json' });
    const rest = result === undefined ? '"error":{"code":-32601,"message":"no"}' : `"result":${result}`;
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${rest}}`);
  });
}
const servers = { old: serve(false), new: serve(true) };
let deployment: Deployment;
let token: string;

beforeAll(async () => {
  const urls = new Map<string, string>();
  for (const [name, server] of Object.entries(servers)) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    urls.set(name, `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}/mcp`);
  }
  const every = (of: (name: string) => object) => Object.fromEntries([...urls.keys()].map((name) => [name, of(name)]));
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: every((name) => ({ kind: 'remote', url: urls.get(name), allowPrivate: ['127.0.0.1'] })),
      gateways: { eng: { assignments: every(() => ({ tools: 'all' })) } },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
}, 60_000);
afterAll(async () => {
  await deployment?.close();
  for (const server of Object.values(servers)) {
    server.close();
    server.closeAllConnections();
  }
});

function send(method: string, params: object, headers: Record<string, string>): Promise<Response> {
  const all = { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return fetch(`${deployment.origin}/g/eng/mcp`, { method: 'POST', headers: all, body });
}
async function answerTo(era: 'old' | 'new', name: string): Promise<string> {
  if (era === 'new') {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
    return (await send('tools/call', { name, arguments: {}, _meta: modernMeta }, headers)).text();
  }
  const begun = await send(
    'initialize',
    { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h', version: '1' } },
    {},
  );
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
  return (await send('tools/call', { name, arguments: {} }, session)).text();
}

test.each([
  ['old', 'old'],
  ['old', 'new'],
  ['new', 'old'],
  ['new', 'new'],
] as const)(
  'unknown content, fields and numbers reach a host of the %s era from a server of the %s one byte for byte',
  async (host, server) => {
    expect(await answerTo(host, `${server}__odd`)).toContain(strange);
  },
);

test.each(['', '/s/new'])('a method that no revision has is refused at /g/eng%s/mcp, not passed on', async (place) => {
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'vendor/method',
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'vendor/method', params: { _meta: modernMeta } });
  const answered = await fetch(`${deployment.origin}/g/eng${place}/mcp`, { method: 'POST', headers, body });
  expect(answered.status).toBe(404);
  expect(await answered.text()).toContain('METHOD_UNKNOWN');
});
