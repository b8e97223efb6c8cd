// Where commands are looked up: by a real login shell, and without what our own process was started with.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findExecutable, searchPath } from '../../../bridge/server/search-path.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from './fixture.ts';

async function homeWith(...folders: string[]): Promise<string> {
  const home = await freshFolder();
  for (const folder of folders) await mkdir(join(home, folder), { recursive: true });
  return home;
}

describe('the search path', () => {
  test('starts with what the login shell says, though its start-up files print more', async () => {
    const home = await homeWith('tools', '.local/bin');
    await writeFile(join(home, '.profile'), 'echo "Welcome back: today is fine"\nexport PATH="$HOME/tools:$HOME/absent:$PATH"\n');
    const found = await searchPath({ home, platform: 'linux', env: { PATH: '/usr/bin' }, shell: '/bin/sh' });
    expect(found[0]).toBe(join(home, 'tools'));
    expect(found).toContain(join(home, '.local/bin'));
    expect(found).not.toContain(join(home, 'absent'));
  });

  test('has the places of version managers, newest Node first, also where there is no shell', async () => {
    const home = await homeWith(
      '.nvm/versions/node/v20.1.0/bin',
      '.nvm/versions/node/v24.0.0/bin',
      '.nvm/versions/node/v9.0.0/bin',
      '.volta/bin',
    );
    const found = await searchPath({ home, platform: 'linux', env: {}, shell: undefined });
    const ofHome = found.filter((place) => place.startsWith(home)).map((place) => place.slice(home.length + 1));
    expect(ofHome).toEqual([
      '.volta/bin',
      '.nvm/versions/node/v24.0.0/bin',
      '.nvm/versions/node/v20.1.0/bin',
      '.nvm/versions/node/v9.0.0/bin',
    ]);
  });

  test('has no package folder of the process that started us, and nothing relative', async () => {
    proves('local-server.no-own-packages', {
      file: 'bridge/server/search-path.ts',
      find: '.filter((place) => !isOfSomePackage(place))',
      replace: '',
    });
    const home = await homeWith('project/node_modules/.bin', 'tools');
    const PATH = [join(home, 'project/node_modules/.bin'), '.', '', 'node_modules/.bin', join(home, 'tools')].join(':');
    const found = await searchPath({ home, platform: 'linux', env: { PATH }, shell: undefined });
    expect(found.filter((place) => place.startsWith(home))).toEqual([join(home, 'tools')]);
    expect(found.every((place) => place.startsWith('/'))).toBe(true);
  });

  test('does without a shell that cannot be run', async () => {
    const home = await homeWith('.local/bin');
    const found = await searchPath({ home, platform: 'linux', env: {}, shell: '/nowhere/shell' });
    expect(found).toContain(join(home, '.local/bin'));
  });
});

describe('an executable', () => {
  test('is found as an absolute path, and only where it can be run', async () => {
    const home = await homeWith('one', 'two/tool', 'three');
    await writeFile(join(home, 'one/tool'), '');
    await writeFile(join(home, 'three/real'), '#!/bin/sh\n');
    await chmod(join(home, 'three/real'), 0o755);
    await symlink('real', join(home, 'three/tool'));
    const where = { searchPath: ['one', 'two', 'three'].map((name) => join(home, name)), cwd: home, platform: 'linux' } as const;
    expect(await findExecutable('tool', where)).toBe(join(home, 'three/tool'));
    expect(await findExecutable('./three/tool', where)).toBe(join(home, 'three/tool'));
    expect(await findExecutable('missing', where)).toBe(undefined);
  });
});
