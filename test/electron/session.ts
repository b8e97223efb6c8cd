// A desktop session for a test, on a machine without a screen: an X server, a window manager, a tray, a session bus and a secret store, in folders of its own.
// Rule: each process is ended by its pid; where a program is missing, the test hears which and skips aloud.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../walk/deployment.ts';

export interface Session {
  /** Under here are `home` and `run`; removed at the end. */
  readonly dir: string;
  readonly home: string;
  /** What a program of this session gets as its environment. */
  readonly env: Record<string, string>;
  /** What the notification service has shown so far, the oldest first. */
  notifications(): Promise<readonly Shown[]>;
  /** Does what a click on the notification does that is on the screen alone, and takes it away. */
  clickNotification(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface Shown {
  readonly program: string;
  readonly title: string;
  readonly body: string;
}

export interface SessionOptions {
  /** A tray for icons; needs openbox and trayer. */
  readonly tray?: boolean;
  /** A session bus with an unlocked secret store. */
  readonly secrets?: boolean;
  /** A session bus with a notification service: dunst, on the session's screen. */
  readonly notifications?: boolean;
  /** The user who is to own the folders, where it is not the one who runs the test. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const screen = '1280x800x24';

/** Which of the programs that such a session needs are not here. */
export function missingPrograms({
  tray = false,
  secrets = false,
  notifications = false,
}: SessionOptions = {}): readonly string[] {
  return [
    'Xvfb',
    ...(tray ? ['openbox', 'trayer', 'xdotool', 'import', 'convert'] : []),
    ...(secrets ? ['dbus-daemon', 'gnome-keyring-daemon'] : []),
    ...(notifications ? ['dbus-daemon', 'dunst', 'dunstctl'] : []),
  ].filter((program) => !isOnPath(program));
}

export async function openSession(options: SessionOptions = {}): Promise<Session> {
  const dir = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-session-'));
  const home = join(dir, 'home');
  const runtime = join(dir, 'run');
  await Promise.all([mkdir(home), mkdir(runtime, { mode: 0o700 })]);
  if (options.owner) {
    const { uid, gid } = options.owner;
    await chmod(dir, 0o755);
    await Promise.all([chown(home, uid, gid), chown(runtime, uid, gid)]);
  }
  const children: ChildProcess[] = [];
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    XDG_SESSION_TYPE: 'x11',
  };
  const start = (program: string, args: readonly string[], stdin = '') => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] });
    // A program that ends before it read its input closes the pipe; that is not what a test is about.
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
    children.push(child);
    return child;
  };
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= end(children, dir));
  try {
    // It picks a free number and says which: two sessions never meet.
    const server = start('Xvfb', ['-displayfd', '3', '-screen', '0', screen, '-nolisten', 'tcp', '-noreset']);
    env['DISPLAY'] = `:${await firstLine(server, 'Xvfb')}`;
    if (options.tray) {
      start('openbox', ['--sm-disable']);
      start('trayer', ['--edge', 'top', '--align', 'right', '--widthtype', 'request', '--height', '28', '--SetDockType', 'true']);
    }
    if (options.secrets || options.notifications) {
      const bus = start('dbus-daemon', ['--session', '--nofork', '--print-address=3']);
      env['DBUS_SESSION_BUS_ADDRESS'] = await firstLine(bus, 'dbus-daemon');
    }
    if (options.secrets) start('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], 'password\n');
    const shown = join(dir, 'shown');
    if (options.notifications) {
      const config = await writeDunst(dir, shown);
      start('dunst', ['-conf', config]);
      // It is there when it answers; a program that asks before would be told that there is none.
      await until('the notification service', async () => await ask('dunstctl', ['is-paused'], env));
    }
    return {
      dir,
      home,
      env,
      notifications: async () => notificationsIn(await readFile(shown, 'utf8').catch(() => '')),
      async clickNotification() {
        await until(
          'one notification on the screen',
          async () => (await ask('dunstctl', ['count', 'displayed'], env))?.trim() === '1',
        );
        await ask('dunstctl', ['action', '0'], env);
        // dunst leaves what was clicked where it is until something else happens.
        await ask('dunstctl', ['close-all'], env);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** dunst runs this script for each notification that it shows; its words come in the environment. */
async function writeDunst(dir: string, shown: string): Promise<string> {
  const [script, config] = [join(dir, 'shown.sh'), join(dir, 'dunstrc')];
  const words = '"$DUNST_APP_NAME" "$DUNST_SUMMARY" "$DUNST_BODY"';
  await writeFile(script, `#!/bin/sh\nprintf '%s\\037%s\\037%s\\036' ${words} >> '${shown}'\n`, { mode: 0o700 });
  await writeFile(
    config,
    `[global]\nidle_threshold = 0\nmarkup = full\n[every]\nsummary = "*"\ntimeout = 0\nscript = "${script}"\n`,
  );
  return config;
}

function notificationsIn(text: string): Shown[] {
  return text
    .split('\u001E')
    .slice(0, -1)
    .map((each) => {
      const [program = '', title = '', body = ''] = each.split('\u001F');
      return { program, title, body };
    });
}

/** What the program says; undefined where it fails. */
async function ask(program: string, args: readonly string[], env: Record<string, string>): Promise<string | undefined> {
  return await promisify(execFile)(program, [...args], { env, timeout: 5_000 }).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

/** What the program writes to its descriptor 3, up to the first line's end. */
async function firstLine(child: ChildProcess, name: string): Promise<string> {
  const pipe = child.stdio[3];
  if (!pipe || !('setEncoding' in pipe)) throw new Error(`${name} has no pipe`);
  pipe.setEncoding('utf8');
  return await new Promise((resolve, reject) => {
    let held = '';
    pipe.on('data', (text: string) => {
      held += text;
      if (held.includes('\n')) resolve(held.slice(0, held.indexOf('\n')));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${String(code)}`)));
  });
}

async function end(children: readonly ChildProcess[], dir: string): Promise<void> {
  for (const child of children.toReversed()) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const deadline = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await ended;
    clearTimeout(deadline);
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
