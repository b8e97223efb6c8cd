// Hosts that run since before their file was changed: found among real processes, by name, home and start.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { neededRestarts } from '../../../bridge/host/restart.ts';
import { programOf } from '../../../bridge/host/running.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { makePlace } from './fixture.ts';

let place: Place;
const children: ChildProcess[] = [];
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  await place.close();
});

/** A program of that name that runs until it is ended. */
async function start(name: string, home = place.home): Promise<ChildProcess> {
  const folder = join(place.home, 'bin', String(children.length));
  const file = join(folder, name);
  await mkdir(folder, { recursive: true });
  await copyFile('/bin/sleep', file);
  const child = spawn(file, ['600'], { env: { HOME: home }, stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  return child;
}
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
const needed = async (): Promise<readonly string[]> => [...(await neededRestarts(place.request)).keys()];
/** `aheadMs`: of the clock, as it goes when the files are changed. */
async function change(aheadMs = 0): Promise<void> {
  await place.write('.codex/config.toml', '[mcp_servers.web]\nurl = "https://web.example.com/mcp"\n');
  await place.write('.cursor/mcp.json', '{"mcpServers": {"web": {"url": "https://web.example.com/mcp"}}}');
  await converge({ ...place.request, now: () => Date.now() + aheadMs });
}
const hourMs = 3_600_000;

test('a host that ran before its file was changed needs a restart until it is gone, however often it is started since', async () => {
  proves('host-config.needs-restart', {
    file: 'bridge/host/restart.ts',
    find: 'ranThen.includes(one.start)',
    replace: '!ranThen.includes(one.start)',
  });
  const old = await start('codex');
  expect(await needed()).toEqual([]);
  await change();
  expect(await needed()).toEqual(['codex']);
  await start('codex');
  await end(old);
  expect(await needed()).toEqual([]);
});

test('a host that was started after the change, has another home or reads its file by itself needs none', async () => {
  await start('codex', '/elsewhere');
  await start('cursor');
  await change();
  await start('codex');
  expect(await needed()).toEqual([]);
});

test.each([-hourMs, hourMs])(
  'a clock that was %d ms ahead when the file was changed, and is set since, tells of no other host',
  async (aheadMs) => {
    const old = await start('codex');
    await change(aheadMs);
    expect(await needed()).toEqual(['codex']);
    await end(old);
    await start('codex');
    expect(await needed()).toEqual([]);
  },
);

test('what ran before the last start of the device needs none, also where the numbers of its processes are given anew', async () => {
  await start('codex');
  await change();
  const ledger = '.local/state/drawbridge/host/ledger.json';
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  await place.write(ledger, (await place.text(ledger)).replaceAll(boot, '00000000-0000-4000-8000-000000000000'));
  expect(await needed()).toEqual([]);
});

test.each([
  [['/usr/bin/codex', 'exec'], 'codex'],
  [['node', '--no-warnings', '/usr/lib/node_modules/@openai/codex/bin/codex.js'], 'codex'],
  [['C:\\Program Files\\Goose\\goose.exe'], 'goose'],
  [['claude'], 'claude'],
  [['node'], 'node'],
  [[], ''],
])('the program of %j is %j', (argv, name) => {
  expect(programOf(argv)).toBe(name);
});
