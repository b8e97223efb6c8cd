// The app as `npm run package` makes it: what is in it, what its fuses say, and that it starts. The one that ships can't be driven by Playwright (a fuse is
// off that this needs), so it is asked over Chromium's own debugging port; test/electron drives the copy that has that fuse on.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { extractFile, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { missingPrograms, openSession } from '../../electron/session.ts';
import { proves } from '../../requirement.ts';
import { type Scratch, copyRepository } from '../../scratch.ts';
import { until as untilWithin } from '../../walk/deployment.ts';
import { type Packaged, packageApp } from './packaged.ts';

const root = join(import.meta.dirname, '../../..');
/** An Electron of its own starts slowly on a machine that is busy. */
const until = async <T>(what: string, look: () => Promise<T | undefined | false>) => await untilWithin(what, look, 60_000);

describe('the packaged app', () => {
  let place = '';
  let scratch: Scratch | undefined;
  let packaged: Packaged | Error = new Error('not packaged');
  beforeAll(async () => {
    place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-app-'));
    scratch = await copyRepository(root);
    packaged = await packageApp(scratch.root, join(place, 'out'), ['--test-electron']).catch((error: Error) => error);
  }, 200_000);
  afterAll(async () => {
    await scratch?.close();
    await rm(place, { recursive: true, force: true, maxRetries: 10 });
  });
  const at = (of: Packaged, path: string) => join(of.unpacked, path);

  test('holds our bundles and what is native, and nothing of the gateway server or of any other package', ({ skip }) => {
    proves('package.app-closed', {
      file: 'build/package/config.ts',
      find: "'!node_modules/**',",
      replace: '',
    });
    if (packaged instanceof Error) return skip(`the app can't be packaged here: ${packaged.message}`);
    const archive = at(packaged, 'resources/app.asar');
    const files = listPackage(archive, { isPack: false }).map((file) => file.slice(1));
    const native = `keyring-linux-${process.arch}-gnu`;
    const packages = new Set(files.flatMap((file) => /^node_modules\/(@[^/]+\/[^/]+|[^@/]+)/.exec(file)?.[1] ?? []));
    const masking = process.arch === 'x64' ? ['bufferutil'] : [];
    expect([...packages].toSorted()).toEqual(['@napi-rs/keyring', `@napi-rs/${native}`, ...masking]);
    expect([...new Set(files.map((file) => file.split('/')[0]))].toSorted()).toEqual(['node_modules', 'out', 'package.json']);
    expect([...new Set(files.filter((file) => /^out\/./.test(file)).map((file) => file.split('/')[1]))].toSorted()).toEqual([
      'main',
      'preload',
      'renderer',
    ]);
    const scripts = files.filter((file) => /^out\/.*\.c?js$/.test(file));
    expect(scripts.length).toBeGreaterThan(3);
    for (const file of scripts)
      expect(extractFile(archive, file).toString('utf8')).not.toMatch(/better-sqlite3|gateway\/pipeline/);
    expect(
      existsSync(
        at(packaged, `resources/app.asar.unpacked/node_modules/@napi-rs/${native}/keyring.linux-${process.arch}-gnu.node`),
      ),
    ).toBe(true);
    // what IT imports into its MDM, and runs
    expect(existsSync(at(packaged, 'resources/mdm/windows/en-US/drawbridge.adml'))).toBe(true);
    expect(existsSync(at(packaged, 'resources/mdm/puller/exit-code-linux.sh'))).toBe(true);
  });

  test('has its fuses blown and no default app, and says in every name that it is for tests only', async ({ skip }) => {
    proves('package.marked-for-tests', {
      file: 'build/package/main.ts',
      find: "const mark = isForTests ? '-for-tests-only' : '';",
      replace: "const mark = '';",
    });
    if (packaged instanceof Error) return skip(`the app can't be packaged here: ${packaged.message}`);
    const wire = await getCurrentFuseWire(at(packaged, 'drawbridge'));
    const states = [
      FuseV1Options.RunAsNode,
      FuseV1Options.EnableNodeOptionsEnvironmentVariable,
      FuseV1Options.EnableNodeCliInspectArguments,
      FuseV1Options.EnableCookieEncryption,
      FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
      FuseV1Options.OnlyLoadAppFromAsar,
    ].map((fuse) => wire[fuse]);
    const [off, on] = [FuseState.DISABLE, FuseState.ENABLE];
    expect(states).toEqual([off, off, off, on, on, on]);
    expect(existsSync(at(packaged, 'resources/default_app.asar'))).toBe(false);
    expect(await readFile(at(packaged, 'FOR-TESTS-ONLY'), 'utf8')).toContain('never ship it');
    expect(basename(packaged.deb)).toContain('for-tests-only');
  });

  test('opens its window, and runs neither Node nor another app when it is asked to', async ({ skip }) => {
    proves('package.app-starts', {
      file: 'build/package/config.ts',
      find: "'out/{main,preload,renderer}/**',",
      replace: "'out/{main,preload}/**',",
    });
    if (packaged instanceof Error) return skip(`the app can't be packaged here: ${packaged.message}`);
    const missing = missingPrograms();
    if (missing.length > 0) return skip(`missing: ${missing.join(', ')}`);
    const session = await openSession();
    const traces = join(place, 'traces');
    await mkdir(join(place, 'other'));
    await writeFile(join(place, 'other/package.json'), JSON.stringify({ name: 'other', version: '1.0.0', main: 'main.cjs' }));
    await writeFile(join(place, 'other/main.cjs'), `require('node:fs').writeFileSync(${JSON.stringify(traces)}, 'app');`);
    await writeFile(join(place, 'required.cjs'), `require('node:fs').writeFileSync(${JSON.stringify(traces)}, 'node');`);
    const env = { ...session.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: `--require=${join(place, 'required.cjs')}` };
    const args = [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      `--user-data-dir=${join(session.dir, 'data')}`,
      '--remote-debugging-port=0',
      join(place, 'other'),
    ];
    const child = spawn(at(packaged, 'drawbridge'), args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      const text = await pageText(child);
      console.log(`packaged with Electron ${packaged.electron}: the window says ${JSON.stringify(text.slice(0, 200))}`);
      expect(text).toMatch(/Drawbridge|agent/i);
      expect(existsSync(traces)).toBe(false);
      const masking = at(packaged, 'resources/app.asar.unpacked/node_modules/bufferutil/bufferutil.node');
      if (process.arch === 'x64') await until('the agent to load what ws masks with', async () => await isMapped(masking));
    } finally {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await session.close();
    }
  });
});

const Targets = z.array(z.looseObject({ type: z.string(), webSocketDebuggerUrl: z.string() }));

/** What the first page shows, over the debugging protocol. */
async function pageText(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const port = await until('a debugging port', async () => {
    if (child.exitCode !== null) throw new Error(`the app ended with ${child.exitCode}:\n${said}`);
    return /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1];
  });
  return await until('a page with words', async () => {
    const targets = Targets.parse(await (await fetch(`http://127.0.0.1:${port}/json/list`)).json());
    const page = targets.find(({ type }) => type === 'page');
    return page && ((await evaluate(page.webSocketDebuggerUrl, 'document.body.innerText')) || undefined);
  });
}

/** Whether a process of this machine has loaded the file. */
async function isMapped(file: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const maps = await Promise.all(pids.map(async (pid) => await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '')));
  return maps.some((text) => text.includes(file));
}

/** Undefined where the page is just being exchanged for another one. */
async function evaluate(url: string, expression: string): Promise<string | undefined> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  try {
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
    const [message] = await once(socket, 'message');
    return JSON.parse(String(message.data)).result?.result?.value;
  } finally {
    socket.close();
  }
}
