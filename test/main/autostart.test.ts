// Start at login on Linux: what the profile says, with and without an entry of the package, and a file of somebody else.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followAutostart } from '../../main/autostart.ts';
import { proves } from '../requirement.ts';

let dir: string;
const file = () => join(dir, 'config/autostart/drawbridge.desktop');
const text = () => readFile(file(), 'utf8').catch(() => undefined);
const follow = (setting: string | undefined, isSet: boolean) =>
  followAutostart(setting, isSet, {
    home: dir,
    env: { XDG_CONFIG_HOME: join(dir, 'config'), XDG_CONFIG_DIRS: join(dir, 'system') },
    program: '/opt/Draw bridge/drawbridge',
  });
const packageEntry = async () => {
  await mkdir(join(dir, 'system/autostart'), { recursive: true });
  await writeFile(join(dir, 'system/autostart/drawbridge.desktop'), '[Desktop Entry]\n');
};
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-autostart-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('is written where the profile says always, with a path that no update changes, and removed again', async () => {
  expect(await follow('always', true)).toBe('written');
  expect(await text()).toContain('Exec="/opt/Draw bridge/drawbridge" --hidden\n');
  expect(await follow('always', true)).toBe('left');
  expect(await follow('never', true)).toBe('removed');
  expect(await text()).toBeUndefined();
});

test('is not written where nobody set it, or the package has its own', async () => {
  expect(await follow('always', false)).toBe('left');
  await packageEntry();
  expect(await follow('always', true)).toBe('left');
  expect(await follow('user_decides', true)).toBe('left');
  expect(await text()).toBeUndefined();
});

test("hides the package's entry where the profile says never", async () => {
  await packageEntry();
  expect(await follow('never', true)).toBe('written');
  expect(await text()).toContain('\nHidden=true\n');
  expect(await follow('always', true)).toBe('removed');
});

test('an entry that the user wrote stays', async () => {
  proves('companion.autostart-by-profile', {
    file: 'main/autostart.ts',
    find: "if (present !== undefined && !present.includes(mark)) return 'left';",
    replace: '',
  });
  await mkdir(join(dir, 'config/autostart'), { recursive: true });
  await writeFile(file(), '[Desktop Entry]\nName=Mine\n');
  expect(await follow('never', true)).toBe('left');
  expect(await text()).toBe('[Desktop Entry]\nName=Mine\n');
});
