// What the agent waits for before it dials, and what the programs load to start.
import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { runAgent } from '../../bridge/agent.ts';
import { askState } from '../../bridge/socket/ask.ts';
import { proves } from '../requirement.ts';
import { type Deployment, type PolicyText, deploy, until } from '../walk/deployment.ts';
import { codeOf, modern } from '../walk/mcp.ts';
import { walkPolicy } from '../walk/policy.ts';
import { root } from '../walk/program.ts';

const uid = process.getuid?.() ?? -1;
const memory = { command: process.execPath, args: [join(root, 'test/fake/local-server/counting.ts')] };

/** A workstation whose agent was there before, and starts again with a login shell that thinks until `answer` is called. */
async function startThinking(policy: PolicyText): Promise<{
  readonly deployment: Deployment;
  readonly stateDir: string;
  readonly starting: ReturnType<typeof runAgent>;
  readonly asked: () => Promise<number>;
  readonly answer: () => Promise<void>;
}> {
  const deployment = await deploy({ policy });
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
  return {
    deployment,
    stateDir,
    starting,
    asked: () => until('the shell to be asked', async () => Number(await readFile(asked, 'utf8').catch(() => '')) || undefined),
    answer: () => writeFile(answer, ''),
  };
}

test('the agent dials while the login shell still thinks about its PATH, and offers its servers when it has answered', async () => {
  proves('agent.dials-first', {
    file: 'bridge/agent.ts',
    find: "  void settling.ask('servers');",
    replace: "  await settling.ask('servers');",
  });
  const policy = { version: 1, users: { ada: { email: 'ada@example.org' } } };
  const { stateDir, starting, asked, answer } = await startThinking(policy);
  const state = await until('the tunnel to be up', async () => {
    const found = await askState(join(stateDir, 'agent.sock'), uid);
    return found.kind === 'answered' && found.value.tunnel.kind === 'connected' && found.value;
  });
  // the shell is asked, lives, and no server is known
  expect(process.kill(await asked(), 0)).toBe(true);
  expect(state.servers).toEqual([]);
  await answer();
  expect((await starting).state().servers).toMatchObject([{ server: 'memory' }]);
});

test('a call that comes meanwhile, to a server that was offered before, waits for the shell and is answered', async () => {
  const { deployment, asked, answer } = await startThinking(walkPolicy({ memory: { tools: 'all' } }));
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const url = `${deployment.origin}/g/eng/s/memory/mcp`;
  await asked();
  const calling = until('the tunnel to be up', async () => {
    const answered = await modern(url, token, 'tools/list');
    return codeOf(answered) === 'WORKSTATION_OFFLINE' ? undefined : answered;
  });
  expect(await Promise.race([calling, wait(500, 'it waits')])).toBe('it waits');
  await answer();
  expect((await calling).body.result).toBeDefined();
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
