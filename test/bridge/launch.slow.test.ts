// How the bridge's program is started: with code that was compiled before, whichever way the state directory is named.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { proves } from '../requirement.ts';

const launch = fileURLToPath(new URL('../../bridge/launch.mjs', import.meta.url));

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'drawbridge-launch-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** Whether compiled code lies in this state directory after a command was run with these words. */
async function keeps(stateDir: string, words: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  const { stdout } = await promisify(execFile)(process.execPath, [launch, 'agent', '--help', ...words], { env });
  expect(stdout).toContain('--state');
  return stat(join(stateDir, 'cache')).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function keepsWith(mode: number): Promise<boolean> {
  const stateDir = await folder();
  await chmod(stateDir, mode);
  return keeps(stateDir, ['--state', stateDir]);
}

test('compiled code is kept in the state directory, but never where others may write', async () => {
  proves('agent.own-compiled-code', { file: 'bridge/launch.mjs', find: '(found.mode & 0o022) === 0', replace: 'true' });
  expect(await keepsWith(0o700)).toBe(true);
  expect(await keepsWith(0o777)).toBe(false);
  expect(await keepsWith(0o770)).toBe(false);
});

test('a folder for it that others may write is not used, and where none can be made the program starts without', async () => {
  const [open, full] = [await folder(), await folder()];
  const cache = join(open, 'cache');
  await mkdir(cache);
  await chmod(cache, 0o777);
  await keeps(open, ['--state', open]);
  expect(await readdir(cache)).toEqual([]);
  await chmod(cache, 0o700);
  await keeps(open, ['--state', open]);
  expect(await readdir(cache)).not.toEqual([]);
  await writeFile(join(full, 'cache'), '');
  expect(await keeps(full, ['--state', full])).toBe(false);
});

test("the state directory is the one that is named, and else the user's own, where it is there", async () => {
  const [named, home] = [await folder(), await folder()];
  expect(await keeps(named, [`--state=${named}`])).toBe(true);
  const own = join(home, '.local/state/drawbridge');
  expect(await keeps(own, [], { HOME: home })).toBe(false);
  await mkdir(own, { recursive: true, mode: 0o700 });
  expect(await keeps(own, [], { HOME: home })).toBe(true);
  const elsewhere = join(home, 'drawbridge');
  await mkdir(elsewhere, { mode: 0o700 });
  expect(await keeps(elsewhere, [], { HOME: '/nonexistent', XDG_STATE_HOME: home })).toBe(true);
});
