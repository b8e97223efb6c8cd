// A directory deactivates somebody at a running gateway server: their open session, their tunnel and their tokens end at once, and coming back brings none back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern, post } from './mcp.ts';
import { walkPolicy } from './policy.ts';

let deployment: Deployment;
let secret: string;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({}) });
  const made = await deployment.admin('directory', 'token', 'create', '--json');
  secret = z.object({ token: z.string() }).parse(JSON.parse(made)).token;
});
afterAll(() => deployment?.close());

async function scim(method: string, path: string, body: object) {
  const headers = { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/scim+json' };
  const response = await fetch(`${deployment.origin}/scim/v2${path}`, { method, headers, body: JSON.stringify(body) });
  expect(response.status).toBeLessThan(300);
  return z.looseObject({ id: z.string() }).parse(await response.json());
}
const active = (value: boolean) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', path: 'active', value }],
});

test('whoever is deactivated is refused at the next call of an open session, and their tunnel is closed', async () => {
  proves('scim.cut', {
    file: 'gateway/store/sql/hold.ts',
    find: ".updateTable('workstation')",
    replace: ".updateTable('workstation').where('hostname', '=', '')",
  });
  const { id } = await scim('POST', '/Users', { userName: 'ada@example.org', active: true });
  const url = `${deployment.origin}/g/eng/mcp`;
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const others = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
  const begun = await post(url, token, {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
  });
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': '2025-11-25' };
  const next = () => post(url, token, { jsonrpc: '2.0', id: 2, method: 'tools/list' }, session);
  expect((await next()).status).toBe(200);
  const workstation = await deployment.workstation({ user: 'ada' });
  const tunnels = async () => /drawbridge_tunnels (\d+)/.exec(await (await fetch(await metrics())).text())?.[1];
  await until('the tunnel to stand', async () => (await tunnels()) === '1');

  await scim('PATCH', `/Users/${id}`, active(false));
  const refused = await next();
  expect([refused.status, codeOf(refused)]).toEqual([401, expect.stringMatching(/^(?:TOKEN_REVOKED|USER_UNKNOWN)$/)]);
  expect((await modern(url, others, 'tools/list')).status).toBe(200);
  await until('the tunnel to be closed', async () => (await tunnels()) === '0');

  expect(await deployment.admin('directory', 'held')).toMatch(/^ada +directory /m);

  await scim('PATCH', `/Users/${id}`, active(true));
  expect((await next()).status).toBe(401);
  const fresh = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  expect((await modern(url, fresh, 'tools/list')).status).toBe(200);
  expect(await tunnels()).toBe('0');
  await workstation.agent.stop();
});

async function metrics(): Promise<string> {
  return z.looseObject({ metricsUrl: z.string() }).parse(await deployment.gateway().event('listening')).metricsUrl;
}
