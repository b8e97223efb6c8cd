// Leaving, by the command line: the hosts have their bytes back, nothing of ours stays, and nothing is thrown away that is still needed.
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeSampleHome } from '../../../build/start/sample-home.ts';
import { proves } from '../../requirement.ts';
import { until } from '../../walk/deployment.ts';
import { type Program, root, run, startProgram } from '../../walk/program.ts';

const cli = join(root, 'bridge/cli.ts');
const files = ['.config/Claude/claude_desktop_config.json', '.config/Code/User/mcp.json', '.codex/config.toml'];

let place = '';
let home = '';
let state = '';
let agent: Program | undefined;
const drawbridge = async (...args: string[]) => await run(cli, [...args, '--state', state, '--home', home]);
const texts = async () => await Promise.all(files.map(async (file) => await readFile(join(home, file), 'utf8')));
let before: string[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-leave-'));
  home = join(place, 'home');
  state = join(place, 'state');
  await makeSampleHome(home);
  before = await texts();
  await mkdir(state, { mode: 0o700 });
  const profile = join(place, 'profile.json');
  await writeFile(profile, JSON.stringify({ GatewayURL: 'http://127.0.0.1:9', GatewaySlug: 'eng', LocalServerInstall: 'never' }));
  agent = startProgram(cli, ['agent', '--state', state, '--home', home, '--profile', profile]);
  await agent.event('started');
  const done = await drawbridge('hosts', 'converge', '--profile', profile);
  if (done.code !== 0 || String(await texts()) === String(before))
    throw new Error(`the configs were not converged: ${done.stderr}`);
});
afterEach(async () => {
  await agent?.stop();
  await rm(place, { recursive: true, force: true, maxRetries: 10 });
});

describe('leaving', () => {
  test('ends the agent and gives every config back byte for byte, and keeps the enrollment', async () => {
    proves('package.leave-restores', {
      file: 'bridge/command/leave.ts',
      find: 'const { files } = await restore({',
      replace:
        'const { files } = await (async (_: unknown) => ({ files: [] as Awaited<ReturnType<typeof restore>>["files"] }))({',
    });
    const done = await drawbridge('leave');
    expect(done.code, done.stderr).toBe(0);
    expect(await texts()).toEqual(before);
    await until('the agent to have ended', async () => agent?.child.exitCode === 0);
    expect(existsSync(state)).toBe(true);
  });

  test('leaves no state when everything is to be forgotten, and is quiet where there is none', async () => {
    proves('package.leave-forgets', {
      file: 'bridge/command/leave.ts',
      find: 'await rm(stateDir, { recursive: true, force: true });',
      replace: '',
    });
    expect(await drawbridge('leave', '--forget')).toMatchObject({ code: 0 });
    expect(await texts()).toEqual(before);
    expect(existsSync(state)).toBe(false);
    expect(await drawbridge('leave', '--forget')).toMatchObject({ code: 0, stdout: expect.stringContaining('no state') });
  });

  test('forgets nothing while a config can not be given back, and does it once it can', async () => {
    proves('package.leave-keeps-needed', {
      file: 'bridge/command/leave.ts',
      find: "if (files.some(({ result }) => result === 'refused')) {",
      replace: "if (files.some(({ result }) => result === 'gone')) {",
    });
    const config = join(home, '.codex');
    await rename(config, join(place, 'codex'));
    await symlink(join(place, 'codex'), config);
    const refused = await drawbridge('leave', '--forget');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('everything that this needs was kept') });
    expect((await lstat(join(state, 'host/ledger.json'))).isFile()).toBe(true);

    await rm(config);
    await rename(join(place, 'codex'), config);
    expect(await drawbridge('leave', '--forget')).toMatchObject({ code: 0 });
    expect(await texts()).toEqual(before);
    expect(existsSync(state)).toBe(false);
  });
});
