// One agent per state directory, with real processes that hold, die and are taken for others.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock } from '../../bridge/lock.ts';
import { proves } from '../requirement.ts';
import { root } from '../walk/program.ts';

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

test('who was killed while it made or took over a lock holds nobody up and leaves nothing, however often', async () => {
  const dead = JSON.stringify({ pid: await endedPid(), started: 'x' });
  for (const name of ['', '.takeover', '.takeover.takeover']) await writeFile(`${file}${name}`, dead);
  for (const name of ['.0123456789abcdef', '.takeover.0123456789abcdef']) await writeFile(`${file}${name}`, '');
  await writeFile(join(dir, 'host.lock.0123456789abcdef'), '');
  expect((await lock(file, process.pid)).kind).toBe('held');
  expect((await readdir(dir)).toSorted()).toEqual(['agent.lock', 'host.lock.0123456789abcdef']);
});

test('nobody takes over beside one who lives and does', async () => {
  await writeFile(file, '{');
  const other = await lock(`${file}.takeover`, process.pid);
  await expect(lock(file, process.pid)).rejects.toThrow(`can't be taken: process ${process.pid} holds ${file}.takeover.`);
  expect(await readFile(file, 'utf8')).toBe('{');
  if (other.kind === 'held') other.release();
  expect((await lock(file, process.pid)).kind).toBe('held');
});

/** Only who may mount (root) can hide it, and only on Linux is it there. */
const mayHideProc = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/proc']).status === 0;
test.skipIf(!mayHideProc)('where starts are not told, an old takeover is that of a dead one whose pid another has', async () => {
  const script = `
    import { lock } from ${JSON.stringify(join(root, 'bridge/lock.ts'))};
    const said = await lock(${JSON.stringify(file)}, process.pid).then(({ kind }) => kind, ({ message }) => message);
    process.stdout.write(said);`;
  const take = (): string => {
    const hidden = 'mount -t tmpfs none /proc && "$0" --input-type=module -e "$1"; exit $?';
    return spawnSync('unshare', ['-m', 'sh', '-c', hidden, process.execPath, script]).stdout.toString();
  };
  await writeFile(file, JSON.stringify({ pid: await endedPid(), started: '' }));
  await writeFile(`${file}.takeover`, JSON.stringify({ pid: process.pid, started: '' }));
  expect(take()).toContain(`process ${process.pid} holds`);
  const before = new Date(Date.now() - 300_000);
  await utimes(`${file}.takeover`, before, before);
  expect(take()).toBe('held');
});

test('of many that see the same dead holder and the same dead one that took over, one gets the lock', async () => {
  const dead = JSON.stringify({ pid: await endedPid(), started: 'x' });
  for (const name of ['', '.takeover']) await writeFile(`${file}${name}`, dead);
  const all = await Promise.all(Array.from({ length: 20 }, () => lock(file, process.pid)));
  expect(all.filter(({ kind }) => kind === 'held')).toHaveLength(1);
});

test('what stands beside it and can not be cleared takes the lock from nobody', async () => {
  await mkdir(`${file}.0123456789abcdef`);
  const taken = await lock(file, process.pid);
  if (taken.kind === 'held') taken.release();
  expect((await lock(file, process.pid)).kind).toBe('held');
});

test('who releases a lock that a pipe has taken the place of waits for nobody, and leaves it', async () => {
  const module = new URL('../../bridge/lock.ts', import.meta.url).href;
  const script = `
    import { lock } from ${JSON.stringify(module)};
    import { spawnSync } from 'node:child_process';
    import { rmSync } from 'node:fs';
    const held = await lock(${JSON.stringify(file)}, process.pid);
    rmSync(${JSON.stringify(file)});
    spawnSync('mkfifo', [${JSON.stringify(file)}]);
    held.release();`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 4_000,
    killSignal: 'SIGKILL',
  });
  expect(status).toBe(0);
  expect(await readdir(dir)).toEqual(['agent.lock']);
});

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid ?? 0;
}
