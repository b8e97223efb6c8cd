// Who reaches what: another team nothing, two people with two workstations each only their own.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

const counting = join(root, 'test/fake/local-server/counting.ts');
let deployment: Deployment;
let dir: string;
const countFile = (user: string, index: number) => join(dir, `${user}-${index}`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-reach-'));
  deployment = await deploy({ policy: walkPolicy({ counting: { tools: 'all' }, extra: { tools: 'all' } }) });
  for (const user of ['ada', 'grace']) {
    for (const index of [1, 2]) {
      // The second workstation offers one server more.
      const own = nodeServer(counting, [countFile(user, index)]);
      await deployment.workstation({ user, profile: { LocalServers: { [index === 1 ? 'counting' : 'extra']: own } } });
    }
  }
});
afterAll(async () => {
  await deployment.close();
  await rm(dir, { recursive: true, force: true });
});

async function call(user: string, server: string, key: string) {
  const token = await deployment.hostToken({ user, gateway: 'eng' });
  return modern(`${deployment.origin}/g/eng/s/${server}/mcp`, token, 'tools/call', { name: 'count', arguments: { key } });
}
const counted = async (user: string, index: number) =>
  (await readFile(countFile(user, index), 'utf8').catch(() => '')).split('\n').filter(Boolean);

test('two people with two workstations each reach only their own', async () => {
  for (const user of ['ada', 'grace']) {
    for (const server of ['counting', 'extra']) {
      await until('an answer', async () => (await call(user, server, `${user}-${server}`)).body.result !== undefined);
    }
  }
  for (const user of ['ada', 'grace']) {
    expect(new Set(await counted(user, 1))).toEqual(new Set([`${user}-counting`]));
    expect(new Set(await counted(user, 2))).toEqual(new Set([`${user}-extra`]));
  }
});

test('a user of another team is refused, and it is on record', async () => {
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const other = await deployment.hostToken({ user: 'bob', gateway: 'ops' });
  const refused = await modern(`${deployment.origin}/g/eng/mcp`, other, 'tools/list');
  expect([refused.status, codeOf(refused)]).toEqual([403, 'GATEWAY_NOT_GRANTED']);
  expect(await deployment.records(1)).toMatchObject([
    { decision: 'refused', code: 'GATEWAY_NOT_GRANTED', user: { name: 'bob' } },
  ]);
  expect((await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/list')).status).toBe(200);
});

test('a token for a gateway that no team of its user grants opens nothing', async () => {
  const early = await deployment.hostToken({ user: 'bob', gateway: 'eng' });
  expect(codeOf(await modern(`${deployment.origin}/g/eng/mcp`, early, 'tools/list'))).toBe('GATEWAY_NOT_GRANTED');
});
