// The companion's window, hardened: its page is one file of ours, it has no Node, and it goes nowhere.
// Whatever the page asks for beyond the channels of contract/ipc.ts is denied: navigation, new windows, permissions, web views.
import { BrowserWindow, type Session } from 'electron';

export interface WindowFiles {
  readonly preload: string;
  readonly page: string;
}

/** Opens the window and shows it when its first picture is there. */
export function openWindow({ preload, page }: WindowFiles): BrowserWindow {
  const window = new BrowserWindow({
    width: 520,
    height: 640,
    show: false,
    title: 'Drawbridge',
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  window.once('ready-to-show', () => window.show());
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  window.webContents.on('will-attach-webview', (event) => event.preventDefault());
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  denyPermissions(window.webContents.session);
  // The page's policy (CSP) stands in its own head: a page from a file has no headers.
  void window.loadFile(page);
  return window;
}

function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
}
