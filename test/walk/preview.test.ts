// What a person would see, asked of a running gateway server at the command line: their workstation, a remote server, and one that knows each caller by their own identity.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createAdminClient } from '#contract/admin-client.ts';
import type { Preview } from '#contract/admin-preview.ts';
import { Slug } from '#contract/id.ts';
import { type PullingServer, servePulling } from '../fake/remote/pulling.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { nodeServer } from './policy.ts';
import { root, run } from './program.ts';

const tool = (name: string, readOnlyHint: boolean) => ({ name, inputSchema: { type: 'object' }, annotations: { readOnlyHint } });
const cli = join(root, 'gateway/cli.ts');
let deployment: Deployment;
let far: PullingServer;
const tokens = new Map<string, string>();

beforeAll(async () => {
  far = await servePulling(() => JSON.stringify([tool('look', true), tool('wipe', false)]));
  const reading = { tools: { if: { readOnlyHint: true } } };
  const remote = { kind: 'remote', url: far.url, allowPrivate: ['127.0.0.1'] };
  deployment = await deploy({
    policy: {
      version: 1,
      roles: { provisioner: { capabilities: ['provisioning.manage'] } },
      users: {
        ada: { email: 'ada@example.org', teams: ['all'], role: 'super-admin' },
        bob: { email: 'bob@example.org', teams: ['all'] },
        cyd: { email: 'cyd@example.org', role: 'provisioner', teams: ['all'] },
        dan: { email: 'dan@example.org' },
      },
      teams: { all: { gateways: ['eng'] } },
      servers: { near: { kind: 'workstation' }, far: remote, crm: { ...remote, auth: 'header' } },
      gateways: { eng: { assignments: { near: reading, far: reading, crm: { ...reading, identity: 'own' } } } },
    },
  });
  const file = join(deployment.dir, 'tools.json');
  await writeFile(file, JSON.stringify([tool('read', true), tool('write', false)]));
  const near = nodeServer(join(root, 'test/fake/local-server/pulling.ts'), [file]);
  await deployment.workstation({ user: 'ada', profile: { LocalServers: { near } } });
  await deployment.identity('a-token', '--server', 'crm', '--user', 'ada');
  const issue = async (user: string) => {
    const made = await deployment.admin('access-token', 'create', '--user', user, '--json');
    tokens.set(user, z.object({ token: z.string() }).parse(JSON.parse(made)).token);
  };
  await Promise.all(['ada', 'cyd'].map(issue));
}, 60_000);
afterAll(async () => {
  await deployment?.close();
  await far?.close();
});

function raw(by: string, ...args: string[]) {
  const env = { DRAWBRIDGE_ACCESS_TOKEN: tokens.get(by) ?? '' };
  return run(cli, ['preview', 'eng', '--url', deployment.origin, ...args], { env });
}
/** The code of what refuses it, or what comes back. */
async function asked(by: string, user: string, identity: 'none' | 'own'): Promise<Preview | string> {
  const client = createAdminClient({ origin: deployment.origin, token: tokens.get(by) ?? '', fetch });
  const body = { user: Slug.parse(user), kind: 'tools', identity } as const;
  const outcome = await client.call('gateways.preview', { params: { gateway: Slug.parse('eng') }, body });
  return outcome.ok ? outcome.answer : outcome.refusal.code;
}
async function preview(user: string, identity: 'none' | 'own' = 'none'): Promise<Preview> {
  const found = await asked('ada', user, identity);
  if (typeof found === 'string') throw new Error(found);
  return found;
}
const itemsOf = ({ items }: Preview) =>
  items.map(({ server, name, shownAs, hidden }) => `${server} ${name} ${shownAs ?? hidden?.code}`);
const serversOf = ({ servers }: Preview) =>
  servers.map(({ server, state, why, identity }) => `${server} ${state} ${why?.code ?? identity}`);

test('shows what the hosts of that person are shown and what else their servers have, and asks nothing as that person', async () => {
  proves('preview.own-identity', {
    file: 'gateway/pipeline/preview.ts',
    find: "identity !== 'own'",
    replace: "identity === 'own'",
  });
  const shown = await until('the local server to be asked', async () => {
    const found = await preview('ada');
    return serversOf(found).includes('near listed none') ? found : undefined;
  });
  expect(serversOf(shown)).toEqual(['crm unknown PREVIEW_NOT_AS_THEM', 'far listed none', 'near listed none']);
  expect(itemsOf(shown)).toEqual([
    'far look far__look',
    'far wipe CONDITION_UNMET',
    'near read near__read',
    'near write CONDITION_UNMET',
  ]);
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const url = `${deployment.origin}/g/eng/mcp`;
  const listed = z
    .looseObject({ tools: z.array(z.looseObject({ name: z.string() })) })
    .parse((await modern(url, token, 'tools/list', {})).body.result);
  expect(listed.tools.map(({ name }) => name)).toEqual(['crm__look', 'far__look', 'near__read']);
  const call = async (name: string) => codeOf(await modern(url, token, 'tools/call', { name, arguments: {} }));
  expect([await call('near__read'), await call('near__write')]).toEqual([undefined, 'CONDITION_UNMET']);
  const calls = (await deployment.records()).filter((record) => record['kind'] === 'call' && record['host'] === 'preview');
  expect(calls).toEqual([]);
});

test('uses their own identity where that is asked for by whoever may manage identities, and says what each server lacks', async () => {
  expect(serversOf(await preview('ada', 'own'))).toEqual(['crm listed own', 'far listed none', 'near listed none']);
  expect(serversOf(await preview('bob', 'own'))).toEqual([
    'crm unknown IDENTITY_MISSING',
    'far listed none',
    'near unknown WORKSTATION_OFFLINE',
  ]);
  expect(await asked('cyd', 'ada', 'own')).toBe('CAPABILITY_NEEDED');
});

test('is on record as a deed of whoever asked, with whom it was about and why', async () => {
  proves('preview.on-record', {
    file: 'gateway/admin/preview.ts',
    find: '.administration.noteDeed();',
    replace: '.administration.user(body.user);',
  });
  expect((await raw('cyd', '--user', 'dan', '--reason', 'to look')).stdout).toContain('dan sees nothing at eng');
  const deed = await until('the deed to be on record', async () =>
    (await deployment.deeds()).find(({ reason }) => reason === 'to look'),
  );
  expect(deed).toMatchObject({
    operation: 'gateways.preview',
    target: 'eng',
    actor: { kind: 'user', user: { name: 'cyd' } },
    after: { user: 'dan', identity: 'none' },
  });
});

test('says at the command line what is wrong with the token, the address and the name', async () => {
  const errorOf = async (...args: string[]) => (await raw('ada', ...args)).stderr;
  const found = await Promise.all([
    errorOf('--user', 'nobody'),
    errorOf('--user', 'ada', '--url', 'http://gateway.example.org'),
    errorOf('--user', 'ada', '--kind', 'tool'),
  ]);
  const told = ['NAME_UNKNOWN', '--url', 'use one of tools, prompts, resources, templates'];
  expect(found).toEqual(told.map((words) => expect.stringContaining(words)));
});
