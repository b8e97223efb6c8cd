// The desktop session that the tests of the companion run in: it has a screen of its own and leaves nothing behind.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
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
    await one.close();
    expect(existsSync(`/tmp/.X11-unix/X${one.env['DISPLAY']?.slice(1)}`)).toBe(false);
    expect(existsSync(`/tmp/.X11-unix/X${other.env['DISPLAY']?.slice(1)}`)).toBe(true);
    expect(existsSync(one.dir)).toBe(false);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});
