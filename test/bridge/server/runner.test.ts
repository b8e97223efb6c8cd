// Commands that run something else: uvx and docker, by small stand-ins that answer as the real ones are documented to, and cmd.exe by its rules.
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveLaunch } from '../../../bridge/server/resolve.ts';
import { runTool } from '../../../bridge/server/tool.ts';
import { unwrapCmd, windowsCommand, windowsNames } from '../../../bridge/server/windows.ts';
import { faultOf, freshFolder, resolveDeps, sourceOf } from './fixture.ts';

const id = `sha256:${'d'.repeat(64)}`;

/** A program that writes its arguments down and prints this. */
async function standIn(folder: string, name: string, prints: string, fails = false): Promise<void> {
  const file = join(folder, name);
  await writeFile(
    file,
    `#!/bin/sh\necho "$*" >> ${join(folder, `${name}.log`)}\n${fails ? 'echo "no such image" >&2; exit 1' : `echo '${prints}'`}\n`,
  );
  await chmod(file, 0o755);
}

async function resolve(folder: string, words: readonly string[], install: 'allow' | 'never' = 'never') {
  const [command = '', ...args] = words;
  return resolveLaunch(
    sourceOf('one', { command, args }),
    resolveDeps(folder, { home: folder, searchPath: [folder, '/bin'], install }),
  );
}

describe('docker run', () => {
  test('runs the id of the image, wherever it stands among the options', async () => {
    const folder = await freshFolder();
    await standIn(folder, 'docker', id);
    const words = [
      'docker',
      'run',
      '-i',
      '--rm',
      '-e',
      'KEY',
      '--mount',
      'type=bind,src=/,dst=/x',
      '--name=n',
      'acme/server:1',
      'image',
      '-v',
    ];
    const launch = await resolve(folder, words);
    expect(launch.args).toEqual(words.slice(1).with(8, id));
    expect(launch.command).toMatchObject({
      kind: 'image',
      identity: 'acme/server:1',
      contentHash: 'd'.repeat(64),
      args: words.slice(1),
    });
  });

  test('is refused where an option might take the next word', async () => {
    const folder = await freshFolder();
    await standIn(folder, 'docker', id);
    expect((await faultOf(resolve(folder, ['docker', 'run', '--new-option', 'x', 'acme']))).message).toContain('--new-option');
    expect((await faultOf(resolve(folder, ['docker', 'run', '-i']))).message).toContain('given no image');
  });

  test('is refused where the image is not there and nothing may be fetched', async () => {
    const folder = await freshFolder();
    await standIn(folder, 'docker', '', true);
    expect((await faultOf(resolve(folder, ['docker', 'run', 'acme']))).message).toContain('no such image');
    expect(await readFile(join(folder, 'docker.log'), 'utf8')).not.toContain('pull');
  });
});

describe('uvx', () => {
  test('runs the version that it names', async () => {
    const folder = await freshFolder();
    await standIn(folder, 'uvx', 'not asked');
    const launch = await resolve(folder, ['uvx', 'mcp-server-time==2.0.1', '--local-timezone', 'UTC']);
    expect(launch.args).toEqual(['--from', 'mcp-server-time==2.0.1', 'mcp-server-time', '--local-timezone', 'UTC']);
    expect(launch.command).toMatchObject({
      kind: 'pypi',
      identity: 'mcp-server-time',
      version: '2.0.1',
      args: ['--local-timezone', 'UTC'],
    });
    expect(await readdir(folder)).toEqual(['uvx']);
  });

  test('is asked once for a version that nobody named', async () => {
    const folder = await freshFolder();
    await standIn(folder, 'uvx', 'not asked');
    await standIn(folder, 'uv', 'mcp-server-time==3.1.4');
    const first = await resolve(folder, ['uvx', 'mcp-server-time'], 'allow');
    const second = await resolve(folder, ['uvx', 'mcp-server-time@latest'], 'never');
    expect(first.command.version).toBe('3.1.4');
    expect(second.fingerprint).toBe(first.fingerprint);
    expect((await readdir(folder)).includes('uvx.log')).toBe(false);
    expect((await readFile(join(folder, 'uv.log'), 'utf8')).trim().split('\n')).toHaveLength(1);
  });

  test.each([
    [['uvx', 'mcp-server-time>=2'], /exact version/],
    [['uvx', '--with', 'x', 'mcp-server-time==1'], /option --with of uvx/],
    [['uvx', 'git+https://example.org/x'], /exact version/],
    [['uvx'], /given no package/],
  ])('%j is refused', async (words, reason) => {
    const folder = await freshFolder();
    await standIn(folder, 'uvx', '1.0.0');
    expect((await faultOf(resolve(folder, words))).message).toMatch(reason);
  });
});

describe('Windows', () => {
  test('looks for a name with the endings of PATHEXT', () => {
    expect(windowsNames('npx', '.COM;.EXE;.CMD')).toEqual(['npx.com', 'npx.exe', 'npx.cmd']);
    expect(windowsNames('npx.cmd', '.COM;.EXE;.CMD')).toEqual(['npx.cmd']);
    expect(unwrapCmd(['cmd', '/c', 'npx', '-y', 'x'])).toEqual(['npx', '-y', 'x']);
    expect(unwrapCmd(['C:\\Windows\\System32\\cmd.exe', '/C', 'npx'])).toEqual(['npx']);
    expect(unwrapCmd(['cmd'])).toEqual(['cmd']);
  });

  test('starts a .cmd file by one verbatim line of cmd.exe in which nothing is left to expand', () => {
    expect(windowsCommand('C:\\node.exe', ['a b'])).toEqual({ file: 'C:\\node.exe', args: ['a b'], verbatim: false });
    const { file, args, verbatim } = windowsCommand('C:\\Program Files\\x.cmd', ['%PATH%', 'a"b', 'c&d', 'e\\']);
    expect([file, verbatim, args.slice(0, 3)]).toEqual(['cmd.exe', true, ['/d', '/s', '/c']]);
    // What cmd.exe would act on stands behind a caret.
    expect(args[3]?.slice(1, -1)).not.toMatch(/(?<!\^)[%&|<>"]/);
    expect(() => windowsCommand('x.cmd', ['a\nb'])).toThrow('line end');
  });
});

test('npm is given the name of a package behind "--", so that it can be no option', async () => {
  const folder = await freshFolder();
  await standIn(folder, 'npm', '');
  await faultOf(resolve(folder, ['npx', 'a-server@1.0.0'], 'allow'));
  expect(await readFile(join(folder, 'npm.log'), 'utf8')).toMatch(/^install .* -- a-server@1\.0\.0\n$/);
});

test('a tool is over when it ended, also where something that it left behind keeps its output open', async () => {
  const cwd = await freshFolder();
  // Its own session, so that the sweep of the group does not reach it.
  const args = ['-c', 'setsid sleep 8 & sleep 0.3; printf done'];
  const began = performance.now();
  const { stdout } = await runTool({ file: '/bin/sh', args, cwd, env: { PATH: '/usr/bin:/bin' }, deadlineMs: 20_000 });
  expect(stdout).toBe('done');
  expect(performance.now() - began).toBeLessThan(6000);
});
