// The packaged app, driven by the companion's own tests. Two things differ from what ships: the fuse that Playwright needs is on, and the archive has one
// file more, the wrapper of test/electron/companion.ts, as its main.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPackageWithOptions, extractAll } from '@electron/asar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wrapper } from '../../electron/companion.ts';
import { missingPrograms } from '../../electron/session.ts';
import { type Scratch, copyRepository } from '../../scratch.ts';
import { packageApp } from './packaged.ts';

const root = join(import.meta.dirname, '../../..');

let place = '';
let scratch: Scratch | undefined;
beforeAll(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-driven-'));
  scratch = await copyRepository(root);
});
afterAll(async () => {
  await scratch?.close();
  await rm(place, { recursive: true, force: true, maxRetries: 10 });
});

test('the packaged app passes the tests of the companion', { timeout: 900_000 }, async ({ skip }) => {
  const missing = missingPrograms();
  if (missing.length > 0) return skip(`missing: ${missing.join(', ')}`);
  const out = join(place, 'out');
  const packaged = await packageApp(scratch?.root ?? '', out, ['--test-electron', '--inspectable']).catch(
    (error: Error) => error,
  );
  if (packaged instanceof Error) return skip(`the app can't be packaged here: ${packaged.message}`);
  await wrap(join(packaged.unpacked, 'resources/app.asar'), join(place, 'app'));

  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', 'test/electron/state.slow.test.ts'], {
    cwd: root,
    env: { ...process.env, DRAWBRIDGE_TEST_APP: join(packaged.unpacked, 'drawbridge') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  expect(said).toMatch(/driven in Electron [\d.]+/);
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(said) ?? [];
  console.log(`the packaged app: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  expect({ failed, skipped }, said).toEqual({ failed: '0', skipped: '0' });
  expect(Number(passed)).toBeGreaterThan(3);
});

/** Makes `wrapper` the main of an app's archive. */
async function wrap(archive: string, folder: string): Promise<void> {
  extractAll(archive, folder);
  const manifest: object = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, main: './wrapper.cjs' }));
  await writeFile(join(folder, 'wrapper.cjs'), wrapper);
  await createPackageWithOptions(folder, archive, { unpack: '*.node' });
}
