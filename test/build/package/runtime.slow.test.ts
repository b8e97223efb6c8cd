// The bridge as an installed app carries it, run from a folder that knows nothing of the repository.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runtimeIn } from '../../../bridge/location.ts';
import { makeRuntime, packagedNode } from '../../../build/package/runtime.ts';
import { proves } from '../../requirement.ts';
import { startProgram } from '../../walk/program.ts';

const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

describe('the runtime of an installed app', () => {
  let place = '';
  let folder = '';
  const env = (): NodeJS.ProcessEnv => ({ PATH: '/usr/bin:/bin', HOME: join(place, 'home') });
  beforeAll(async () => {
    place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-runtime-'));
    folder = join(place, 'resources/bridge');
    await mkdir(join(place, 'home'));
    const target = { platform: 'linux', arch: process.arch === 'arm64' ? 'arm64' : 'x64' } as const;
    const node = (await packagedNode(root, target)) ?? process.execPath;
    await makeRuntime({ root, folder, version: '7.8.9', target, node });
  });
  afterAll(async () => await rm(place, { recursive: true, force: true, maxRetries: 10 }));

  test('starts from a link, with no Node and no package anywhere else', async () => {
    proves('package.runtime-alone', {
      file: 'build/package/bundle.ts',
      find: 'ssr: { noExternal: true, external',
      replace: 'ssr: { external',
    });
    const link = join(place, 'drawbridge');
    await symlink(join(folder, 'drawbridge'), link);
    const { stdout } = await run(link, ['profile', 'explain', '--json'], { cwd: '/', env: env() });
    expect(JSON.parse(stdout)).toBeTruthy();
  });

  test('knows its version, and writes a launcher that names no version', async () => {
    const state = join(place, 'state');
    const { node, cli } = runtimeIn(join(place, 'resources'), 'linux');
    const agent = startProgram(cli, ['agent', '--state', state, '--home', join(place, 'home')], env());
    await agent.event('started');
    const { stdout } = await run(node, [cli, '--state', state, 'status', '--json'], { cwd: '/', env: env() });
    const { pid } = z.looseObject({ pid: z.number() }).parse(JSON.parse(stdout));
    expect(JSON.parse(stdout)).toMatchObject({ productVersion: '7.8.9' });
    // what ws masks with
    if (process.arch === 'x64')
      expect(await readFile(`/proc/${pid}/maps`, 'utf8')).toContain(join(folder, 'node_modules/bufferutil/bufferutil.node'));
    expect(await agent.stop()).toBe(0);

    const launcher = await readFile(join(state, 'bin/drawbridge'), 'utf8');
    expect(launcher).toContain(`'${cli}' --state '${state}'`);
    expect(launcher.replaceAll(process.execPath, '')).not.toMatch(/\d+\.\d+\.\d+/);
  });

  test('stays where an AppImage was, whose mount is gone when it ends', async () => {
    proves('package.launcher-lasts', {
      file: 'bridge/agent.ts',
      find: 'const program = await lastingProgram(options);',
      replace: 'const program = {};',
    });
    const state = join(place, 'appimage-state');
    const mount = join(place, 'mount');
    await cp(folder, join(mount, 'resources/bridge'), { recursive: true, preserveTimestamps: true });
    const agent = spawn(join(mount, 'resources/bridge/drawbridge'), ['agent', '--state', state, '--home', join(place, 'home')], {
      env: { ...env(), APPDIR: mount },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [started] = await once(agent.stdout, 'data');
    expect(String(started)).toContain('"event":"started"');
    agent.kill('SIGTERM');
    await once(agent, 'exit');
    await rm(mount, { recursive: true });
    const { stdout } = await run(join(state, 'bin/drawbridge'), ['--help'], { cwd: '/', env: env() });
    expect(stdout).toContain('Usage: drawbridge');
  });

  test('holds what is native and no other package', async () => {
    const native = await readdir(join(folder, 'node_modules'));
    expect(native).toEqual(process.arch === 'x64' ? ['@napi-rs', 'bufferutil'] : ['@napi-rs']);
    const scope = await readdir(join(folder, 'node_modules/@napi-rs'));
    expect(scope).toEqual(['keyring', `keyring-linux-${process.arch}-gnu`]);
    const texts = await Promise.all(
      (await readdir(join(folder, 'program'))).map(async (name) => await readFile(join(folder, 'program', name), 'utf8')),
    );
    const imported = texts.flatMap((text) =>
      [...text.matchAll(/^import\b.*? from "([^"./][^"]*)"/gm)].map(([, name]) => name ?? ''),
    );
    // of Node's own modules none: to import one loads more than is used of it
    expect([...new Set(imported)]).toEqual(['@napi-rs/keyring']);
    expect(texts.join('')).not.toContain('better-sqlite3');
  });
});
