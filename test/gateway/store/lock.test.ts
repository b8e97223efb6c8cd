// One gateway server per data directory, whatever became of the one before.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDataDirectory } from '../../../gateway/store/lock.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from '../../suite/ground.ts';

const nobody = 65_534;
const program = join(import.meta.dirname, '../../fake/lock-holder.ts');
let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await freshFolder();
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function holder(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

describe('the lock on a data directory', () => {
  test('that another process holds is refused, with the number of that process', async () => {
    proves('store.lock', { file: 'gateway/store/sqlite.ts', find: "raw.exec('begin exclusive');", replace: '' });
    const { pid } = await holder();
    await expect(lockDataDirectory(folder)).rejects.toMatchObject({ code: 'DATA_LOCKED', fields: { pid: String(pid) } });
    await expect(lockDataDirectory(folder)).rejects.toThrow(`(process ${pid})`);
  });

  test('is free at once when its holder was killed', async () => {
    const child = await holder();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockDataDirectory(folder);
    await lock.release();
  });

  test('is held once in one process too, until it is released', async () => {
    const lock = await lockDataDirectory(folder);
    await expect(lockDataDirectory(folder)).rejects.toMatchObject({ code: 'DATA_LOCKED', fields: { pid: String(process.pid) } });
    await lock.release();
    await lock.release();
    await (await lockDataDirectory(folder)).release();
  });

  test('makes the directory for its owner alone', async () => {
    const lock = await lockDataDirectory(join(folder, 'a', 'data'));
    expect(statSync(join(folder, 'a', 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'a', 'data', 'lock')).mode & 0o777).toBe(0o600);
    await lock.release();
  });

  test('is not taken where its file can only be read: SQLite takes that for reading, which keeps nobody out', async () => {
    await (await lockDataDirectory(folder)).release();
    chmodSync(join(folder, 'lock'), 0o444);
    rmSync(join(folder, 'lock.pid'));
    // Whoever may do anything may write there, too.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(folder, nobody, nobody);
    const { stdout, stderr } = spawnSync(process.execPath, [program, folder], {
      encoding: 'utf8',
      input: '',
      ...(isRoot && { uid: nobody, gid: nobody }),
    });
    expect(stdout).toBe('');
    expect(stderr).toContain('EACCES');
  });
});
