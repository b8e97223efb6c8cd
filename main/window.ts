// The companion's window, hardened: its page is one file of ours, it has no Node, and it goes nowhere.
// Whatever the page asks for beyond the channels of contract/ipc.ts is denied: navigation, new windows, permissions, web views.
import { BrowserWindow, Menu, type Session } from 'electron';

export interface WindowFiles {
  readonly preload: string;
  readonly page: string;
}

/** Opens the window and shows it when its first picture is there. */
export function openWindow({ preload, page }: WindowFiles, isDark: boolean): BrowserWindow {
  const window = new BrowserWindow({
    width: 900,
    height: 640,
    minWidth: 620,
    minHeight: 440,
    show: false,
    title: 'Drawbridge',
    autoHideMenuBar: true,
    // Until the page is drawn; no flash of white in a dark desktop.
    backgroundColor: isDark ? '#0d1117' : '#ffffff',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      navigateOnDragDrop: false,
      spellcheck: false,
      // A middle click would be another way to open a window.
      disableBlinkFeatures: 'Auxclick',
    },
  });
  window.once('ready-to-show', () => window.show());
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  window.webContents.on('will-redirect', (event) => event.preventDefault());
  window.webContents.on('will-attach-webview', (event) => event.preventDefault());
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  // The page's policy (CSP) stands in its own head: a page from a file has no headers.
  void window.loadFile(page);
  return window;
}

/**
 * The menu bar that macOS shows for every app (unverified there): what a text field needs, and no more. The one that Electron brings quits whatever the profile
 * says. Elsewhere there is none.
 */
export function setMenuBar(platform: NodeJS.Platform): void {
  if (platform !== 'darwin') return Menu.setApplicationMenu(null);
  Menu.setApplicationMenu(Menu.buildFromTemplate([{ label: 'Drawbridge', submenu: [{ role: 'hide' }] }, { role: 'editMenu' }]));
}

/**
 * For all windows of the session, once: no permission, no download, and no request but for the files beside the page and the developer tools. The page has no
 * business on any network, and none with other files.
 */
export function confine(session: Session, pageUrl: string): void {
  const folder = new URL('.', pageUrl).href;
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => event.preventDefault());
  session.webRequest.onBeforeRequest(({ url }, answer) =>
    answer({ cancel: !url.startsWith(folder) && !/^(?:devtools|data):/.test(url) }),
  );
}
