// A modern host (2026-07-28) over HTTP at a server of its own era, through the whole product: what the edge checks of headers and statuses.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { type Answered, modern, modernMeta, post } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let token: string;
let one: string;
let all: string;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({ fixture: { tools: 'all' } }) });
  const LocalServers = { fixture: nodeServer(join(root, 'test/fake/conformance/modern.ts')) };
  await deployment.workstation({ user: 'ada', profile: { LocalServers } });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  one = `${deployment.origin}/g/eng/s/fixture/mcp`;
  all = `${deployment.origin}/g/eng/mcp`;
  await until('the tools are listed', async () => (await modern(one, token, 'tools/list')).body.result);
});
afterAll(() => deployment.close());

/** Calls the tool whose region the header Mcp-Param-Region mirrors. */
function callInRegion(url: string, region: unknown, headers: Record<string, string>): Promise<Answered> {
  const name = url === all ? 'fixture__test_custom_header' : 'test_custom_header';
  const params = { name, arguments: { region }, _meta: modernMeta };
  const standard = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
  return post(url, token, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { ...standard, ...headers });
}

describe('the headers that mirror parameters of a tool', () => {
  const routes = [
    ['at the one URL', () => all],
    ['at the server itself', () => one],
  ] as const;
  test.each(routes)('agree with the arguments, %s', async (_, url) => {
    const called = await callInRegion(url(), 'us-west1', { 'Mcp-Param-Region': 'us-west1' });
    expect([called.status, called.body.result?.['resultType']]).toEqual([200, 'complete']);
  });

  test.each(routes)('that contradict them, or are missing, keep the call from its server, %s', async (_, url) => {
    proves('edge.param-headers-before-call', {
      file: 'gateway/pipeline/use.ts',
      find: "request.caller.via === 'http' && item.kind === 'tools'",
      replace: "request.caller.via === 'shim' && item.kind === 'tools'",
    });
    for (const headers of [{ 'Mcp-Param-Region': 'eu-north1' }, {}] as Record<string, string>[]) {
      const refused = await callInRegion(url(), 'us-west1', headers);
      expect([refused.status, refused.body.error?.code]).toEqual([400, -32020]);
    }
    const record = (await deployment.records(10)).findLast(({ method }) => method === 'tools/call');
    expect(record).toMatchObject({ code: 'HEADER_MISMATCH' });
  });

  test('of another tool, or unknown ones, are nobody’s business', async () => {
    const headers = { 'mcp-param-region': 'nowhere', 'mcp-param-tenant': '7' };
    const called = await modern(one, token, 'tools/call', { name: 'test_simple_text' });
    expect(called.status).toBe(200);
    const params = { name: 'test_simple_text', _meta: modernMeta };
    const standard = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'test_simple_text' };
    const again = await post(one, token, { jsonrpc: '2.0', id: 2, method: 'tools/call', params }, { ...standard, ...headers });
    expect(again.body.result).toBeDefined();
  });
});

test('a tool that needs what the host did not declare is refused with 400 and the capabilities that it needs', async () => {
  const params = { name: 'test_missing_capability', _meta: modernMeta };
  const refused = await fetch(one, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': params.name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { code: -32021, data: { requiredCapabilities: { sampling: {} } } } });
});
