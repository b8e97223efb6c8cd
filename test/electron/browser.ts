// A real browser for tests: one window of Chromium (the one inside of Electron) on an X server of its own, driven by Playwright. Only what stands here is
// different from a browser that people use: nothing is loaded into its pages.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Page, _electron } from 'playwright-core';
import { bringElectron } from './binary.ts';
import { openSession } from './session.ts';

export interface RealBrowser {
  readonly page: Page;
  /** Such as 25.1.1: the version of Electron. */
  readonly version: string;
  close(): Promise<void>;
}

const main = `
const { app, BrowserWindow } = require('electron');
app.whenReady().then(() => {
  const window = new BrowserWindow({ width: 1000, height: 760, webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false } });
  void window.loadURL('about:blank');
});
`;

export async function openRealBrowser(): Promise<RealBrowser> {
  const [electron, session] = await Promise.all([bringElectron(), openSession()]);
  try {
    const folder = await mkdtemp(join(session.dir, 'browser-'));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'browser', version: '0.0.0', main: 'main.cjs' }));
    await writeFile(join(folder, 'main.cjs'), main);
    const app = await _electron.launch({
      executablePath: electron.executable,
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), folder, `--user-data-dir=${join(session.dir, 'data')}`],
      env: session.env,
    });
    return {
      page: await app.firstWindow(),
      version: electron.version,
      async close() {
        await app.close();
        await session.close();
      },
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}
