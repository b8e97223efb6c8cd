// The deployment of the tests about what MCP does not know: a server of each era, remote and on a workstation, with methods of its own, at a gateway that exposes some of
// them and at one with rules; raw hosts of both eras, for SDKs strip what they do not know, and one on an SDK that hears and answers it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { z } from 'zod';
import { vendorServer, type VendorServer } from '../fake/local-server/vendor.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { modernMeta } from './mcp.ts';
import { nodeServer } from './policy.ts';
import { root } from './program.ts';

export const eras = ['old', 'new'] as const;
export type Era = (typeof eras)[number];
export const names = ['remote-old', 'remote-new', 'local-old', 'local-new'] as const;
const local = join(root, 'test/fake/local-server/vendor.ts');
const exposed = [
  ...['vendor/reindex', 'vendor/said', 'vendor/card', 'vendor/fail', 'vendor/unheard-of', 'vendor/tell', 'vendor/ask'],
  ...['vendor/choose', 'notifications/vendor/moved', 'notifications/vendor/heard'],
];
const rules = [
  { name: 'word', method: 'pattern', patterns: ['sesame'], action: 'block', for: ['prompts'] },
  { name: 'described', method: 'pattern', patterns: ['thunder', 'com\\.example'], action: 'block', for: ['definitions'] },
  { name: 'said', method: 'pattern', patterns: ['lightning'], action: 'block', on: 'response', for: ['tools'] },
  { name: 'cards', method: 'pii', types: ['CREDIT_CARD'], action: 'redact', for: ['resources'] },
];

export interface Sent {
  readonly status: number;
  readonly body: string;
}
export interface VendorStage {
  readonly deployment: Deployment;
  readonly workstation: Workstation;
  /** For the gateway `eng`, and for `strict`. */
  readonly token: string;
  readonly strict: string;
  readonly remote: Readonly<Record<Era, VendorServer>>;
  url(server: string, gateway?: string): string;
  /** `server` empty: at the gateway's one URL. `params`: the members, as text. A method of that name is a notification. */
  send(era: Era, server: string, method: string, params?: string, gateway?: 'eng' | 'strict'): Promise<Sent>;
  /** The gateway server is another one, that knows no session of before. */
  restart(): Promise<void>;
  lastCall(): Promise<Record<string, unknown> | undefined>;
  close(): Promise<void>;
}

export async function standUp(): Promise<VendorStage> {
  const remote = { old: vendorServer(false), new: vendorServer(true) };
  const listeners = eras.map((era) => ({ era, server: listen(era, remote[era]) }));
  const servers: Record<string, object> = { 'local-old': { kind: 'workstation' }, 'local-new': { kind: 'workstation' } };
  for (const { era, server } of listeners) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = z.object({ port: z.number() }).parse(server.address());
    servers[`remote-${era}`] = { kind: 'remote', url: `http://127.0.0.1:${port}/mcp`, allowPrivate: ['127.0.0.1'] };
  }
  servers['open'] = servers['deaf'] = servers['remote-new'] ?? {};
  const assignments = Object.fromEntries(names.map((name) => [name, { methods: exposed }]));
  const deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng', 'strict'] } },
      servers,
      gateways: {
        eng: { assignments: { ...assignments, open: { methods: 'all' }, deaf: { methods: ['vendor/tell'] } } },
        strict: { assignments: { 'remote-new': { methods: 'all' }, 'remote-old': { tools: 'all' } }, rules },
      },
    },
  });
  const workstation = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { 'local-old': nodeServer(local), 'local-new': nodeServer(local, ['new']) } },
  });
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const strict = await deployment.hostToken({ user: 'ada', gateway: 'strict' });
  /** By place: the session of an old host. */
  const sessions = new Map<string, string>();

  async function send(era: Era, server: string, method: string, params = '', gateway: 'eng' | 'strict' = 'eng'): Promise<Sent> {
    const id = method.startsWith('notifications/') ? '' : '"id":"a",';
    const place = url(server, gateway);
    const post = async (body: string, more: Record<string, string>): Promise<Response> => {
      const authorization = `Bearer ${gateway === 'eng' ? token : strict}`;
      return fetch(place, { method: 'POST', headers: { 'content-type': 'application/json', authorization, ...more }, body });
    };
    const body = (all: string) => `{"jsonrpc":"2.0",${id}"method":${JSON.stringify(method)},"params":{${all}}}`;
    if (era === 'new') {
      const meta = `"_meta":${JSON.stringify(modernMeta)}`;
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
      const answered = await post(body(params === '' ? meta : `${params},${meta}`), headers);
      return { status: answered.status, body: await answered.text() };
    }
    let session = sessions.get(place);
    if (session === undefined) {
      const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
      const begun = await post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: about }), {});
      sessions.set(place, (session = begun.headers.get('mcp-session-id') ?? ''));
    }
    const answered = await post(body(params), { 'mcp-session-id': session });
    return { status: answered.status, body: await answered.text() };
  }

  const url = (server: string, gateway = 'eng') => `${deployment.origin}/g/${gateway}${server === '' ? '' : `/s/${server}`}/mcp`;
  await until('the workstation to serve', async () => (await send('new', 'local-new', 'vendor/reindex')).status === 200);
  return {
    ...{ deployment, workstation, token, strict, remote, url, send },
    async restart() {
      await deployment.restartGateway();
      sessions.clear();
    },
    lastCall: async () => (await deployment.calls(1)).at(-1),
    async close() {
      await deployment.close();
      for (const { server } of listeners) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function listen(era: Era, vendor: VendorServer) {
  return createServer(async (request, response) => {
    const answers = vendor.answersTo(await text(request));
    const [only = '', second] = answers;
    const isUnknown = era === 'new' && only.includes('"code":-32601');
    const type = second === undefined ? 'application/json' : 'text/event-stream';
    response.writeHead(only === '' ? 202 : isUnknown ? 404 : 200, { 'content-type': type });
    response.end(second === undefined ? only : answers.map((one) => `data: ${one}\n\n`).join(''));
  });
}

/** An old host on its SDK, which hears and answers what MCP does not know. */
export async function oldHost(url: string, token: string) {
  const client = new Client({ name: 'h', version: '1' });
  const told: unknown[] = [];
  const asked: unknown[] = [];
  client.fallbackNotificationHandler = (one) => Promise.resolve(void told.push(one));
  client.fallbackRequestHandler = (one) => (asked.push({ method: one.method, params: one.params }), Promise.resolve({ yes: 1 }));
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  // The SDK's own types do not agree with each other under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  const request = (method: string, params = {}) => client.request({ method, params }, z.looseObject({}));
  return { client, told, asked, request };
}

/** What a server was asked beside what it is. */
export function askedIn(said: readonly string[]): readonly string[] {
  return said.filter((one) => !one.includes('"server/discover"'));
}
