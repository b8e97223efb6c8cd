// How the gateway server's program is started: with code that was compiled before.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { proves } from '../requirement.ts';

const launch = fileURLToPath(new URL('../../gateway/launch.mjs', import.meta.url));

/** Whether compiled code lies in a data directory of this mode after a command was run on it. */
async function keeps(mode: number): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'drawbridge-launch-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  await chmod(dataDir, mode);
  const { stdout } = await promisify(execFile)(process.execPath, [launch, 'token', '--help', '--data', dataDir]);
  expect(stdout).toContain('enroll');
  return stat(join(dataDir, 'cache')).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

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
