// The command line of `npm run package`, and what it says before it begins.
import { spawnSync } from 'node:child_process';
import { mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkPrograms, readOptions } from '../../../build/package/options.ts';

const root = join(import.meta.dirname, '../../..');

test('without options everything of this platform is made, into out/package', () => {
  expect(readOptions([], '/repository')).toEqual({
    isOnlyUnpacked: false,
    hasTestElectron: false,
    isInspectable: false,
    output: '/repository/out/package',
    version: undefined,
  });
  expect(readOptions(['--out', '/elsewhere', '--version', '1.2.3'], '/repository')).toMatchObject({
    output: '/elsewhere',
    version: '1.2.3',
  });
  expect(readOptions(['-h'], '/repository')).toBe('help');
});

test.each(['1.2', '1.2.3-beta.1', '1.2.3~x', '1.2.3\nDepends: evil'])('a version such as %j is refused', (version) => {
  expect(() => readOptions(['--version', version], '/')).toThrow(/three numbers, such as 1.2.0/);
});

test('a mistake is one line and the options, without a stack', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build/package/main.ts', '--bogus'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^package: Unknown option '--bogus'/);
  expect(stderr).toContain('--test-electron');
  expect(stderr).not.toContain('    at ');
});

test('a program that is missing is named with what brings it, before anything is made', async () => {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-path-'));
  try {
    expect(() => checkPrograms('linux', folder)).toThrow(/dpkg-deb.*; rpmbuild.*package rpm/);
    await symlink(process.execPath, join(folder, 'dpkg-deb'));
    expect(() => checkPrograms('linux', `/nowhere:${folder}`)).toThrow(/without rpmbuild, which/);
    await symlink(process.execPath, join(folder, 'rpmbuild'));
    checkPrograms('linux', `/nowhere:${folder}`);
    checkPrograms('darwin', '');
  } finally {
    await rm(folder, { recursive: true });
  }
});
