// What a companion asks of the agent, by the agent's own socket: the agent is a process, the gateway server too, and hosts' files are real.
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AgentCommand, AgentState } from '#contract/agent.ts';
import type { Slug } from '#contract/id.ts';
import { askCommand, askState } from '../../bridge/socket/ask.ts';
import { proves } from '../requirement.ts';
import { deploy, until } from '../walk/deployment.ts';
import type { Deployment, Workstation } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { root } from '../walk/program.ts';
import { initialize, startShim } from './shim/fixture.ts';

const uid = process.getuid?.() ?? -1;
const fake = (name: string): string => join(root, `test/fake/local-server/${name}.ts`);
const memory = { command: process.execPath, args: [fake('counting')] };
const secrets = {
  env: 'plain-words-of-a-password',
  argument: 'sk-live-0123456789abcdef0123',
  userinfo: 'hunter22',
  token: 'dbe_0123456789012345678901234567890123456789012',
};
const noisy = {
  command: process.execPath,
  args: [fake('noisy'), '--api-key', secrets.argument],
  env: { NOISY_TOKEN: secrets.env },
};
const crashing = { command: process.execPath, args: [fake('crashing'), '3'], env: { CRASHING_KEY: secrets.env } };
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['all'] }, bob: { email: 'bob@example.org', teams: ['all'] } },
  teams: { all: { gateways: ['eng'] } },
  servers: { memory: { kind: 'workstation' }, noisy: { kind: 'workstation' }, crashing: { kind: 'workstation' } },
  gateways: { eng: { assignments: { memory: { tools: 'all' }, noisy: { tools: 'all' }, crashing: { tools: 'all' } } } },
};

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({ policy });
});
afterAll(async () => deployment.close());
const started: Workstation[] = [];
afterEach(async () => {
  for (const { agent } of started.splice(0)) await agent.stop();
});

async function workstationWith(profile: object = {}, of: { user?: string; home?: string } = {}): Promise<Workstation> {
  const workstation = await deployment.workstation({ user: 'ada', profile: { LocalServers: { memory }, ...profile }, ...of });
  started.push(workstation);
  await stateWhere(workstation, 'the tunnel to be up', ({ tunnel }) => tunnel.kind === 'connected');
  return workstation;
}
const socketOf = ({ stateDir }: Workstation): string => join(stateDir, 'agent.sock');
async function stateOf(workstation: Workstation): Promise<AgentState> {
  const asked = await askState(socketOf(workstation), uid);
  if (asked.kind !== 'answered') throw new Error(JSON.stringify(asked));
  return asked.value;
}
const stateWhere = (workstation: Workstation, what: string, fits: (state: AgentState) => boolean): Promise<AgentState> =>
  until(what, async () => {
    const state = await stateOf(workstation);
    return fits(state) ? state : undefined;
  });
async function ask<const C extends AgentCommand>(workstation: Workstation, command: C) {
  const asked = await askCommand(socketOf(workstation), uid, command);
  if (asked.kind !== 'answered') throw new Error(JSON.stringify(asked));
  return asked.value;
}
const refusalOf = (workstation: Workstation, command: AgentCommand): Promise<object> =>
  askCommand(socketOf(workstation), uid, command);
const events = async (name: string): Promise<Record<string, unknown>[]> =>
  (await deployment.records(300)).filter((record) => record['event'] === name);

/** Calls a tool over HTTP as ada's host would, until the gateway knows the offer. */
async function call(tool: string, args: object = {}, user = 'ada') {
  const token = await deployment.hostToken({ user, gateway: 'eng', host: 'codex' });
  return modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/call', { name: tool, arguments: args });
}
const callOnceOffered = (tool: string, args: object, user = 'ada') =>
  until(`an answer of ${tool}`, async () => {
    const { body } = await call(tool, args, user);
    return body.error?.data?.code === 'SERVER_NOT_OFFERED' ? undefined : body;
  });

test('a pause closes the tunnel, ends the local servers, refuses hosts with PAUSED, is on record, survives a restart and is resumed', async () => {
  proves('agent.pause-closes', {
    file: 'bridge/uplink.ts',
    find: 'if (deps.isPaused()) {',
    replace: 'if (deps.isPaused() && gatewayOrigin.length === 0) {',
  });
  const workstation = await workstationWith({ AllowUserPause: 'with_reason', PauseMaxMinutes: 30 });
  await callOnceOffered('memory__echo', { text: 'x' });
  expect((await stateOf(workstation)).servers).toMatchObject([{ children: 1 }]);
  const paused = await workstation.cli('pause', '--minutes', '20', '--reason', 'a demo without tools');
  expect(paused).toMatchObject({ code: 0, stdout: expect.stringContaining('Paused until') });

  const state = await stateWhere(workstation, 'the servers to be ended', ({ servers }) => servers[0]?.children === 0);
  expect(state).toMatchObject({
    tunnel: { kind: 'off', reason: 'paused' },
    paused: { by: 'user', reason: 'a demo without tools' },
  });
  expect((state.paused?.until ?? 0) - (state.paused?.since ?? 0)).toBe(20 * 60_000);
  expect(state.findings.map(({ code }) => code)).toContain('paused');
  const shim = startShim(workstation.stateDir, ['--host', 'codex', `${deployment.origin}/g/eng/s/memory/mcp`]);
  try {
    expect((await shim.ask(initialize)).error?.data.code).toBe('PAUSED');
  } finally {
    await shim.close();
  }
  // the gateway knew before the tunnel was closed
  const [event] = await events('workstation_paused');
  expect(event).toMatchObject({
    user: { name: 'ada' },
    workstation: state.device?.workstation,
    detail: { until: state.paused?.until, reason: 'a demo without tools' },
  });
  const { reasons } = (await ask(workstation, { name: 'posture' })) ?? { reasons: [] };
  expect(reasons).toContain('paused');

  await workstation.restart('SIGKILL');
  expect(await stateOf(workstation)).toMatchObject({ tunnel: { kind: 'off', reason: 'paused' }, paused: state.paused });
  expect(await workstation.cli('resume')).toMatchObject({ code: 0 });
  const again = await stateWhere(workstation, 'the tunnel to be up again', ({ tunnel }) => tunnel.kind === 'connected');
  expect(again.paused).toBeUndefined();
  expect(again.findings.map(({ code }) => code)).not.toContain('paused');
  await until('the end of it to be on record', async () => (await events('workstation_resumed')).length > 0);
  expect((await events('workstation_resumed'))[0]).toMatchObject({ detail: { by: 'user' } });
  expect(await events('workstation_paused')).toHaveLength(1);
});

test('a pause is refused where the profile says never, without a reason where it wants one, and for longer than it allows', async () => {
  proves('agent.pause-allowed', {
    file: 'bridge/pause.ts',
    find: "if (AllowUserPause === 'with_reason' && reason === undefined)",
    replace: "if (AllowUserPause === 'with_reason' && minutes === 0)",
  });
  const workstation = await workstationWith();
  expect(await refusalOf(workstation, { name: 'pause', minutes: 5, reason: 'x' })).toMatchObject({ code: 'PROFILE_FORBIDS' });
  const profile = JSON.parse(await readFile(workstation.profileFile, 'utf8'));
  await writeFile(workstation.profileFile, JSON.stringify({ ...profile, AllowUserPause: 'with_reason', PauseMaxMinutes: 10 }));
  await ask(workstation, { name: 'reload' });
  expect((await stateOf(workstation)).profile.allows).toMatchObject({ pause: 'with_reason', pauseMaxMinutes: 10 });
  expect(await refusalOf(workstation, { name: 'pause', minutes: 5 })).toMatchObject({ code: 'SETTING_INVALID' });
  expect(await refusalOf(workstation, { name: 'pause', minutes: 11, reason: 'x' })).toMatchObject({ code: 'PROFILE_FORBIDS' });
  expect((await stateOf(workstation)).paused).toBeUndefined();
  // where IT takes the permission back, it is over
  await ask(workstation, { name: 'pause', minutes: 10, reason: 'x' });
  await writeFile(workstation.profileFile, JSON.stringify(profile));
  await stateWhere(workstation, 'the tunnel to be up', ({ tunnel, paused }) => tunnel.kind === 'connected' && !paused);
});

test('a pause that began without a gateway is on record when there is one', async () => {
  proves('agent.pause-reported', {
    file: 'bridge/tunnel/dial.ts',
    find: 'to.tellReports(deps.reports?.() ?? [], deps.posture?.());',
    replace: '',
  });
  const workstation = await workstationWith({ AllowUserPause: 'always' });
  await deployment.gateway().stop();
  await stateWhere(workstation, 'the tunnel to be down', ({ tunnel }) => tunnel.kind !== 'connected');
  await ask(workstation, { name: 'pause', minutes: 1 });
  await ask(workstation, { name: 'resume' });
  await deployment.restartGateway();
  await ask(workstation, { name: 'wake' });
  const { device } = await stateOf(workstation);
  await until('both to be on record', async () => {
    const own = [...(await events('workstation_paused')), ...(await events('workstation_resumed'))];
    return own.filter((event) => event['workstation'] === device?.workstation).length === 2;
  });
});

test("recent calls are the user's own, newest first, with what was refused and why, and never what was said", async () => {
  proves('agent.calls-own', {
    file: 'gateway/tunnel/tunnels.ts',
    find: 'linksOf: (user) => byUser.get(user)',
    replace: 'linksOf: () => [...links.values()]',
  });
  const workstation = await workstationWith({ LocalServers: { memory, noisy } });
  await callOnceOffered('memory__echo', { text: 'the-text-of-ada' });
  await call('memory__echo', { text: 'again' });
  await call('memory__echo', { text: 'of-bob' }, 'bob');
  await call('memory__nothing');
  // it came last, so what was to be told before was told
  const { calls } = await stateWhere(workstation, 'the calls', (state) => state.calls[0]?.tool === 'nothing');
  expect(calls[0]).toMatchObject({ method: 'tools/call', host: 'codex', server: 'memory', tool: 'nothing' });
  expect(calls.find(({ decision, tool }) => decision === 'allowed' && tool === 'echo')).toMatchObject({
    durationMs: expect.any(Number),
    host: 'codex',
  });
  expect(calls.map(({ at }) => at)).toEqual(calls.map(({ at }) => at).toSorted((a, b) => b - a));
  expect(JSON.stringify(calls)).not.toMatch(/the-text-of-ada|of-bob/);
  expect(calls.filter(({ code }) => code === 'WORKSTATION_OFFLINE')).toEqual([]);

  // what was there before the tunnel comes with it
  await workstation.restart();
  const later = await stateWhere(workstation, 'the calls of before', (state) => state.calls.length >= 3);
  expect(later.calls.map(({ id }) => id)).toEqual(expect.arrayContaining(calls.map(({ id }) => id)));
  const bob = await workstationWith({}, { user: 'bob' });
  const his = await stateWhere(bob, "bob's call", (state) => state.calls.length > 0);
  expect(his.calls).toMatchObject([{ code: 'WORKSTATION_OFFLINE', decision: 'failed' }]);
});

test("a server's log outlives its child and shows no secret; a restart ends the child and the next call starts another", async () => {
  const workstation = await workstationWith({ LocalServers: { noisy, crashing } });
  const server = 'noisy' as Slug;
  const said = await callOnceOffered('noisy__speak', {});
  expect(JSON.stringify(said)).toContain('spoken');
  const before = (await stateOf(workstation)).servers.find((one) => one.server === server);
  expect(before).toMatchObject({ status: 'running', children: 1 });
  await ask(workstation, { name: 'restart_server', server });
  expect((await stateOf(workstation)).servers.find((one) => one.server === server)).toMatchObject({
    children: 0,
    status: 'ready',
  });
  const { lines } = await ask(workstation, { name: 'server_log', server });
  expect(lines).toContain('Welcome to the noisy server!');
  expect(lines.join('\n')).toContain('debug: token=');
  expect(lines.join('\n')).not.toContain(secrets.env);
  expect(JSON.stringify(await callOnceOffered('noisy__speak', {}))).toContain('spoken');
  expect((await workstation.cli('servers', 'log', 'noisy')).stdout).toContain('Welcome');

  await callOnceOffered('crashing__any', {});
  const failed = await stateWhere(workstation, 'the error', ({ servers }) => servers.some(({ lastError }) => lastError));
  const { lastError } = failed.servers.find((one) => one.server === 'crashing') ?? {};
  expect(lastError).toMatchObject({ code: 'SERVER_START_FAILED', message: expect.stringContaining('fatal: login as') });
  expect(lastError?.message).not.toContain(secrets.env);
  expect(await workstation.cli('servers', 'restart', 'crashing')).toMatchObject({ code: 0 });
  expect((await stateOf(workstation)).servers.every((one) => one.lastError === undefined)).toBe(true);
  expect(await refusalOf(workstation, { name: 'restart_server', server: 'nobody' as Slug })).toMatchObject({
    code: 'NAME_UNKNOWN',
  });
  expect(await workstation.cli('servers', 'log', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('nobody') });
});

test('an undone host gets its config back, is left alone over restarts and said aloud, until it is taken back', async () => {
  proves('agent.undo-stays', {
    file: 'bridge/scan.ts',
    find: 'const hosts = knownHosts.filter(({ id }) => !aim.undone.has(id));',
    replace: 'const hosts = knownHosts;',
  });
  const home = join(deployment.dir, 'undone');
  const codex = join(home, '.codex/config.toml');
  const original = '[mcp_servers.memory]\ncommand = "node"\nargs = ["server.js"]\n';
  await mkdir(join(home, '.codex'), { recursive: true });
  await writeFile(codex, original);
  const profile = { EnforcementMode: 'enforce', AllowUserUndo: true };
  const workstation = await workstationWith(profile, { home });
  const config = (): Promise<string> => readFile(codex, 'utf8');
  const hostOf = (state: AgentState) => state.hosts.find(({ id }) => id === 'codex');
  await until('the config to be rewritten', async () => (await config()).includes('connect'));
  await stateWhere(workstation, 'that it may be undone', (state) => hostOf(state)?.mayUndo === true);
  const made = await ask(workstation, { name: 'host_diff', host: 'codex' });
  expect(made.files).toMatchObject([{ shownAs: '~/.codex/config.toml', diff: expect.stringContaining('-args = ["server.js"]') }]);

  const undone = await workstation.cli('hosts', 'undo', 'codex', '--json');
  expect(JSON.parse(undone.stdout)).toMatchObject({ files: [{ result: 'exact' }] });
  expect(await config()).toBe(original);
  await ask(workstation, { name: 'reload' });
  expect(await config()).toBe(original);
  await workstation.restart();
  const state = await stateWhere(workstation, 'the tunnel to be up', ({ tunnel }) => tunnel.kind === 'connected');
  expect(await config()).toBe(original);
  expect(hostOf(state)).toMatchObject({ undone: true, mayUndo: false, files: [{ state: 'drifted' }] });
  expect(state.findings).toContainEqual({ code: 'undone_by_user', host: 'codex' });
  expect((await ask(workstation, { name: 'posture' }))?.status).toBe('noncompliant');
  const wouldBe = await ask(workstation, { name: 'host_diff', host: 'codex' });
  expect(wouldBe.files[0]?.diff).toContain('+args = ["connect"');

  expect(await workstation.cli('hosts', 'take-back', 'codex')).toMatchObject({ code: 0 });
  expect(await config()).toContain('connect');
  const after = await stateOf(workstation);
  expect(hostOf(after)).toMatchObject({ undone: false, files: [{ state: 'compliant' }] });
  expect(after.findings.map(({ code }) => code)).not.toContain('undone_by_user');
  await until('both to be on record', async () => {
    const names = new Set((await deployment.records(300)).map((record) => record['event']));
    return names.has('host_undone') && names.has('host_taken_back');
  });
});

test('a host is undone only where the profile lets the user, and taking that back takes the undo back', async () => {
  proves('agent.undo-allowed', {
    file: 'bridge/managed-hosts.ts',
    find: 'if (!deps.profile().profile.AllowUserUndo)',
    replace: 'if (host === "")',
  });
  const home = join(deployment.dir, 'not-undone');
  const codex = join(home, '.codex/config.toml');
  await mkdir(join(home, '.codex'), { recursive: true });
  await writeFile(codex, '[mcp_servers.memory]\ncommand = "node"\nargs = ["server.js"]\n');
  const workstation = await workstationWith({ EnforcementMode: 'enforce' }, { home });
  const isConverged = async (): Promise<boolean> => (await readFile(codex, 'utf8')).includes('connect');
  await until('the config to be rewritten', isConverged);
  expect(await refusalOf(workstation, { name: 'undo_host', host: 'codex' })).toMatchObject({ code: 'PROFILE_FORBIDS' });
  expect(await refusalOf(workstation, { name: 'undo_host', host: 'nobody' })).toMatchObject({ code: 'NAME_UNKNOWN' });
  expect(await isConverged()).toBe(true);
  const profile = JSON.parse(await readFile(workstation.profileFile, 'utf8'));
  await writeFile(workstation.profileFile, JSON.stringify({ ...profile, AllowUserUndo: true }));
  await ask(workstation, { name: 'reload' });
  await ask(workstation, { name: 'undo_host', host: 'codex' });
  expect(await isConverged()).toBe(false);
  await writeFile(workstation.profileFile, JSON.stringify(profile));
  await ask(workstation, { name: 'reload' });
  expect(await isConverged()).toBe(true);
});

test('a pasted token enrolls the device over the socket, and stands in no file and no log', async () => {
  const workstation = await workstationWith();
  const first = (await stateOf(workstation)).device?.workstation;
  const { token } = JSON.parse(await deployment.admin('token', 'enroll', '--user', 'ada', '--json'));
  const { workstation: made } = await ask(workstation, { name: 'enroll', token });
  expect(made).not.toBe(first);
  const state = await stateWhere(workstation, 'the tunnel of the new workstation', (now) => now.tunnel.kind === 'connected');
  expect(state.device?.workstation).toBe(made);
  expect(await refusalOf(workstation, { name: 'enroll', token })).toMatchObject({ code: 'TOKEN_SPENT' });
  expect(workstation.agent.stderr()).not.toContain(token);
  expect((await ask(workstation, { name: 'diagnostics' })).text).not.toContain(token);
});

test('wake dials anew, whatever the tunnel thinks of itself', async () => {
  const workstation = await workstationWith();
  const before = await stateOf(workstation);
  await ask(workstation, { name: 'wake' });
  const since = (state: AgentState): number => (state.tunnel.kind === 'connected' ? state.tunnel.since : 0);
  await stateWhere(workstation, 'a new tunnel', (state) => since(state) > since(before));
  expect(await workstation.cli('reconnect')).toMatchObject({ code: 0 });
});

test('diagnostics say what is true and hold no secret, wherever it was planted', async () => {
  proves('agent.diagnostics-no-secret', {
    file: 'bridge/diagnostics.ts',
    find: 'const redact = createRedactor(of.secrets);',
    replace: 'const redact = (text: string): string => text;',
  });
  const home = join(deployment.dir, 'secretive');
  await mkdir(join(home, '.codex'), { recursive: true });
  const entry = `[mcp_servers.x]\ncommand = "node"\nargs = ["--password", "${secrets.argument}"]\nenv = { KEY = "${secrets.env}" }\n`;
  await writeFile(
    join(home, '.codex/config.toml'),
    `${entry}[mcp_servers.y]\nurl = "https://ada:${secrets.userinfo}@mcp.example.org/mcp?token=${secrets.token}"\n`,
  );
  const workstation = await workstationWith(
    {
      EnforcementMode: 'enforce',
      LocalServers: { noisy, crashing },
      LogLevel: 'debug',
      SupportURL: `https://ada:${secrets.userinfo}@help.example.org`,
    },
    { home },
  );
  await callOnceOffered('noisy__speak', {});
  await callOnceOffered('crashing__any', {});
  await refusalOf(workstation, { name: 'enroll', token: secrets.token });
  const printed = await workstation.cli('diagnostics');
  const told = JSON.parse(printed.stdout);
  expect(told).toMatchObject({
    version: 1,
    runtime: { of: expect.stringContaining('node') },
    state: { pid: workstation.agent.pid },
  });
  expect(told.log.length).toBeGreaterThan(0);
  expect(told.serverLogs.noisy).toContain('Welcome to the noisy server!');
  for (const [name, secret] of Object.entries(secrets)) expect(printed.stdout.includes(secret), name).toBe(false);
});

test('a server whose env file is a pipe is not started without it, and is with it once a plain file lies there', async () => {
  const home = join(deployment.dir, 'mounted');
  const [file, config] = [join(home, 'memory.env'), join(home, '.cursor/mcp.json')];
  await mkdir(join(home, '.cursor'), { recursive: true });
  execFileSync('mkfifo', ['-m', '600', file]);
  await writeFile(config, JSON.stringify({ mcpServers: { memory: { ...memory, envFile: file } } }));
  const profile = { LocalServers: {}, EnforcementMode: 'enforce', GatewaySlug: 'eng' };
  const lines = { AllowedLocalServerCommands: [[memory.command, ...memory.args]] };
  const workstation = await workstationWith({ ...profile, ...lines }, { home });
  const reason = expect.stringContaining('its env file ~/memory.env is no plain file (a pipe, ');
  const { findings } = await stateWhere(workstation, 'the server to be looked at', ({ servers }) => servers.length > 0);
  expect(findings.filter(({ code }) => code === 'server_unresolved')).toMatchObject([{ detail: reason }]);
  expect((await workstation.cli('servers', 'list')).stdout).toContain('~/memory.env is no plain file');

  await rm(file);
  await writeFile(file, 'MOUNTED=once\n');
  expect(await workstation.cli('servers', 'restart', 'memory')).toMatchObject({ code: 0 });
  const spoken = await callOnceOffered('memory__environment', { name: 'MOUNTED' });
  expect(JSON.stringify(spoken)).toContain('once');
  // what it holds counts at the next start
  await writeFile(file, 'MOUNTED=twice\n');
  expect(await workstation.cli('servers', 'restart', 'memory')).toMatchObject({ code: 0 });
  expect(JSON.stringify(await callOnceOffered('memory__environment', { name: 'MOUNTED' }))).toContain('twice');
});
