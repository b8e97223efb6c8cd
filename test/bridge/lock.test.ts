// One agent per state directory, with real processes that hold, die and are taken for others.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock } from '../../bridge/lock.ts';
import { proves } from '../requirement.ts';

let dir = '';
let file = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-lock-'));
  file = join(dir, 'agent.lock');
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

test('who comes second is told the pid of the first; after the release the next one has it', async () => {
  const first = await lock(file, process.pid);
  expect(await lock(file, process.pid)).toEqual({ kind: 'taken', pid: process.pid });
  if (first.kind === 'held') first.release();
  const next = await lock(file, process.pid);
  expect(next.kind).toBe('held');
  expect(await readdir(dir)).toEqual(['agent.lock']);
});

test('the lock of a process that was killed is taken over', async () => {
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(holder, 'spawn');
  await lock(file, holder.pid ?? 0);
  expect(await lock(file, process.pid)).toMatchObject({ kind: 'taken', pid: holder.pid });
  holder.kill('SIGKILL');
  await once(holder, 'close');
  expect((await lock(file, process.pid)).kind).toBe('held');
});

test('a pid that was given to another process holds nothing', async () => {
  proves('agent.lock-stale', {
    file: 'bridge/lock.ts',
    find: 'return (await startOf(holder.pid)) === holder.started;',
    replace: 'return true;',
  });
  await lock(file, process.pid);
  const holder: unknown = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...(typeof holder === 'object' ? holder : {}), started: 'another-boot:1' }));
  expect((await lock(file, process.pid)).kind).toBe('held');
});

test('a lock file that makes no sense holds nobody up', async () => {
  for (const text of ['', '{', '{"pid":"x"}']) {
    await writeFile(file, text);
    const taken = await lock(file, process.pid);
    expect(taken.kind).toBe('held');
    if (taken.kind === 'held') taken.release();
  }
});

test('who was killed while it took over holds nobody up, not even where the clock was set back since', async () => {
  await writeFile(file, '{');
  await mkdir(`${file}.takeover`);
  const tomorrow = new Date(Date.now() + 24 * 60 * 60_000);
  await utimes(`${file}.takeover`, tomorrow, tomorrow);
  expect((await lock(file, process.pid)).kind).toBe('held');
});

test('of many that see the same dead holder, one gets the lock', async () => {
  const holder = spawn(process.execPath, ['-e', '']);
  await once(holder, 'close');
  await writeFile(file, JSON.stringify({ pid: holder.pid, started: 'x' }));
  const all = await Promise.all(Array.from({ length: 20 }, () => lock(file, process.pid)));
  expect(all.filter(({ kind }) => kind === 'held')).toHaveLength(1);
});
