// What the hosts' entries start, run by a real shell.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeLauncher } from '../../bridge/launcher.ts';
import { defaultStateDir, hostEnvironment, launcherPath, secretService } from '../../bridge/location.ts';
import { proves } from '../requirement.ts';

const run = promisify(execFile);
let dir = '';
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), `it's a "dir" $HOME \`x\` `))));
afterEach(async () => rm(dir, { recursive: true, force: true }));

test('it starts the program with any PATH, passes arguments as they are and sets no variable', async () => {
  proves('agent.launcher', {
    file: 'bridge/launcher.ts',
    find: "return `'${text.replaceAll(\"'\", `'\\\\''`)}'`;",
    replace: 'return `"${text}"`;',
  });
  const cli = join(dir, 'cli.mjs');
  await writeFile(cli, 'console.log(JSON.stringify([process.argv.slice(2), Object.keys(process.env)]));');
  const launcher = await writeLauncher({ stateDir: dir, node: process.execPath, cli, platform: 'linux' });
  expect(launcher).toBe(launcherPath(dir));
  expect((await stat(launcher)).mode & 0o777).toBe(0o755);
  const words = ['connect', '--host', 'codex', 'a b', '', "it's", '$HOME', '*', '`id`', '"q"', 'é'];
  const { stdout } = await run(launcher, words, { env: { PATH: '/nowhere', MINE: '1' }, cwd: '/' });
  const [args, names]: [string[], string[]] = JSON.parse(stdout);
  expect(args).toEqual(['--state', dir, ...words]);
  // dash and bash set PWD and the like for themselves; nothing of ours is among them
  expect(names.filter((name) => !['PATH', 'MINE', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))).toEqual([]);
  const before = await stat(launcher);
  await writeLauncher({ stateDir: dir, node: process.execPath, cli, platform: 'linux' });
  expect((await stat(launcher)).ino).toBe(before.ino);
});

test('places are the same for the agent, the CLI and the shim, and each state directory has its own secrets', () => {
  const of = { platform: 'linux', home: '/home/ada' } as const;
  expect(defaultStateDir({ ...of, env: {} })).toBe('/home/ada/.local/state/drawbridge');
  expect(defaultStateDir({ ...of, env: { XDG_STATE_HOME: '/state' } })).toBe('/state/drawbridge');
  expect(defaultStateDir({ ...of, env: { XDG_STATE_HOME: 'relative' } })).toBe('/home/ada/.local/state/drawbridge');
  expect(secretService('/a')).not.toBe(secretService('/b'));
});

test("for another home than one's own, the environment leads nowhere", () => {
  proves('agent.other-home', {
    file: 'bridge/location.ts',
    find: 'return home === ownHome ? env : {};',
    replace: 'return env;',
  });
  const env = { XDG_CONFIG_HOME: '/home/ada/.config', CODEX_HOME: '/home/ada/.codex' };
  expect(hostEnvironment('/sample', '/home/ada', env)).toEqual({});
  expect(hostEnvironment('/home/ada', '/home/ada', env)).toBe(env);
});
