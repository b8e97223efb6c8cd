// `drawbridge` where the system does not know who runs it, or where: said in words, or done all the same.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../../walk/program.ts';

const cli = join(root, 'bridge/cli.ts');
const launch = join(root, 'bridge/launch.mjs');

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-account-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o777);
  return dir;
}

test('a user who is in no list of users goes by their number', async ({ skip }) => {
  if (process.getuid?.() !== 0) return skip('only root can run something as somebody else');
  const dir = await folder();
  const asNobody = { uid: 1_234_567, gid: 1_234_567, cwd: '/', env: { PATH: '/usr/bin:/bin', HOME: dir } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, 'hosts', 'list'], asNobody);
  expect([stdout, stderr]).toEqual([expect.stringContaining('HOST'), '']);
});

test.each(['', '.', 'home'])(
  'a home that is "%s" is none: nothing is read from the folder that it is started in',
  async (HOME) => {
    const dir = await folder();
    for (const args of [['status'], ['agent'], ['connect', 'https://mcp.example.org/g/eng/mcp']]) {
      const started = promisify(execFile)(process.execPath, [launch, ...args], {
        cwd: dir,
        env: { HOME, PATH: '/usr/bin:/bin' },
      });
      await expect(started).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('HOME names no folder.') });
    }
    expect(await readdir(dir)).toEqual([]);
  },
);

test('a folder that is gone is said to be, where it is started in one', async () => {
  const dir = await folder();
  const script = `rmdir "$1" && exec "$2" "$3" status`;
  const started = promisify(execFile)('/bin/sh', ['-c', script, 'sh', dir, process.execPath, cli], { cwd: dir });
  await expect(started).rejects.toMatchObject({
    code: 1,
    stderr: 'drawbridge: the folder that it was started in is gone: start it in another one.\n',
  });
});
