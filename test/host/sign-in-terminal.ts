// Real AI hosts that sign in by a command of their own, or by what their user types into their window; their model then calls the tools.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { until } from '../walk/deployment.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { geminiCli } from './gemini-cli.ts';
import type { RealHost } from './host.ts';
import { opencode } from './opencode.ts';
import { folderOf, packageOf } from './run.ts';
import type { Person, SigningHost } from './sign-in-host.ts';
import type { SignInGround } from './sign-in-ground.ts';
import { talk } from './talk.ts';

/** What its user types into its window once that shows something, and what it then asks with Enter for yes. */
interface Typing {
  readonly ready: RegExp;
  readonly line: string;
  readonly asks: RegExp;
}

interface Way {
  readonly host: RealHost;
  readonly args: (server: string) => readonly string[];
  readonly needsTerminal?: true;
  readonly typing?: (server: string) => Typing;
  /** What it says when it is signed in, where it does not end then. */
  readonly done?: RegExp;
  /** Settings of the run, not of the servers. */
  readonly extra?: readonly string[];
}

const ways: readonly Way[] = [
  { host: claudeCode, args: (server) => ['mcp', 'login', server], needsTerminal: true },
  { host: codex, args: (server) => ['-c', 'mcp_oauth_credentials_store="file"', 'mcp', 'login', server] },
  {
    host: geminiCli,
    args: () => ['--model', 'gemini-2.5-flash'],
    needsTerminal: true,
    typing: (server) => ({ ready: /Type your message/, line: `/mcp auth ${server}`, asks: /Do you want to continue\?/ }),
    done: /Successfully authenticated/,
  },
  { host: opencode, args: (server) => ['mcp', 'auth', server] },
];
const address = /http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?[^\s\u001b\u0007]+/;
const patienceMs = 60_000;
/** A window draws itself again and again. */
const keptCharacters = 200_000;
const escape = '\u001b';
/** Ctrl-U. */
const clearLine = '\u0015';

export const terminalHosts: readonly SigningHost[] = ways.map((way) => ({
  id: way.host.id,
  version: packageOf(way.host).version,
  recordedAs: way.host.id,
  isWindow: way.typing !== undefined,
  missing() {
    const { name, version } = packageOf(way.host);
    return existsSync(folderOf(way.host)) ? undefined : `${name}@${version} is not installed: node build/setup.mjs --hosts`;
  },
  open: async (ground) => ({
    signIn: (server, person) => signIn(way, ground, server, person),
    async call(server, tool, args) {
      const said = await talk(way.host, ground.home, { server, tool, arguments: args, allowed: tool });
      return said.result ?? said.output;
    },
    close: async () => undefined,
  }),
}));

async function signIn(way: Way, { home }: SignInGround, server: string, person: Person): Promise<void> {
  const program = way.host.program(folderOf(way.host));
  const { env } = way.host.ask({ text: '', modelUrl: 'http://127.0.0.1:9', allowed: '', needed: '' });
  const line = [program.file, ...program.args, ...way.args(server)];
  // A terminal that is wide enough for an address in one line.
  const inTerminal = ['-qec', `stty cols 1500 rows 40; exec ${line.map((word) => `'${word}'`).join(' ')}`, '/dev/null'];
  const [file, args] = way.needsTerminal ? ['script', inTerminal] : [program.file, [...program.args, ...way.args(server)]];
  const child = spawn(file, args, {
    cwd: join(home, 'work'),
    env: { PATH: '/usr/bin:/bin', HOME: home, LANG: 'C.UTF-8', TERM: 'xterm', NO_COLOR: '1', BROWSER: '/bin/true', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-keptCharacters)));
  const ended = once(child, 'exit');
  const shows = (pattern: RegExp): Promise<string> => until(`${pattern}`, async () => pattern.exec(said)?.[0], patienceMs);
  try {
    if (way.typing) await typeIn(child.stdin, { said: () => said, forget: () => (said = '') }, way.typing(server));
    await fetch(await person(await shows(address)));
    await (way.done ? shows(way.done) : ended);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}; ${way.host.id} said: ${plain(said).slice(-1500)}`, { cause: error });
  } finally {
    endGroup(child.pid);
  }
}

/** As a person does: letter by letter, and once more where the window took it for something else, for it was still at its start or busy with suggestions. */
async function typeIn(
  keyboard: Writable,
  screen: { said(): string; forget(): void },
  { ready, line, asks }: Typing,
): Promise<void> {
  const shows = (pattern: RegExp, withinMs: number): Promise<boolean> =>
    until(`${pattern}`, async () => pattern.test(plain(screen.said())), withinMs).catch(() => false);
  if (!(await shows(ready, patienceMs))) throw new Error(`its window never showed ${ready}`);
  for (let attempt = 0; attempt < 6; attempt++) {
    screen.forget();
    keyboard.write(clearLine);
    for (const [at, key] of [...line].entries()) {
      keyboard.write(key);
      await until('a letter', async () => plain(screen.said()).includes(line.slice(0, at + 1).trimEnd()), 1_000).catch(() => 0);
    }
    // Enter takes a suggestion that is still open, and puts it behind what was typed.
    await still(screen.said);
    keyboard.write(escape);
    await still(screen.said);
    keyboard.write('\r');
    if (await shows(asks, 6_000)) break;
  }
  for (let presses = 0; presses < 6 && !address.test(screen.said()); presses++) {
    keyboard.write('\r');
    await until('the address', async () => address.test(screen.said()), 3_000).catch(() => 0);
  }
}

/** Resolves once the window has drawn nothing for half a second, or after ten. */
async function still(said: () => string): Promise<void> {
  let [last, since] = [said(), Date.now()];
  const isStill = async (): Promise<boolean> => {
    if (said() !== last) [last, since] = [said(), Date.now()];
    return Date.now() - since > 500;
  };
  await until('the window to be still', isStill, 10_000).catch(() => false);
}

/** What a terminal shows, without what moves its cursor or colors it. */
function plain(said: string): string {
  return said.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007|\r/g, '').replaceAll(/[\s─]+/g, ' ');
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it lives.
  }
}
