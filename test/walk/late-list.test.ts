// Servers whose lists come late, or never, among others: nobody waits long for them, nothing of them is lost, and whoever can hear is told when they come.
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { type Answered, codeOf, modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

/** While it is there, `moody` does not answer. */
const mood = join(tmpdir(), `drawbridge-mood-${process.pid}`);
const listing = (options: object) => nodeServer(join(root, 'test/fake/local-server/listing.ts'), [JSON.stringify(options)]);
const users = ['ada', 'grace'] as const;
const tokens = new Map<string, string>();
let deployment: Deployment;

beforeAll(async () => {
  deployment = await deploy({
    policy: walkPolicy({
      dead: { tools: 'all', timeoutSeconds: 6 },
      late: { tools: 'all' },
      moody: { tools: 'all', timeoutSeconds: 6 },
      quick: { tools: 'all' },
    }),
  });
  const LocalServers = {
    dead: listing({ hangOnPage: 1, pages: 2 }),
    late: listing({ startMs: 1600 }),
    moody: listing({ hangOnPage: 0, hangsWhile: mood }),
    quick: listing({}),
  };
  for (const user of users) {
    await deployment.workstation({ user, profile: { LocalServers } });
    tokens.set(user, await deployment.hostToken({ user, gateway: 'eng' }));
    await until(`${user}'s servers to be offered`, async () => (await list(user, 'quick')).body.result !== undefined);
  }
}, 120_000);
afterAll(async () => {
  await deployment?.close();
  await rm(mood, { force: true });
});

const url = (server?: string) => `${deployment.origin}/g/eng${server === undefined ? '' : `/s/${server}`}/mcp`;
const list = (user: string, server?: string) => modern(url(server), tokens.get(user) ?? '', 'tools/list');
const namesIn = ({ body }: Answered) => ((body.result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name);
async function timed(user: string) {
  const began = performance.now();
  const answered = await list(user);
  return { names: namesIn(answered), meta: answered.body.result?.['_meta'], ms: performance.now() - began };
}

test('a first list waits for a server that takes a while to start, and not for one that never answers, which it names', async () => {
  proves('failure.mute-server-once', {
    file: 'gateway/pipeline/late-list.ts',
    find: 'await wait(isMute ? silentWithinMs : hearingWithinMs);',
    replace: 'await wait(hearingWithinMs);',
  });
  const first = await timed('ada');
  expect(first.names).toEqual(['late__tool-0', 'moody__tool-0', 'quick__tool-0']);
  expect(first.meta).toEqual({ 'drawbridge/leftOut': ['dead'] });
  expect(first.ms).toBeLessThan(4500);
  const next = await timed('ada');
  expect(next).toMatchObject({ names: first.names, meta: first.meta });
  expect(next.ms).toBeLessThan(450);
  expect(await deployment.calls(2)).toMatchObject([{ hidden: ['dead__*'] }, { hidden: ['dead__*'] }]);
  expect(deployment.gateway().stderr()).toMatch(/"server":"dead".*"a server was left out of a list"/);
  // At its own URL there is nobody to wait for it.
  expect(codeOf(await list('ada', 'dead'))).toBe('SERVER_TIMEOUT');
}, 60_000);

test('one that stops to answer is shown as it last was, at once from the second list on, until it answers again', async () => {
  await list('ada');
  await writeFile(mood, '');
  const first = await timed('ada');
  const next = await timed('ada');
  for (const one of [first, next]) {
    expect(one.names).toContain('moody__tool-0');
    expect(one.meta).toMatchObject({ 'drawbridge/stale': ['moody'] });
  }
  expect(first.ms).toBeLessThan(2000);
  expect(next.ms).toBeLessThan(450);
  await rm(mood);
  await until('it to be listed as it is', async () => !JSON.stringify((await timed('ada')).meta).includes('moody'));
});

test('a host that hears gets its first list soon, and is told of the servers that come after it', async () => {
  const client = new Client({ name: 'old-host', version: '1' });
  let told = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told++);
  const requestInit = { headers: { authorization: `Bearer ${tokens.get('grace')}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url()), { requestInit }));
  const names = async () => (await client.listTools()).tools.map(({ name }) => name);
  const began = performance.now();
  expect(await names()).toEqual(['moody__tool-0', 'quick__tool-0']);
  expect(performance.now() - began).toBeLessThan(1600);
  await until('it to be told', async () => told > 0);
  expect(await names()).toEqual(['late__tool-0', 'moody__tool-0', 'quick__tool-0']);
  await client.close();
});
