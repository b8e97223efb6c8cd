// Start at login on Linux: what the profile says, with and without an entry of the package, and a file of somebody else.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { autostartNow, followAutostart, lastingProgram } from '../../main/autostart.ts';
import { proves } from '../requirement.ts';

let dir: string;
const file = () => join(dir, 'config/autostart/drawbridge.desktop');
const text = () => readFile(file(), 'utf8').catch(() => undefined);
const place = (program = '/opt/Draw bridge/drawbridge') => ({
  home: dir,
  env: { XDG_CONFIG_HOME: join(dir, 'config'), XDG_CONFIG_DIRS: join(dir, 'system') },
  program,
});
const follow = (setting: string | undefined, isSet: boolean, program?: string) => followAutostart(setting, isSet, place(program));
const now = () => autostartNow(place());
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

test('what happens at login is read from both entries', async () => {
  expect(await now()).toBe('off');
  await follow('always', true);
  expect(await now()).toBe('on');
  await follow('never', true);
  expect(await now()).toBe('off');
  await packageEntry();
  expect(await now()).toBe('on');
  await follow('never', true);
  expect(await now()).toBe('off');
  await writeFile(file(), '[Desktop Entry]\nName=Mine\n');
  expect(await now()).toBe('own_file');
});

test('whatever the path of the program holds, the entry is valid and names that very file', async ({ skip }) => {
  const program = '/opt/a "b" $c `d` %u \\e/drawbridge';
  await follow('always', true, program);
  const check = spawnSync('desktop-file-validate', [file()], { encoding: 'utf8' });
  if (check.error) return skip('there is no desktop-file-validate');
  expect(check.stdout).toBe('');
  // As the specification has it: the escapes of a string first, then the quoting, then the field codes.
  const exec = /^Exec=(.*)$/m.exec((await text()) ?? '')?.[1]?.replaceAll(/\\(.)/g, '$1') ?? '';
  const word = /^"((?:[^"\\]|\\.)*)" --hidden$/.exec(exec)?.[1]?.replaceAll(/\\(.)/g, '$1').replaceAll('%%', '%');
  expect(word).toBe(program);
});

test('an AppImage counts only where we run from it, and a source tree never', () => {
  const env = { APPIMAGE: '/home/ada/Drawbridge.AppImage', APPDIR: '/tmp/.mount_Draw' };
  const other = { APPIMAGE: '/home/ada/Other.AppImage', APPDIR: '/tmp/.mount_Other' };
  const of = (env_: Record<string, string>, execPath: string, isPackaged: boolean) =>
    lastingProgram({ env: env_, execPath, isPackaged });
  expect(of(env, '/tmp/.mount_Draw/drawbridge', true)).toBe(env.APPIMAGE);
  expect(of(other, '/opt/Drawbridge/drawbridge', true)).toBe('/opt/Drawbridge/drawbridge');
  expect(of(other, '/work/node_modules/electron/dist/electron', false)).toBeUndefined();
});
