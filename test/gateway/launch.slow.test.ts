// How the gateway server's program is started: with code that was compiled before.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { proves } from '../requirement.ts';

const launch = fileURLToPath(new URL('../../gateway/launch.mjs', import.meta.url));

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'drawbridge-launch-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** Whether compiled code lies in a data directory after a command was run on it. */
async function keepsIn(dataDir: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)(process.execPath, [launch, 'token', '--help', '--data', dataDir]);
  expect(stdout).toContain('enroll');
  return stat(join(dataDir, 'cache')).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function keeps(mode: number): Promise<boolean> {
  const dataDir = await folder();
  await chmod(dataDir, mode);
  return keepsIn(dataDir);
}

test('a folder for it that others may write is not used, and where none can be made the program starts without', async () => {
  const [open, full] = [await folder(), await folder()];
  const cache = join(open, 'cache');
  await mkdir(cache);
  await chmod(cache, 0o777);
  await keepsIn(open);
  expect(await readdir(cache)).toEqual([]);
  await writeFile(join(full, 'cache'), '');
  expect(await keepsIn(full)).toBe(false);
});

test('compiled code is kept in the data directory, but never where others may write', async () => {
  proves('gateway-shell.own-compiled-code', {
    file: 'gateway/launch.mjs',
    find: '(found.mode & 0o022) === 0',
    replace: 'true',
  });
  expect(await keeps(0o700)).toBe(true);
  expect(await keeps(0o777)).toBe(false);
  expect(await keeps(0o770)).toBe(false);
});
