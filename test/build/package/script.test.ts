// The maintainer scripts and what a Linux package installs beside the app, by their own checkers.
import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { linuxFiles } from '../../../build/package/linux-files.ts';
import { scripts, writeScripts } from '../../../build/package/script.ts';

const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);
const isMissing = async (program: string) =>
  await run(program, ['--help']).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

test('each maintainer script is one that shellcheck and the shell accept as plain sh', async ({ skip }) => {
  if (await isMissing('shellcheck')) return skip('there is no shellcheck');
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-scripts-'));
  try {
    await writeScripts(root, folder);
    for (const name of scripts) {
      const { stdout } = await run('shellcheck', ['--shell=dash', '--severity=warning', join(folder, name)]);
      expect(stdout).toBe('');
      await run('sh', ['-n', join(folder, name)]);
    }
    const macos = ['macos/postinstall', 'macos-app/uninstall'].map((name) => join(root, 'build/package', name));
    expect((await run('shellcheck', ['--shell=sh', '--severity=warning', ...macos])).stdout).toBe('');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('each desktop entry is valid, and an entry that starts at login is skipped where the app is gone', async ({ skip }) => {
  if (await isMissing('desktop-file-validate')) return skip('there is no desktop-file-validate');
  const entries = linuxFiles
    .filter(({ from }) => from.endsWith('.desktop'))
    .map(({ from }) => join(root, 'build/package/linux', from));
  expect(entries).toHaveLength(2);
  const { stdout, stderr } = await run('desktop-file-validate', entries);
  expect(stdout + stderr).toBe('');
  const { stdout: tried } = await run('grep', ['-c', '^TryExec=/opt/Drawbridge/drawbridge$', ...entries.slice(1)]);
  expect(tried.trim()).toBe('1');
});
