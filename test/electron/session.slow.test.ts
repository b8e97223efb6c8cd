// The desktop session that the tests of the companion run in: it has a screen of its own and leaves nothing behind.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { processesWith } from '../walk/process.ts';
import { missingPrograms, openSession } from './session.ts';

test('two sessions have two screens, and closing one ends its programs and removes its folder', async ({ skip }) => {
  const missing = missingPrograms({ tray: true, secrets: true });
  if (missing.length > 0) skip(`there is no ${missing.join(', ')}`);
  const [one, other] = await Promise.all([openSession({ tray: true, secrets: true }), openSession()]);
  try {
    expect(one.env['DISPLAY']).toMatch(/^:\d+$/);
    expect(one.env['DISPLAY']).not.toBe(other.env['DISPLAY']);
    const size = await promisify(execFile)('xdotool', ['getdisplaygeometry'], { env: one.env });
    expect(size.stdout).toBe('1280 800\n');
    const programs = async () => (await processesWith('Xvfb')).length;
    const before = await programs();
    await one.close();
    expect(await programs()).toBe(before - 1);
    expect(existsSync(one.dir)).toBe(false);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});
