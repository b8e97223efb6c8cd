// The agent as its own process, with a real gateway server: one per state directory, from its first start to its end.
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AgentState } from '#contract/agent.ts';
import { PostureStatus } from '#contract/posture.ts';
import { askState } from '../../bridge/socket/ask.ts';
import { proves } from '../requirement.ts';
import { deploy, until } from '../walk/deployment.ts';
import type { Deployment, Workstation } from '../walk/deployment.ts';
import { run, root, startProgram } from '../walk/program.ts';
import { initialize, startShim } from './shim/fixture.ts';

const cli = join(root, 'bridge/cli.ts');
const uid = process.getuid?.() ?? -1;
const memory = { command: process.execPath, args: [join(root, 'test/fake/local-server/counting.ts')] };
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['all'] } },
  teams: { all: { gateways: ['eng'] } },
  servers: { memory: { kind: 'workstation' } },
  gateways: { eng: { assignments: { memory: { tools: 'all' } } }, ops: {} },
};
const codexConfig = '# mine\n[mcp_servers.memory]\ncommand = "node"\nargs = ["server.js"]\n';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({ policy });
});
afterAll(async () => deployment.close());
// one workstation of ada's at a time: with several online a call would have to name one
const started: Workstation[] = [];
afterEach(async () => {
  for (const { agent } of started.splice(0)) await agent.stop();
});
const workstationWith = async (of: { profile?: object; home?: string } = {}): Promise<Workstation> => {
  const workstation = await deployment.workstation({ user: 'ada', ...of });
  started.push(workstation);
  return workstation;
};

async function homeWithCodex(name: string): Promise<string> {
  const home = join(deployment.dir, name);
  await mkdir(join(home, '.codex'), { recursive: true });
  await writeFile(join(home, '.codex/config.toml'), codexConfig);
  return home;
}
const stateOf = async ({ stateDir }: Workstation): Promise<AgentState> => {
  const asked = await askState(join(stateDir, 'agent.sock'), uid);
  if (asked.kind !== 'answered') throw new Error(JSON.stringify(asked));
  return asked.value;
};
const connected = (workstation: Workstation): Promise<unknown> =>
  until('the tunnel to be up', async () => (await stateOf(workstation)).tunnel.kind === 'connected');
const postureOf = async ({ stateDir }: Workstation): Promise<PostureStatus> =>
  PostureStatus.parse(JSON.parse(await readFile(join(stateDir, 'posture.json'), 'utf8')));

test('it enrolls by the token of the profile, which is spent and emptied, and says what is true', async () => {
  proves('agent.token-spent', {
    file: 'bridge/uplink.ts',
    find: "await emptyFile(file).catch((error: unknown) => deps.logger.warn({ err: error }, 'enrollment token file not emptied'));",
    replace: '',
  });
  const workstation = await workstationWith({ profile: { LocalServers: { memory } } });
  await connected(workstation);
  expect(await readFile(join(workstation.stateDir, 'enrollment-token'), 'utf8')).toBe('');
  expect((await stat(workstation.stateDir)).mode & 0o777).toBe(0o700);
  const state = await stateOf(workstation);
  expect(state).toMatchObject({ isComplete: true, pid: workstation.agent.pid, gateway: 'eng', device: { userName: 'ada' } });
  expect(state.servers).toMatchObject([{ server: 'memory', origin: 'profile', status: 'ready' }]);
  const shown = await workstation.cli('status');
  expect(shown.stdout).toContain('connected for');
  expect(shown.stdout).toMatch(/memory +ready/);
  const posture = await postureOf(workstation);
  expect(posture).toMatchObject({ gateway: { auth: 'ok' }, integrity: { alg: 'ES256', key_id: state.device?.workstation } });
  // the same device again, without a token
  await workstation.restart('SIGKILL');
  await connected(workstation);
  expect((await stateOf(workstation)).device?.workstation).toBe(state.device?.workstation);
});

test('a second agent on the same state directory ends with one line that names the first', async () => {
  proves('agent.one-per-state', {
    file: 'bridge/agent.ts',
    find: "if (held.kind === 'taken') throw new Fault('AGENT_RUNNING', { pid: held.pid, stateDir });",
    replace: "if (held.kind === 'taken') throw new Fault('BUSY', { what: 'it' });",
  });
  const workstation = await workstationWith();
  const second = await run(cli, ['agent', '--state', workstation.stateDir]);
  expect(second.code).toBe(1);
  expect(second.stdout).toBe('');
  expect(second.stderr).toMatch(/^drawbridge: .*\n$/);
  expect(second.stderr).toContain(`process ${workstation.agent.pid}`);
  expect((await stateOf(workstation)).pid).toBe(workstation.agent.pid);
});

test('SIGTERM ends it within 3 s with exit code 0, and its posture says "stopped"', async () => {
  proves('agent.stops', {
    file: 'bridge/posture/heartbeat.ts',
    find: "closing ??= beat('stopping')",
    replace: "closing ??= beat('due')",
  });
  const workstation = await workstationWith({ profile: { LocalServers: { memory } } });
  await connected(workstation);
  const began = performance.now();
  expect(await workstation.agent.stop('SIGTERM')).toBe(0);
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(await postureOf(workstation)).toMatchObject({ status: 'stopped', compliant: false, gateway: { tunnel: 'down' } });
  const told = await workstation.cli('posture', '--format', 'kv', '--profile', workstation.profileFile);
  expect(told).toMatchObject({ code: 2, stdout: expect.stringContaining('verdict=stale\n') });
});

test('asked to end while it starts, it ends all the same', async () => {
  const stateDir = join(deployment.dir, 'early');
  const program = startProgram(cli, ['agent', '--state', stateDir, '--home', deployment.dir]);
  await until('the lock', async () => readFile(join(stateDir, 'agent.lock'), 'utf8').catch(() => undefined));
  expect(await program.stop('SIGTERM')).toBe(0);
});

test('a host started by the launcher with a bare environment is served; kill -9 of the agent ends it with words', async () => {
  const workstation = await workstationWith({ profile: { LocalServers: { memory } } });
  await connected(workstation);
  const url = `${deployment.origin}/g/eng/s/memory/mcp`;
  const shim = spawn(join(workstation.stateDir, 'bin/drawbridge'), ['connect', '--host', 'codex', url], {
    env: { PATH: '/nowhere' },
  });
  let said = '';
  let errors = '';
  shim.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  shim.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  shim.stdin.write(`${JSON.stringify(initialize)}\n`);
  await until('the answer to initialize', async () => said.includes('"protocolVersion"'));
  const ended = once(shim, 'close');
  await workstation.agent.stop('SIGKILL');
  await ended;
  expect(shim.exitCode).toBe(1);
  expect(errors).toContain('Drawbridge on this workstation ended');
});

test('a local server that IT denies while it runs is ended, and its host is told', async () => {
  proves('agent.sanction-lasting', {
    file: 'bridge/sanctioned.ts',
    find: 'if (one.refusal) one.local.close()',
    replace: 'if (one.refusal) Promise.resolve()',
  });
  const workstation = await workstationWith({ profile: { LocalServers: { memory } } });
  await connected(workstation);
  const shim = startShim(workstation.stateDir, ['--host', 'codex', `${deployment.origin}/g/eng/s/memory/mcp`]);
  try {
    await shim.ask(initialize);
    // the gateway learns a moment after the tunnel is up what is offered
    let id = 0;
    await until('the tools', async () => (await shim.ask({ jsonrpc: '2.0', id: ++id, method: 'tools/list', params: {} })).result);
    expect((await stateOf(workstation)).servers).toMatchObject([{ status: 'running', children: 1 }]);
    const profile = JSON.parse(await readFile(workstation.profileFile, 'utf8'));
    await writeFile(workstation.profileFile, JSON.stringify({ ...profile, DeniedLocalServerCommands: [['node']] }));
    await until('the server to be ended', async () => {
      const [server] = (await stateOf(workstation)).servers;
      return server?.status === 'refused' && server.children === 0;
    });
    const { error } = await shim.ask({
      jsonrpc: '2.0',
      id: 'after',
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'x' } },
    });
    expect(error?.data.code).toMatch(/^SERVER_(?:DENIED|NOT_OFFERED)$/);
  } finally {
    await shim.close();
  }
});

test('in enforce mode the hosts name only the gateway, a change of the profile is in force at once, and restore is byte-exact', async () => {
  proves('agent.restore-under-enforcement', {
    file: 'bridge/command/host.ts',
    find: 'await refuseUnderEnforcement(device, terminal);',
    replace: '',
  });
  const home = await homeWithCodex('enforced');
  const workstation = await workstationWith({ home, profile: { EnforcementMode: 'observe' } });
  const config = (): Promise<string> => readFile(join(home, '.codex/config.toml'), 'utf8');
  await connected(workstation);
  expect(await config()).toBe(codexConfig);
  expect((await stateOf(workstation)).findings.map(({ code }) => code)).toContain('direct_stdio');
  expect((await workstation.cli('posture', '--profile', workstation.profileFile)).code).toBe(1);

  const profile = JSON.parse(await readFile(workstation.profileFile, 'utf8'));
  await writeFile(workstation.profileFile, JSON.stringify({ ...profile, EnforcementMode: 'enforce' }));
  const launcher = join(workstation.stateDir, 'bin/drawbridge');
  await until('the config to be rewritten', async () => (await config()).includes(launcher));
  expect(await config()).toContain(`args = ["connect", "--host", "codex", "${deployment.origin}/g/eng/s/memory/mcp"]`);
  expect(await config()).toContain('# mine');
  await until(
    'the state to follow',
    async () => !(await stateOf(workstation)).findings.some(({ code }) => code === 'direct_stdio'),
  );

  const at = ['--home', home, '--profile', workstation.profileFile];
  const refused = await workstation.cli('hosts', 'restore', ...at);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('enforces the gateway') });
  expect(await config()).toContain(launcher);
  await workstation.agent.stop();
  const restored = await workstation.cli('hosts', 'restore', '--json', ...at);
  expect(JSON.parse(restored.stdout)).toMatchObject({ files: [{ result: 'exact' }] });
  expect(await config()).toBe(codexConfig);
});

test('where several gateways are granted and none is chosen, no host is changed and the profile is asked to choose', async () => {
  await deployment.apply({ ...policy, teams: { all: { gateways: ['eng', 'ops'] } } });
  const home = await homeWithCodex('undecided');
  const workstation = await workstationWith({ home, profile: { EnforcementMode: 'enforce' } });
  const state = await until('the finding', async () => {
    const now = await stateOf(workstation);
    return now.findings.some(({ code }) => code === 'gateway_choice') ? now : undefined;
  });
  expect(state.gateway).toBeUndefined();
  expect(await readFile(join(home, '.codex/config.toml'), 'utf8')).toBe(codexConfig);
  const plan = await workstation.cli('hosts', 'plan', '--home', home, '--profile', workstation.profileFile);
  expect(plan).toMatchObject({ code: 1, stderr: expect.stringContaining('GatewaySlug') });
  await deployment.apply(policy);
});

test('enroll takes the token from stdin, refuses a gateway that the profile does not name, and says what it made', async () => {
  const stateDir = join(deployment.dir, 'by-hand');
  const profileFile = join(deployment.dir, 'by-hand.json');
  await writeFile(profileFile, JSON.stringify({ GatewayURL: deployment.origin }));
  await chmod(profileFile, 0o600);
  const { token } = JSON.parse(await deployment.admin('token', 'enroll', '--user', 'ada', '--json'));
  const at = ['--state', stateDir, '--profile', profileFile];
  const foreign = await run(cli, ['enroll', '--gateway', 'https://evil.example.org', ...at], { input: `${token}\n` });
  expect(foreign).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('does not allow the gateway https://evil.example.org'),
  });
  expect(await run(cli, ['enroll', ...at], { input: '' })).toMatchObject({ code: 1, stderr: expect.stringContaining('token') });
  const made = await run(cli, ['enroll', ...at], { input: `${token}\n` });
  expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('is now the workstation') });
  const again = await run(cli, ['enroll', ...at], { input: `${token}\n` });
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already used') });
  expect(made.stdout + made.stderr + again.stderr).not.toContain(token);
});

test('what is not understood ends with exit code 2, and each command has help', async () => {
  for (const args of [['connect'], ['connect', 'a', 'b'], ['fly'], ['posture', '--format', 'xml'], ['status', '--nope']])
    expect((await run(cli, args)).code, args.join(' ')).toBe(2);
  for (const args of [['--help'], ['hosts', '--help'], ['connect', '--help'], ['profile', 'explain', '--help']])
    expect(await run(cli, args), args.join(' ')).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: drawbridge') });
  expect(await run(cli, ['status', '--state', join(deployment.dir, 'none')])).toMatchObject({ code: 1, stdout: '' });
});
