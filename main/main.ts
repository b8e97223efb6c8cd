// The tray program's root: one instance, one hardened window, and the agent's state in it. It runs no server and holds no token.
// Started as `drawbridge-companion --agent-socket=PATH`; without it, the agent's usual place in the user's state directory is asked.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserWindow, app, ipcMain } from 'electron';
import { watchAgent } from './agent.ts';
import { answer, tell } from './ipc.ts';
import { openWindow } from './window.ts';

const files = {
  preload: join(import.meta.dirname, '../preload/preload.cjs'),
  page: join(import.meta.dirname, '../renderer/index.html'),
};
const pageUrl = pathToFileURL(files.page).href;

function agentSocket(): string {
  const named = app.commandLine.getSwitchValue('agent-socket');
  if (named) return named;
  const base = process.env['XDG_STATE_HOME'];
  return join(base?.startsWith('/') ? base : join(homedir(), '.local/state'), 'drawbridge/agent.sock');
}

function start(): void {
  let window: BrowserWindow | undefined;
  const show = () => {
    if (window && !window.isDestroyed()) window.focus();
    else window = openWindow(files);
  };
  const watch = watchAgent({
    socket: agentSocket(),
    uid: process.getuid?.() ?? -1,
    retryMs: 2_000,
    onChange: (state) => tell(window, 'companion:changed', state),
  });
  answer(
    ipcMain,
    'companion:current',
    () => (window ? { window, pageUrl } : undefined),
    () => watch.current(),
  );

  app.on('second-instance', show);
  app.on('activate', show);
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', () => watch.close());
  show();
}

if (app.requestSingleInstanceLock()) void app.whenReady().then(start);
else app.quit();
