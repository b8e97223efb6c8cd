// What one local server does while another is still being looked up, with an agent that is a process and a gateway server that is one too.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { Slug } from '#contract/id.ts';
import { askCommand, askState } from '../../bridge/socket/ask.ts';
import { deploy, until } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { root } from '../walk/program.ts';
import { proves } from '../requirement.ts';

const uid = process.getuid?.() ?? -1;
const memory = { command: process.execPath, args: [join(root, 'test/fake/local-server/counting.ts')] };
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['all'] } },
  teams: { all: { gateways: ['eng'] } },
  servers: { memory: { kind: 'workstation' }, second: { kind: 'workstation' } },
  gateways: { eng: { assignments: { memory: { tools: 'all' }, second: { tools: 'all' } } } },
};

test('a restart of one server does not wait until another one has been fetched', async () => {
  const deployment = await deploy({ policy });
  onTestFinished(() => deployment.close());
  const docker = join(deployment.dir, 'docker');
  // it answers nothing for long once it is told so
  await writeFile(docker, '#!/bin/sh\n[ -e "$0.slow" ] && sleep 15\nexit 1\n', { mode: 0o755 });
  const image = { command: docker, args: ['run', '--rm', '-i', 'nowhere.example/image'] };
  const { agent, stateDir } = await deployment.workstation({ user: 'ada', profile: { LocalServers: { memory, image } } });
  onTestFinished(async () => void (await agent.stop()));
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
  const asked = { name: 'memory__echo', arguments: { text: 'x' } };
  await until('an answer', async () => {
    const { body } = await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/call', asked);
    return body.result;
  });
  const socket = join(stateDir, 'agent.sock');
  const children = async (): Promise<number | undefined> => {
    const { value } = { value: undefined, ...(await askState(socket, uid)) };
    return value?.servers.find(({ server }) => server === 'memory')?.children;
  };
  expect(await children()).toBe(1);
  await writeFile(`${docker}.slow`, '');
  const begun = performance.now();
  expect(await askCommand(socket, uid, { name: 'restart_server', server: 'memory' as Slug })).toMatchObject({ kind: 'answered' });
  expect(performance.now() - begun).toBeLessThan(12_000);
  expect(await children()).toBe(0);
}, 60_000);

test('a server that is new is called while another new one is still being fetched, and what was there stays', async () => {
  const deployment = await deploy({ policy });
  onTestFinished(() => deployment.close());
  const docker = join(deployment.dir, 'docker');
  await writeFile(docker, '#!/bin/sh\nsleep 20\nexit 1\n', { mode: 0o755 });
  const image = { command: docker, args: ['run', '--rm', '-i', 'nowhere.example/image'] };
  const { agent, stateDir, profileFile } = await deployment.workstation({ user: 'ada', profile: { LocalServers: { memory } } });
  onTestFinished(async () => void (await agent.stop()));
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
  const answers = async (server: string): Promise<boolean> => {
    const asked = { name: `${server}__echo`, arguments: { text: 'x' } };
    const { body } = await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/call', asked);
    return body.result !== undefined;
  };
  await until('an answer of the first', () => answers('memory'));
  const profile = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(profileFile, 'utf8')));
  await writeFile(profileFile, JSON.stringify({ ...profile, LocalServers: { image, memory, second: memory } }));
  const begun = performance.now();
  void askCommand(join(stateDir, 'agent.sock'), uid, { name: 'reload' });
  await until('an answer of the second', () => answers('second'));
  expect(performance.now() - begun).toBeLessThan(15_000);
  expect(await answers('memory')).toBe(true);
}, 60_000);

test('a server that the gateway approved is refused at no moment after a start of the agent', async () => {
  proves('local-server.verdict-awaited', {
    file: 'bridge/local-servers.ts',
    find: 'if (!mayOpen(server)) await untilItMay(server);',
    replace: '',
  });
  const deployment = await deploy({ policy });
  onTestFinished(() => deployment.close());
  const home = join(deployment.dir, 'home');
  await mkdir(join(home, '.codex'), { recursive: true });
  const [command, args] = [memory.command, memory.args].map((value) => JSON.stringify(value));
  await writeFile(join(home, '.codex/config.toml'), `[mcp_servers.memory]\ncommand = ${command}\nargs = ${args}\n`);
  const profile = { GatewaySlug: 'eng', EnforcementMode: 'enforce', LocalServerApproval: 'gateway' };
  const workstation = await deployment.workstation({ user: 'ada', home, profile });
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
  const Offers = z.array(z.looseObject({ fingerprint: z.string() }));
  const { fingerprint } = await until('the offer', async () => {
    const [offer] = Offers.parse(JSON.parse(await deployment.admin('server', 'offered', '--json')));
    return offer;
  });
  await deployment.admin('server', 'approve', 'memory', '--fingerprint', fingerprint);
  const asked = { name: 'memory__echo', arguments: { text: 'x' } };
  const refusals = new Set<unknown>();
  const ask = async (): Promise<unknown> => {
    const { body } = await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/call', asked);
    if (body.error) refusals.add(body.error.data?.['code']);
    return body.result;
  };
  const answer = (): Promise<unknown> => until('an answer', ask, 30_000);
  await answer();
  await workstation.agent.stop();
  refusals.clear();
  await Promise.all([workstation.restart(), answer()]);
  expect([...refusals]).toEqual(['WORKSTATION_OFFLINE']);
}, 60_000);
