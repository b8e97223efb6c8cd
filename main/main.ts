// The tray program's root: one instance, a tray icon, one hardened window, and the agent of this OS user. It runs no server and holds no token.
// Started as `drawbridge-companion [--hidden] [--state=DIR] [--home=DIR] [--profile=FILE] [--agent-socket=PATH] [drawbridge://enroll?token=…]`.
// With --agent-socket an agent is only followed; else one is started where none runs.
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserWindow, app, clipboard, dialog, ipcMain, nativeTheme, powerMonitor, session, shell } from 'electron';
import { readEnrollLink } from '#contract/enroll-link.ts';
import type { Place } from '#contract/ipc.ts';
import type { Secret } from '#contract/secret.ts';
import { companionAgent } from './agent.ts';
import { forkAgent } from './agent-process.ts';
import { answers, diagnostics, isHttps } from './answers.ts';
import { lastingProgram } from './autostart.ts';
import { answerAll, tell } from './ipc.ts';
import { openNotifications } from './notification.ts';
import { createNotifier } from './notifier.ts';
import { agentSocket, defaultStateDir } from './place.ts';
import { createLoginStart } from './start-at-login.ts';
import { type TrayAction, trayView } from './tray-view.ts';
import { openTray } from './tray.ts';
import { confine, openWindow, setMenuBar } from './window.ts';

const files = {
  root: join(import.meta.dirname, '../..'),
  preload: join(import.meta.dirname, '../preload/preload.cjs'),
  page: join(import.meta.dirname, '../renderer/index.html'),
  agent: join(import.meta.dirname, 'agent.cjs'),
};
const pageUrl = pathToFileURL(files.page).href;
const start: Place = { section: 'status', question: 'none' };
/** What a menu says of the time of day is looked at again this often. */
const refreshMs = 30_000;
/** An agent that does not hear that the user quits is ended all the same. */
const quitAskMs = 2_000;

/** What the agent names to AI hosts: a Node and the command line, because this program is no Node once it is packaged. */
function programOf(resources: string | undefined, platform: NodeJS.Platform): readonly string[] {
  const [node, cli] =
    resources === undefined
      ? [join(files.root, 'node_modules/.bin/node'), join(files.root, 'bridge/launch.mjs')]
      : [join(resources, 'bridge/bin', platform === 'win32' ? 'node.exe' : 'node'), join(resources, 'bridge/program/launch.mjs')];
  return ['--node', node, '--cli', cli];
}

function run(firstLink: Secret<string> | undefined): void {
  const { platform, env } = process;
  const option = (name: string) => app.commandLine.getSwitchValue(name) || undefined;
  const uid = process.getuid?.() ?? -1;
  const home = homedir();
  const stateDir = option('state') ?? defaultStateDir({ platform, home, env });
  const followed = option('agent-socket');
  const agentArgs = ['state', 'home', 'profile'].flatMap((name) => {
    const value = option(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  const agentProgram = programOf(app.isPackaged ? process.resourcesPath : undefined, platform);
  const log = (message: string) => process.stderr.write(`drawbridge companion: ${message}\n`);

  let window: BrowserWindow | undefined;
  let place = start;
  let link = firstLink;
  const ours = () => (window && !window.isDestroyed() ? { window, pageUrl } : undefined);
  const show = (next: Place) => {
    const open = ours();
    // Also where the window is open: its page may not listen yet, and asks for its place when it does.
    place = next;
    if (open) {
      tell(open.window, 'companion:go', next);
      if (open.window.isMinimized()) open.window.restore();
      open.window.show();
      open.window.focus();
      return;
    }
    window = openWindow(files, nativeTheme.shouldUseDarkColors);
  };
  const follow = (text: string) => {
    const token = readEnrollLink(text);
    if (token) link = token;
    show(token ? { section: 'status', question: 'enroll' } : start);
  };

  const agent = companionAgent({
    socket: followed ?? agentSocket(stateDir, platform, uid),
    uid,
    start:
      followed === undefined
        ? () => forkAgent(files.agent, [...agentArgs, ...agentProgram, '--product-version', app.getVersion()], log)
        : undefined,
    onChange: () => changed(),
  });
  const notifier = createNotifier(openNotifications((section) => show({ section, question: 'none' })));
  const program = lastingProgram({ env, execPath: process.execPath, isPackaged: app.isPackaged });
  const login = createLoginStart({ platform, home, env, program, items: app });
  const loginSetting = () => {
    const state = agent.current();
    const profile = state.kind === 'running' ? state.state.profile : undefined;
    return { value: profile?.values.AutoStart, isSet: profile?.origins.AutoStart !== 'default' };
  };
  const tray = openTray(platform, (action) => {
    act(action).catch((error: unknown) => log(`${action}: ${String(error)}`));
  });
  let isShown = true;
  const draw = () => {
    const view = trayView(agent.current(), Date.now(), isShown);
    isShown = view.isShown;
    tray.apply(view);
  };
  const changed = () => {
    const state = agent.current();
    draw();
    tell(window, 'companion:changed', state);
    if (state.kind !== 'running') return;
    notifier.follow(state.state);
    login.follow(loginSetting()).catch((error: unknown) => log(`autostart: ${String(error)}`));
  };
  const about = { version: app.getVersion(), electron: process.versions.electron, node: process.versions.node, platform };
  const deps = {
    current: () => agent.current(),
    ask: agent.ask,
    takePlace: () => {
      const taken = place;
      place = start;
      return taken;
    },
    link: () => link,
    forgetLink: (token: Secret<string>) => {
      if (link === token) link = undefined;
    },
    copy: (text: string) => clipboard.writeText(text),
    async save(name: string, text: string) {
      const options = { title: 'Save diagnostics', defaultPath: join(app.getPath('documents'), name) };
      const chosen = window ? await dialog.showSaveDialog(window, options) : await dialog.showSaveDialog(options);
      if (chosen.canceled || !chosen.filePath) return undefined;
      await writeFile(chosen.filePath, text, { mode: 0o600 });
      return chosen.filePath;
    },
    openAddress: async (url: string) => await shell.openExternal(url),
    startAtLogin: () => login.current(loginSetting()),
    chooseStartAtLogin: (isOn: boolean) => login.choose(loginSetting(), isOn),
    quit: (reason: string | undefined) => void quit(reason),
    about,
  };
  setMenuBar(platform);
  confine(session.defaultSession, pageUrl);
  answerAll(ipcMain, ours, answers(deps), (reference, error) => log(`${reference}: ${String(error)}`));

  const quit = async (reason: string | undefined) => {
    // Only an agent of ours is told why; another one goes on.
    if (agent.isOurs())
      await agent.ask({ name: 'stop', ...(reason === undefined ? {} : { reason }) }, quitAskMs).catch(() => undefined);
    app.quit();
  };
  async function act(action: TrayAction): Promise<void> {
    const state = agent.current();
    const support = state.kind === 'running' ? state.state.profile.supportUrl : undefined;
    switch (action) {
      case 'open':
        return show(start);
      case 'open_hosts':
        return show({ section: 'hosts', question: 'none' });
      case 'pause':
        return show({ section: 'status', question: 'pause' });
      case 'quit':
        return show({ section: 'status', question: 'quit' });
      case 'resume': {
        const answer = await agent.ask({ name: 'resume' }).catch(() => undefined);
        return answer?.ok === true ? undefined : show(start);
      }
      case 'diagnostics':
        return clipboard.writeText(await diagnostics(deps));
      case 'help':
        if (support !== undefined && isHttps(support)) await shell.openExternal(support);
    }
  }

  const refresh = setInterval(draw, refreshMs);
  app.on('second-instance', (_event, argv) => {
    const given = argv.find((word) => readEnrollLink(word));
    // A start at login beside one that runs already asks for no window.
    if (given !== undefined || !argv.includes('--hidden')) follow(given ?? '');
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    follow(url);
  });
  app.on('activate', () => show(start));
  // The window is only a view: the tray and the agent go on without it.
  app.on('window-all-closed', () => {});
  powerMonitor.on('resume', () => void agent.ask({ name: 'wake' }).catch(() => undefined));
  powerMonitor.on('shutdown', () => app.quit());

  let isEnded = false;
  app.on('will-quit', (event) => {
    if (isEnded) return;
    event.preventDefault();
    clearInterval(refresh);
    notifier.close();
    tray.close();
    void agent.close().finally(() => {
      isEnded = true;
      // Not in this event's own turn: Electron ignores a quit while it is still hearing that the last one was prevented.
      setImmediate(() => app.quit());
    });
  });

  changed();
  if (link) show({ section: 'status', question: 'enroll' });
  else if (!app.commandLine.hasSwitch('hidden')) show(start);
  // For who started it from a program: it is up. Whoever closed the pipe does not want to know.
  process.stdout.on('error', () => {});
  process.stdout.write(`${JSON.stringify({ event: 'open', pid: process.pid })}\n`);
}

// A window with text needs no graphics processor, and each laptop has one process less.
app.disableHardwareAcceleration();
app.setAppUserModelId('dev.drawbridge.companion');
let earlyLink: Secret<string> | undefined = process.argv.map(readEnrollLink).find((token) => token !== undefined);
const early = (event: Electron.Event, url: string) => {
  event.preventDefault();
  earlyLink ??= readEnrollLink(url);
};
app.on('open-url', early);
if (app.requestSingleInstanceLock())
  void app.whenReady().then(() => {
    app.off('open-url', early);
    run(earlyLink);
  });
else app.quit();
