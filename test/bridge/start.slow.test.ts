// What the agent waits for before it dials, and what the programs load to start.
import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { runAgent } from '../../bridge/agent.ts';
import { askState } from '../../bridge/socket/ask.ts';
import { proves } from '../requirement.ts';
import { deploy, until } from '../walk/deployment.ts';
import { root } from '../walk/program.ts';

const uid = process.getuid?.() ?? -1;
const memory = { command: process.execPath, args: [join(root, 'test/fake/local-server/counting.ts')] };

test('the agent dials while the login shell still thinks about its PATH, and offers its servers when it has answered', async () => {
  proves('agent.dials-first', {
    file: 'bridge/agent.ts',
    find: "  void settling.ask('servers');",
    replace: "  await settling.ask('servers');",
  });
  const deployment = await deploy({ policy: { version: 1, users: { ada: { email: 'ada@example.org' } } } });
  onTestFinished(() => deployment.close());
  const { agent, stateDir, home, profileFile } = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { memory } },
  });
  await agent.stop();
  const [shell, asked, answer] = ['shell', 'asked', 'answer'].map((name) => join(deployment.dir, name));
  if (shell === undefined || asked === undefined || answer === undefined) throw new Error('no names');
  await writeFile(shell, `#!/bin/sh\necho $$ >${asked}\nuntil [ -e ${answer} ]; do sleep 0.05; done\nexec /bin/sh "$@"\n`);
  await chmod(shell, 0o755);
  const starting = runAgent({
    stateDir,
    isDefaultState: false,
    home,
    ownHome: home,
    profileFile,
    env: { PATH: '/usr/bin:/bin' },
    platform: 'linux',
    arch: process.arch,
    pid: process.pid,
    uid,
    userName: userInfo().username,
    hostname: hostname(),
    osVersion: 'test',
    bootId: undefined,
    shell,
    node: process.execPath,
    cli: join(root, 'bridge/launch.mjs'),
    productVersion: 'test',
    runtime: 'test',
    logger: pino({}, { write: () => undefined }),
    logLines: () => [],
  });
  onTestFinished(async () => (await starting).close());
  const state = await until('the tunnel to be up', async () => {
    const found = await askState(join(stateDir, 'agent.sock'), uid);
    return found.kind === 'answered' && found.value.tunnel.kind === 'connected' && found.value;
  });
  // the shell is asked, lives, and no server is known
  const pid = await until(
    'the shell to be asked',
    async () => Number(await readFile(asked, 'utf8').catch(() => '')) || undefined,
  );
  expect(process.kill(pid, 0)).toBe(true);
  expect(state.servers).toEqual([]);
  await writeFile(answer, '');
  expect((await starting).state().servers).toMatchObject([{ server: 'memory' }]);
});

test.each(['bridge/agent.ts', 'gateway/main.ts'])(
  "%s loads no WebSocket client of Node's, which no program uses",
  async (program) => {
    const script = `
    await import(${JSON.stringify(join(root, program))});
    const loaded = process.moduleLoadList.filter((name) => /undici|deps.amaro/.test(name));
    process.stdout.write(JSON.stringify(loaded), () => process.exit());
  `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const loaded: unknown = JSON.parse(stdout);
    expect(loaded).toContainEqual(expect.stringContaining('amaro'));
    expect(loaded).not.toContainEqual(expect.stringContaining('undici'));
  },
);

test('the gateway server loads no HTTP client, WebSockets or registry of metrics before it listens', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ load: (url, context, next) => (loaded.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]), next(url, context)) });
    await import(${JSON.stringify(join(root, 'gateway/serve.ts'))});
    process.stdout.write(JSON.stringify([...loaded]), () => process.exit());
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const loaded: unknown = JSON.parse(stdout);
  expect(loaded).toContain('kysely');
  for (const later of ['undici', 'ws', 'prom-client', 'oidc-provider', 'openid-client', 'yaml'])
    expect(loaded, later).not.toContain(later);
});
