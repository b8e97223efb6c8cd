// The companion in a real Electron, driven by Playwright, with a look at what it gives to the operating system: menu, icon, notifications, addresses.
// The look is a program of the test's own that wraps Electron's classes and then runs our bundle as it is: the product has no hook for it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type ElectronApplication, type Page, _electron } from 'playwright-core';
import { z } from 'zod';
import { root } from '../walk/program.ts';
import { bringElectron } from './binary.ts';
import type { Session } from './session.ts';

/** What the companion gave to the operating system so far. */
const Seen = z.object({
  menu: z.array(z.object({ label: z.string(), enabled: z.boolean() })),
  tooltip: z.string(),
  /** The bitmap of the tray icon at its own size, as Electron has it: BGRA. */
  icon: z.object({ width: z.number(), height: z.number(), pixels: z.array(z.number()) }).optional(),
  notifications: z.array(z.object({ title: z.string(), body: z.string() })),
});
export type Seen = z.infer<typeof Seen>;

export interface Companion {
  readonly app: ElectronApplication;
  readonly pid: number;
  /** Such as 25.1.1. */
  readonly electron: string;
  /** The window; opens it by the tray where it is closed. */
  page(): Promise<Page>;
  seen(): Promise<Seen>;
  /** The addresses that the desktop was asked to open: a program of the test's stands in the place of xdg-open. */
  opened(): Promise<readonly string[]>;
  /** Chooses an item of the tray's menu. */
  choose(label: string): Promise<void>;
  /** Clicks the newest notification. */
  clickNotification(): Promise<void>;
  /** Starts the same program once more, as a second click or a link does; its exit code, or null where it does not end. */
  startAgain(args: readonly string[]): Promise<number | null>;
  /** Quits it as a session does; resolves when its process is gone. */
  close(): Promise<void>;
}

export interface CompanionOptions {
  readonly session: Session;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
}

/** The program of a packaged app that holds `wrapper` (test/build/package/driven.slow.test.ts): the same tests then drive it in place of the bundles. */
const packaged = process.env['DRAWBRIDGE_TEST_APP'];

const startAgainMs = 20_000;

/** Bundles main, agent, preload and page into out/. */
export async function buildCompanion(): Promise<void> {
  if (packaged !== undefined) return;
  const tool = join(root, 'node_modules/electron-vite/bin/electron-vite.js');
  await promisify(execFile)(process.execPath, [tool, 'build', '--config', 'electron.config.ts'], { cwd: root });
}

export async function launchCompanion({ session, args, env = {} }: CompanionOptions): Promise<Companion> {
  const electron = await bringElectron();
  const folder = await mkdtemp(join(session.dir, 'app-'));
  const [programs, addresses] = [join(folder, 'bin'), join(folder, 'opened')];
  await Promise.all([mkdir(programs), writeFile(addresses, '')]);
  await writeFile(join(programs, 'xdg-open'), `#!/bin/sh\necho "$1" >> '${addresses}'\n`, { mode: 0o755 });
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'drawbridge', productName: 'Drawbridge', version: '0.1.0', main: 'main.cjs' }),
  );
  await writeFile(join(folder, 'main.cjs'), wrapper);
  const isRoot = process.getuid?.() === 0;
  const executable = packaged ?? electron.executable;
  const program = [
    ...(isRoot ? ['--no-sandbox'] : []),
    ...(packaged === undefined ? [folder] : []),
    `--user-data-dir=${join(session.dir, 'data')}`,
  ];
  const environment = {
    ...session.env,
    PATH: `${programs}:${session.env['PATH']}`,
    ...env,
    DRAWBRIDGE_TEST_MAIN:
      packaged === undefined ? join(root, 'out/main/main.cjs') : join(dirname(packaged), 'resources/app.asar/out/main/main.cjs'),
  };
  const app = await _electron.launch({
    executablePath: executable,
    args: [...program, ...args],
    env: environment,
    timeout: 30_000,
  });
  const seen = async () => Seen.parse(await app.evaluate(() => (globalThis as unknown as { look(): unknown }).look()));
  const choose = (label: string) =>
    app.evaluate((_, wanted) => (globalThis as unknown as { choose(label: string): void }).choose(wanted), label);
  return {
    app,
    pid: app.process().pid ?? 0,
    electron: electronOf(
      await app.evaluate(({ app: ran }) => ({ isPackaged: ran.isPackaged, version: process.versions.electron })),
    ),
    async page() {
      const [open] = app.windows();
      if (open) return open;
      const [page] = await Promise.all([app.waitForEvent('window'), choose('Open Drawbridge')]);
      return page;
    },
    seen,
    opened: async () => (await readFile(addresses, 'utf8')).split('\n').filter(Boolean),
    choose,
    clickNotification: () => app.evaluate(() => (globalThis as unknown as { clickNotification(): void }).clickNotification()),
    async startAgain(more) {
      const child = spawn(executable, [...program, ...more], { env: environment, stdio: 'ignore' });
      // One that does not end has become a second companion; it must not outlive the test.
      const deadline = setTimeout(() => child.kill('SIGKILL'), startAgainMs);
      const [code] = await once(child, 'exit');
      clearTimeout(deadline);
      return typeof code === 'number' ? code : null;
    },
    close: async () => await app.close(),
  };
}

/** The version that really ran; throws where a packaged app was asked for and another one answers. */
function electronOf({ isPackaged, version }: { readonly isPackaged: boolean; readonly version: string | undefined }): string {
  if (isPackaged !== (packaged !== undefined)) throw new Error(`${isPackaged ? 'a' : 'no'} packaged app was started`);
  return version ?? 'none';
}

/** The main of the app that tests start: it remembers what is given to the operating system, then runs DRAWBRIDGE_TEST_MAIN. */
export const wrapper = `
// Written by test/electron/companion.ts: remembers what the companion gives to the operating system, then runs it.
const { Menu, Notification, Tray } = require('electron');
let menu, tooltip = '', icon, last;
const notifications = [];
const build = Menu.buildFromTemplate;
Menu.buildFromTemplate = (template) => (menu = build.call(Menu, template));
const wrap = (name, note) => {
  const own = Tray.prototype[name];
  Tray.prototype[name] = function (value) { note(value); return own.call(this, value); };
};
wrap('setImage', (image) => (icon = image));
wrap('setToolTip', (text) => (tooltip = text));
// Without a session bus there is nobody to show them; where the test has one, they are shown as well.
const isReal = Boolean(process.env.DBUS_SESSION_BUS_ADDRESS);
if (!isReal) Notification.isSupported = () => true;
const showNotification = Notification.prototype.show;
Notification.prototype.show = function () {
  last = this;
  notifications.push({ title: this.title, body: this.body });
  if (isReal) showNotification.call(this);
};
globalThis.look = () => ({
  menu: (menu ? menu.items : []).filter((item) => item.type !== 'separator').map(({ label, enabled }) => ({ label, enabled })),
  tooltip,
  icon: icon && { ...icon.getSize(), pixels: [...icon.toBitmap()] },
  notifications,
});
globalThis.choose = (label) => {
  const item = menu.items.find((one) => one.label === label);
  if (!item) throw new Error('no such item: ' + label + ' in ' + menu.items.map((one) => one.label).join(' | '));
  setImmediate(() => item.click());
};
globalThis.clickNotification = () => void last.emit('click');
require(process.env.DRAWBRIDGE_TEST_MAIN);
`;
