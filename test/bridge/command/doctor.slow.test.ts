// `drawbridge doctor` beside a running deployment, and where something is wrong: each check by its name, its outcome and the exit code.
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../../requirement.ts';
import type { Deployment, Workstation } from '../../walk/deployment.ts';
import { deploy, until } from '../../walk/deployment.ts';
import { modern } from '../../walk/mcp.ts';
import { nodeServer, walkPolicy } from '../../walk/policy.ts';
import { root } from '../../walk/program.ts';

const Report = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      name: z.string(),
      about: z.string().optional(),
      outcome: z.enum(['ok', 'warning', 'wrong']),
      says: z.string().min(1),
      meaning: z.string().min(10),
      action: z.string().min(10).optional(),
    }),
  ),
});

let deployment: Deployment;
let workstation: Workstation;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({ modern: { tools: 'all' }, crashing: { tools: 'all' } }) });
  workstation = await deployment.workstation({
    user: 'ada',
    profile: {
      GatewaySlug: 'eng',
      EnforcementMode: 'enforce',
      LocalServers: {
        modern: nodeServer(join(root, 'test/fake/local-server/modern.ts')),
        crashing: nodeServer(join(root, 'test/fake/local-server/crashing.ts')),
      },
    },
  });
  await mkdir(at('.cursor'), { recursive: true });
  await writeFile(at('.cursor/mcp.json'), '{"mcpServers": {}}');
}, 60_000);
afterAll(() => deployment.close());

const at = (path: string): string => join(workstation.home, path);
const ask = async (...command: string[]) => {
  const where = ['--home', workstation.home, '--profile', workstation.profileFile];
  const done = await workstation.cli(...command, ...where, '--json');
  const report = Report.parse(JSON.parse(done.stdout));
  return { code: done.code, ...report, of: (name: string) => report.checks.filter((check) => check.name === name) };
};
const outcomes = (checks: z.infer<typeof Report>['checks']) =>
  Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));

describe('doctor', () => {
  test('finds nothing wrong where all is well, names every check, and beside "compliant" what it can not see', async () => {
    proves('posture.unobservable-said', {
      file: 'bridge/command/examine.ts',
      find: ', which is said of MCP only. Not seen from here: ${unobservableWords}.',
      replace: '.',
    });
    // An agent that has just started has yet to connect.
    await until('all to be well', async () => (await ask('doctor')).ok, 30_000).catch(() => undefined);
    const report = await ask('doctor');
    expect(outcomes(report.checks)).toMatchObject({
      profile: 'ok',
      agent: 'ok',
      enrollment: 'ok',
      gateway: 'ok',
      clock: 'ok',
      tunnel: 'ok',
      launcher: 'ok',
      'host config': 'ok',
      'local server': 'ok',
      posture: 'ok',
    });
    expect(report.of('posture')[0]?.meaning).toContain(
      "Not seen from here: files, the clipboard, screenshots and screen control, an agent's own HTTP,",
    );
    // a machine without a desktop session keeps its keys in a file
    expect(['ok', 'warning']).toContain(report.of('secret store')[0]?.outcome);
    expect(report.of('local server')).toMatchObject([{ about: 'modern' }, { about: 'crashing' }]);
    expect(report).toMatchObject({ ok: true, code: 0 });
  });

  test('says of a server that did not start the last time why, long after', async () => {
    const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
    await modern(`${deployment.origin}/g/eng/s/crashing/mcp`, token, 'tools/call', { name: 'echo', arguments: {} });
    expect((await ask('doctor')).of('local server')).toMatchObject([
      { about: 'modern', outcome: 'ok' },
      { about: 'crashing', outcome: 'warning', says: expect.stringMatching(/^\d+ s ago: .*exit code 3.*fatal: login/) },
    ]);
    for (const command of [['status'], ['servers', 'list']])
      expect((await workstation.cli(...command)).stdout).toMatch(/- \d+ s ago: The server "crashing".*fatal: login/);
  });

  test('writes no control character of a name that a cloned repository made up', async () => {
    const draws = '\u001b[2J\u001b]0;all is well\u0007';
    await writeFile(at('.claude.json'), JSON.stringify({ projects: { [at('cloned')]: {} } }));
    await mkdir(at('cloned'));
    await writeFile(at('cloned/.mcp.json'), JSON.stringify({ mcpServers: { [`a${draws}`]: { command: `/bin/${draws}` } } }));
    const where = ['--home', workstation.home, '--profile', workstation.profileFile];
    for (const command of [['hosts', 'list'], ['hosts', 'doctor'], ['doctor']]) {
      const done = await workstation.cli(...command, ...where);
      expect(done.stdout).toContain('a\\u001b[2J');
      expect(done.stdout + done.stderr).not.toMatch(/[\u001b\u0007]/);
    }
    await rm(at('.claude.json'));
    await rm(at('cloned'), { recursive: true });
  });

  test('says what is wrong with a host, what it means and what to do, and ends with 1', async () => {
    proves('agent.doctor-verdict', {
      file: 'bridge/command/doctor.ts',
      find: 'if (!isWell) terminal.exitWith(1);',
      replace: 'terminal.exitWith(0);',
    });
    await writeFile(at('.cursor/mcp.json'), '{"mcpServers": ');
    const report = await ask('hosts', 'doctor');
    expect(report).toMatchObject({ ok: false, code: 1 });
    expect(report.of('host config')).toMatchObject([
      {
        about: 'Cursor, ~/.cursor/mcp.json',
        outcome: 'wrong',
        says: expect.stringContaining('line 1'),
        action: 'Correct the file.',
      },
    ]);
    expect(new Set(report.checks.map(({ name }) => name))).toEqual(
      new Set(['profile', 'agent', 'launcher', 'host config', 'local server']),
    );
    const words = await workstation.cli('hosts', 'doctor', '--home', workstation.home, '--profile', workstation.profileFile);
    expect(words.stdout).toContain('wrong    host config (Cursor, ~/.cursor/mcp.json): unparseable');
    expect(words.stdout).toContain('To do: Correct the file.');
    await writeFile(at('.cursor/mcp.json'), '{}');
  });

  test('shows what only the agent knows: that it stopped fighting over a file', { timeout: 60_000 }, async () => {
    proves('agent.doctor-asks-agent', {
      file: 'bridge/command/examine.ts',
      find: 'if (!isSaid(check)) checks.push(check);',
      replace: '',
    });
    const direct = '{"mcpServers": {"fought": {"url": "https://direct.example.com/mcp"}}}';
    const isFought = async () => {
      if (!(await readFile(at('.cursor/mcp.json'), 'utf8')).includes('fought')) await writeFile(at('.cursor/mcp.json'), direct);
      return (await ask('hosts', 'doctor')).of('host config').find(({ says }) => says.startsWith('rewrite_contended'));
    };
    expect(await until('the fight to be told', isFought, 30_000)).toMatchObject({
      about: 'Cursor, ~/.cursor/mcp.json',
      outcome: 'wrong',
      action: expect.stringContaining('drawbridge hosts converge'),
    });
    await workstation.cli('hosts', 'converge', '--home', workstation.home, '--profile', workstation.profileFile);
    await writeFile(at('.cursor/mcp.json'), '{}');
    await until('the fight to be over', async () => {
      const checks = (await ask('hosts', 'doctor')).of('host config');
      return checks.every(({ outcome }) => outcome === 'ok');
    });
  });

  test('finds a launcher that can not be started', async () => {
    const launcher = join(workstation.stateDir, 'bin/drawbridge');
    const text = await readFile(launcher, 'utf8');
    await chmod(launcher, 0o600);
    expect((await ask('hosts', 'doctor')).of('launcher')).toMatchObject([{ outcome: 'wrong' }]);
    await chmod(launcher, 0o755);
    await writeFile(launcher, text.replace(/launch\.mjs/, 'absent.mjs'));
    expect((await ask('hosts', 'doctor')).of('launcher')).toMatchObject([{ outcome: 'wrong' }]);
    await writeFile(launcher, text);
    expect((await ask('hosts', 'doctor')).of('launcher')).toMatchObject([{ outcome: 'ok' }]);
  });

  test('tells a gateway that is away from an agent that is, and each is wrong', async () => {
    await deployment.gateway().stop();
    await until('the tunnel to be missed', async () => (await ask('doctor')).of('tunnel')[0]?.outcome === 'wrong', 30_000);
    expect(outcomes((await ask('doctor')).checks)).toMatchObject({
      agent: 'ok',
      gateway: 'wrong',
      tunnel: 'wrong',
      launcher: 'ok',
    });
    await deployment.restartGateway();
    await workstation.agent.stop();
    const report = await ask('doctor');
    expect(outcomes(report.checks)).toMatchObject({ agent: 'wrong', gateway: 'ok', enrollment: 'ok', posture: 'wrong' });
    expect(report.of('tunnel')).toEqual([]);
    await rm(join(workstation.stateDir, 'device.json'));
    expect((await ask('doctor')).of('enrollment')).toMatchObject([{ outcome: 'wrong', says: 'not_enrolled' }]);
  }, 60_000);

  test('does not trust a profile that everybody can write', async () => {
    await chmod(workstation.profileFile, 0o666);
    expect((await ask('doctor')).of('profile').some(({ outcome }) => outcome === 'wrong')).toBe(true);
  });
});
