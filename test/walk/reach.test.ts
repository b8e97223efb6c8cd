// Who reaches what: another team nothing, two people with two workstations each only their own, and of two that could serve the one used last.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

const counting = join(root, 'test/fake/local-server/counting.ts');
let deployment: Deployment;
let dir: string;
const devices: Workstation[] = [];
const countFile = (user: string, index: number) => join(dir, `${user}-${index}`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-reach-'));
  deployment = await deploy({
    policy: walkPolicy({ counting: { tools: 'all' }, extra: { tools: 'all' }, both: { tools: 'all' } }),
  });
  for (const user of ['ada', 'grace']) {
    for (const index of [1, 2]) {
      // The second workstation offers one server more.
      const own = nodeServer(counting, [countFile(user, index)]);
      const LocalServers = { [index === 1 ? 'counting' : 'extra']: own, both: nodeServer(counting) };
      devices.push(await deployment.workstation({ user, profile: { LocalServers } }));
    }
  }
});
afterAll(async () => {
  await deployment.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 10 });
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
  expect(await deployment.calls(1)).toMatchObject([{ decision: 'refused', code: 'GATEWAY_NOT_GRANTED', user: { name: 'bob' } }]);
  expect((await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/list')).status).toBe(200);
});

test('a token for a gateway that no team of its user grants opens nothing', async () => {
  const early = await deployment.hostToken({ user: 'bob', gateway: 'eng' });
  expect(codeOf(await modern(`${deployment.origin}/g/eng/mcp`, early, 'tools/list'))).toBe('GATEWAY_NOT_GRANTED');
});

test('a host with a URL is served by the device that was used last, and by none where that says nothing', async () => {
  proves('policy.last-device', {
    file: 'gateway/upstream/workstation.ts',
    find: 'lastUsed.set(owner, workstation);',
    replace: '',
  });
  const [first, second] = devices.slice(2);
  if (!first || !second) throw new Error('grace has two devices');
  const token = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
  const call = (server: string) =>
    modern(`${deployment.origin}/g/eng/s/${server}/mcp`, token, 'tools/call', { name: 'count', arguments: {} });
  /** The device that answered, as the record says. */
  const servedBy = async (server: string) => {
    await until('an answer', async () => (await call(server)).body.result !== undefined);
    return String((await deployment.calls(1))[0]?.['workstation']);
  };
  const [one, two] = [await servedBy('counting'), await servedBy('extra')];
  expect(one).not.toBe(two);

  const refused = await call('both');
  expect(codeOf(refused)).toBe('WORKSTATION_AMBIGUOUS');
  expect(JSON.stringify(refused.body.error)).toMatch(new RegExp(`(${one}.*${two}|${two}.*${one})`));

  await second.agent.stop();
  expect(await servedBy('both')).toBe(one);
  await second.restart();
  expect(await servedBy('extra')).toBe(two);
  expect(await servedBy('both')).toBe(one);

  await first.agent.stop();
  expect(await servedBy('both')).toBe(two);
  await first.restart();
  expect(await servedBy('counting')).toBe(one);
  expect(await servedBy('both')).toBe(two);
});
