// However the agent ends, its local servers end with it; what a crash left behind all the same is reaped by the next one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLedger, reapLeftovers } from '../../../bridge/server/ledger.ts';
import { proves } from '../../requirement.ts';
import { fake, freshFolder, pidsIn, repository, runs, until } from './fixture.ts';

describe('kill -9 of the process that owns the pool', () => {
  test('leaves no child and no grandchild behind', async () => {
    proves('local-server.owner-killed', {
      file: 'bridge/server/guard.ts',
      find: 'read -r _ <&3; kill -KILL 0; }',
      replace: 'read -r _ <&3; }',
    });
    const stateDir = await freshFolder();
    const pidFile = join(stateDir, 'pids');
    const owner = spawn(process.execPath, [join(repository, 'test/fake/pool-owner.ts'), stateDir, pidFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void owner.kill('SIGKILL'));
    await once(owner.stdout, 'data');
    const stubborn = await pidsIn(pidFile, 3);
    const below = await descendantsOf(owner.pid ?? 0);
    // Two guards with their watchers, the stubborn server with its two descendants, and the counting one.
    expect(below.length).toBeGreaterThanOrEqual(8);
    expect(below).toEqual(expect.arrayContaining([...stubborn]));
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await until(async () => !(await Promise.all(below.map(runs))).includes(true));
    expect(await reapLeftovers(stateDir)).toBe(0);
  });
});

test('a server that the system does not let us end is logged, and its owner lives', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can become another user');
  const program = join(repository, 'test/fake/unprivileged-owner.ts');
  const owner = spawn(process.execPath, [program, await freshFolder()], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void owner.kill('SIGKILL'));
  let said = '';
  owner.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('local server could not be ended') || owner.exitCode !== null);
  expect(owner.exitCode).toBeNull();
  expect(said).toContain('EPERM');
});

describe('the ledger', () => {
  test('lets the next agent kill the whole group of a leftover', async () => {
    proves('local-server.leftovers', {
      file: 'bridge/server/ledger.ts',
      find: "process.kill(-entry.pid, 'SIGKILL');",
      replace: '',
    });
    const stateDir = await freshFolder();
    const pidFile = join(stateDir, 'pids');
    const leftover = spawn(process.execPath, [fake('stubborn'), pidFile], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void leftover.kill('SIGKILL'));
    const pids = await pidsIn(pidFile, 3);
    await createLedger(stateDir).add(leftover.pid ?? 0, process.execPath);
    expect(await reapLeftovers(stateDir)).toBe(1);
    await until(async () => !(await Promise.all(pids.map(runs))).includes(true));
    expect(await readdir(join(stateDir, 'child'))).toEqual([]);
  });

  test('never kills a process that only bears the number of one of ours', async () => {
    proves('local-server.reused-pid', {
      file: 'bridge/server/ledger.ts',
      find: 'entry.startTime === now.startTime &&',
      replace: '',
    });
    const stateDir = await freshFolder();
    const stranger = spawn(process.execPath, [fake('silent')], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const pid = stranger.pid ?? 0;
    await createLedger(stateDir).add(pid, 'x');
    const file = join(stateDir, 'child', `${pid}.json`);
    const entry = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...entry, startTime: String(Number(entry.startTime) - 1) }));
    expect(await reapLeftovers(stateDir)).toBe(0);
    expect(await runs(pid)).toBe(true);
    expect(await readdir(join(stateDir, 'child'))).toEqual([]);
  });

  test('forgets what it cannot read, and holds no arguments', async () => {
    const stateDir = await freshFolder();
    await mkdir(join(stateDir, 'child'));
    await writeFile(join(stateDir, 'child', '1.json'), '{"pid":1,"startTime":"0","boot":"","command":"init"}');
    await writeFile(join(stateDir, 'child', 'garbage.json'), '{{{');
    expect(await reapLeftovers(stateDir)).toBe(0);
    expect(await reapLeftovers(join(stateDir, 'nowhere'))).toBe(0);
    expect(await readdir(join(stateDir, 'child'))).toEqual([]);
  });
});

/** All processes below this one, by /proc. */
async function descendantsOf(root: number): Promise<readonly number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  for (const name of all) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter((pid) => pid !== root && isBelow(pid));
}
