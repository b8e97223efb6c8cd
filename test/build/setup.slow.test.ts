// Set-up, run as a person runs it, in a small repository of its own whose one package lies beside it: npm is real, the registry is not asked.
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';

const repository = join(import.meta.dirname, '../..');

interface Ended {
  readonly status: number;
  readonly said: string;
  readonly ms: number;
}

let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-set-up-'));
});
afterEach(async () => await rm(place, { recursive: true, force: true }));

const run = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> =>
  await new Promise((resolve) => {
    const began = performance.now();
    execFile(process.execPath, args, { cwd: place, env }, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : 128) : 0;
      resolve({ status, said: stdout + stderr, ms: performance.now() - began });
    });
  });

describe('the packages of a clone', () => {
  const env = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: join(place, 'home') });
  const setUp = async (more: NodeJS.ProcessEnv = {}) => await run(['build/setup.mjs'], { ...env(), ...more });
  const at = (path: string) => join(place, path);
  const writeJson = async (path: string, value: unknown) => await writeFile(at(path), JSON.stringify(value, undefined, 2));

  const bundled = `import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('out/gateway', { recursive: true });
writeFileSync('out/gateway/made.mjs', "export const program = 'here';");`;
  const manifest = { name: 'clone', version: '1.0.0', dependencies: { parcel: 'file:parcel' } };
  const writeLock = async (of: typeof manifest, more: Readonly<Record<string, unknown>>) => {
    const parcel = { 'node_modules/parcel': { resolved: 'parcel', link: true }, parcel: { version: '1.0.0' } };
    const packages = { '': of, ...parcel, ...more };
    await writeJson('package-lock.json', { name: 'clone', version: '1.0.0', lockfileVersion: 3, packages });
  };

  beforeEach(async () => {
    await cp(join(repository, 'build/setup.mjs'), at('build/setup.mjs'));
    await cp(join(repository, 'build/setup'), at('build/setup'), { recursive: true });
    // It has no gateway server: what would bundle one only says that it did.
    await mkdir(at('build/package'));
    await writeFile(at('build/package/gateway.ts'), bundled);
    await mkdir(at('parcel'));
    await mkdir(at('home'));
    await writeJson('parcel/package.json', { name: 'parcel', version: '1.0.0' });
    await writeJson('package.json', manifest);
    await writeLock(manifest, {});
  });

  test('are installed with words for a person, and then set-up is silent and takes under a second', async () => {
    proves('foundation.set-up-quick', {
      file: 'build/setup/packages.mjs',
      find: 'writeFileSync(stampFile, stamp);',
      replace: "writeFileSync(stampFile, ''), say('x');",
    });
    const first = await setUp();
    expect(first).toMatchObject({ status: 0, said: expect.stringMatching(/installing the packages .*\n.*done in \d+ s/) });
    const second = await setUp();
    expect(second).toMatchObject({ status: 0, said: '' });
    // The best of three: a machine that is busy with something else says nothing of ours.
    const tookMs = [second.ms, (await setUp()).ms, (await setUp()).ms];
    expect(Math.min(...tookMs)).toBeLessThan(1000);
    const node = await readFile(at('node_modules/.bin/node'));
    expect(node.length).toBeGreaterThan(0);
  });

  test('are there where the gateway server can not be bundled, and one line says why', async () => {
    await writeFile(at('out'), '');
    const done = await setUp();
    expect(done.status).toBe(0);
    expect(done.said).toMatch(/because it could not be bundled: ENOTDIR: not a directory, mkdir 'out\/gateway'\n$/);
  });

  test('are installed anew where one is missing, and left alone where only the text of the lockfile changed', async () => {
    proves('foundation.set-up-complete', {
      file: 'build/setup/packages.mjs',
      find: 'return there?.version === entry.version && there?.integrity === entry.integrity;',
      replace: 'return true;',
    });
    await setUp();
    await writeFile(at('node_modules/mine'), '');
    await writeFile(at('package-lock.json'), `${await readFile(at('package-lock.json'), 'utf8')}\n`);
    expect(await setUp()).toMatchObject({ status: 0, said: '' });
    expect(await readFile(at('node_modules/mine'), 'utf8')).toBe('');

    const lock = await readFile(at('package-lock.json'), 'utf8');
    await writeFile(
      at('package-lock.json'),
      lock.replace('"parcel": {\n      "version": "1.0.0"', '"parcel": {\n      "version": "1.0.1"'),
    );
    await writeJson('parcel/package.json', { name: 'parcel', version: '1.0.1' });
    expect(await setUp()).toMatchObject({ status: 0, said: expect.stringContaining('installing the packages') });
  });

  test.each([
    ['npm is missing', { PATH: '/nowhere' }, 'npm was not found'],
    [
      'the registry is not reached',
      { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' },
      'Check the network',
    ],
    ['the lockfile is stale', {}, 'package.json and package-lock.json differ'],
  ])('fail with what to do where %s', async (why, more, advice) => {
    proves('foundation.set-up-advice', {
      file: 'build/setup.mjs',
      find: 'process.exitCode = 1;',
      replace: '',
    });
    const wants = {
      ...manifest,
      dependencies: { ...manifest.dependencies, other: why.includes('stale') ? 'file:parcel' : '1.0.0' },
    };
    await writeJson('package.json', wants);
    if (!why.includes('stale')) await writeLock(wants, { 'node_modules/other': { version: '1.0.0' } });
    expect(await setUp(more)).toMatchObject({ status: 1, said: expect.stringContaining(advice) });
  });
});

describe('the programs of the operating system', () => {
  const all = [
    'openssl',
    'dbus-run-session',
    'gnome-keyring-daemon',
    'dbus-test-tool',
    'Xvfb',
    'openbox',
    'trayer',
    'xdotool',
    'dunst',
    'import',
    'xmllint',
    'shellcheck',
    'rpmbuild',
    'desktop-file-validate',
  ];
  const libraries = ['libgtk-3.so.0', 'libnss3.so', 'libgbm.so.1', 'libasound.so.2', 'rsyslog/lmnsd_gtls.so'];
  const allButOpenssl =
    'dbus gnome-keyring dbus-tests xvfb openbox trayer xdotool dunst imagemagick libgtk-3-0 libnss3 libgbm1 libasound2 libxml2-utils shellcheck rpm rsyslog-gnutls desktop-file-utils';
  /** A directory of programs; the fake apt-get notes how it was called, and installs what `brings` names. */
  const programs = async (names: readonly string[], brings: readonly string[] | undefined) => {
    const bin = join(place, 'bin');
    const install = (brings ?? [])
      .map((name) => join(bin, name))
      .map((path) => `/bin/mkdir -p ${dirname(path)}; : > ${path}; /bin/chmod 755 ${path}`)
      .join('\n');
    const texts = new Map(names.map((name) => [name, '#!/bin/sh\n']));
    if (brings) texts.set('apt-get', `#!/bin/sh\necho "$@" >> ${join(place, 'apt')}\n[ "$1" = install ] || exit 0\n${install}\n`);
    await mkdir(bin);
    for (const [name, text] of texts) {
      await mkdir(dirname(join(bin, name)), { recursive: true });
      await writeFile(join(bin, name), text);
      await chmod(join(bin, name), 0o755);
    }
    return bin;
  };
  const bring = async (bin: string, uid: number) => {
    const module = join(repository, 'build/setup/system.mjs');
    const script = `import { bringSystem } from ${JSON.stringify(module)}; await bringSystem({ PATH: ${JSON.stringify(bin)} }, ${uid}, [${JSON.stringify(bin)}]);`;
    return await run(['--input-type=module', '-e', script], {});
  };

  test('are not spoken of where all are there', async () => {
    expect(await bring(await programs([...all, ...libraries], []), 0)).toMatchObject({ status: 0, said: '' });
  });

  test('are named with the exact command where that needs a password', async () => {
    proves('foundation.system-package-aloud', {
      file: 'build/setup/system.mjs',
      find: '--no-install-recommends ${names.join',
      replace: '${names.join',
    });
    const { status, said } = await bring(await programs(['openssl'], []), 1000);
    expect(status).toBe(0);
    expect(said).toContain('the tests that need it will be skipped');
    expect(said).toContain('libgtk-3.so.0 is missing (Electron starts with it)');
    expect(said).toContain(`sudo apt-get update && sudo apt-get install -y --no-install-recommends ${allButOpenssl}\n`);
    await expect(readFile(join(place, 'apt'), 'utf8')).rejects.toThrow('ENOENT');
  });

  test('are installed where that needs no password', async () => {
    const { status, said } = await bring(await programs(['openssl'], [...all, ...libraries]), 0);
    expect({ status, said }).toEqual({
      status: 0,
      said: expect.stringMatching(new RegExp(`${allButOpenssl}: done in \\d+ s\\n$`)),
    });
    expect(await readFile(join(place, 'apt'), 'utf8')).toBe(
      `update -q\ninstall -y -q --no-install-recommends ${allButOpenssl}\n`,
    );
  });

  test('do not stop set-up where they can not be installed', async () => {
    const { status, said } = await bring(await programs([...all.slice(1), ...libraries], undefined), 0);
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('install what your system calls: openssl\n') });
    expect(dirname(place)).toBe(await realpath(tmpdir()));
  });
});
