// How set-up brings the AI hosts that tests drive: npm is real, the registry is one on loopback with packages made here.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRegistry } from '../fake/registry.ts';
import { proves } from '../requirement.ts';

const module = join(import.meta.dirname, '../../build/setup/hosts.mjs');
let place = '';
let ran = '';
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeEach(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-hosts-'));
  ran = join(place, 'ran');
  registry = await startRegistry([
    { name: 'a-host', version: '1.2.3', script: `require('node:fs').writeFileSync(${JSON.stringify(ran)}, '')` },
  ]);
});
afterEach(async () => {
  await registry.close();
  await rm(place, { recursive: true, force: true });
});

const cache = () => join(place, 'cache/drawbridge-hosts');

async function bring(version: string): Promise<{ status: number; said: string }> {
  const wanted = JSON.stringify([{ id: 'a', name: 'a-host', version, megabytes: 1 }]);
  const script = `import { bringHosts } from ${JSON.stringify(module)}; await bringHosts(process.env, ${wanted});`;
  const env = {
    PATH: process.env['PATH'],
    HOME: place,
    XDG_CACHE_HOME: join(place, 'cache'),
    npm_config_registry: registry.url,
    npm_config_cache: join(place, 'npm'),
    npm_config_fetch_retries: '0',
  };
  return await new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', script], { cwd: place, env }, (error, stdout, stderr) =>
      resolve({ status: error ? 1 : 0, said: stdout + stderr }),
    );
  });
}

test('a host comes once, at its exact version, and none of its scripts runs', async () => {
  proves('foundation.hosts-without-scripts', {
    file: 'build/setup/hosts.mjs',
    find: "'--ignore-scripts',",
    replace: '',
  });
  const leftover = join(cache(), 'a-1.2.2.of-4194305');
  await mkdir(leftover, { recursive: true });
  expect(await bring('1.2.3')).toMatchObject({
    status: 0,
    said: expect.stringMatching(/about 1 MB in .*\n.*\n.*: done in \d+ s/),
  });
  const manifest = await readFile(join(cache(), 'a-1.2.3/node_modules/a-host/package.json'), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({ version: '1.2.3' });
  expect(existsSync(ran)).toBe(false);
  expect(await readdir(cache())).toEqual(['a-1.2.3']);
  await registry.close();
  expect(await bring('1.2.3')).toEqual({ status: 0, said: '' });
});

test('a host that can not be had leaves nothing behind, stops nothing, and is named with the reason', async () => {
  const { status, said } = await bring('9.9.9');
  expect({ status, said }).toEqual({
    status: 0,
    said: expect.stringMatching(
      /a-host@9\.9\.9 could not be installed, the tests that drive it will be skipped: npm error code ETARGET; .*\n$/,
    ),
  });
  expect(await readdir(cache())).toEqual([]);
});
