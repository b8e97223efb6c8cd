// Real AI hosts that sign in by a command of their own, or by what their user types into their window; their model then calls the tools.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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

/** What is typed once the screen shows something. */
type Typed = readonly [shows: RegExp, keys: string];

interface Way {
  readonly host: RealHost;
  readonly args: (server: string) => readonly string[];
  /** It asks for a terminal, and in it for this. */
  readonly terminal?: (server: string) => readonly Typed[];
  /** What it says when it is signed in, where it does not end then. */
  readonly done?: RegExp;
  /** Settings of the run, not of the servers. */
  readonly extra?: readonly string[];
}

const ways: readonly Way[] = [
  { host: claudeCode, args: (server) => ['mcp', 'login', server], terminal: () => [] },
  { host: codex, args: (server) => ['-c', 'mcp_oauth_credentials_store="file"', 'mcp', 'login', server] },
  {
    host: geminiCli,
    args: () => ['--model', 'gemini-2.5-flash'],
    terminal: (server) => [
      [/Type your message/, `/mcp auth ${server}`],
      [new RegExp(`/mcp auth ${server}\\b`), '\r'],
      [/Do you want to continue\?/, '\r'],
    ],
    done: /Successfully authenticated/,
  },
  { host: opencode, args: (server) => ['mcp', 'auth', server] },
];
const address = /http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?[^\s\u001b\u0007]+/;
const patienceMs = 60_000;

export const terminalHosts: readonly SigningHost[] = ways.map((way) => ({
  id: way.host.id,
  version: packageOf(way.host).version,
  recordedAs: way.host.id,
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
  const inTerminal = ['-qec', `stty cols 4000 rows 60; exec ${line.map((word) => `'${word}'`).join(' ')}`, '/dev/null'];
  const [file, args] = way.terminal ? ['script', inTerminal] : [program.file, [...program.args, ...way.args(server)]];
  const child = spawn(file, args, {
    cwd: join(home, 'work'),
    env: { PATH: '/usr/bin:/bin', HOME: home, LANG: 'C.UTF-8', TERM: 'xterm', NO_COLOR: '1', BROWSER: '/bin/true', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit');
  const shows = (pattern: RegExp): Promise<string> => until(`${pattern}`, async () => pattern.exec(said)?.[0], patienceMs);
  try {
    for (const [seen, keys] of way.terminal?.(server) ?? []) {
      await shows(seen);
      said = '';
      child.stdin.write(keys);
    }
    await fetch(await person(await shows(address)));
    await (way.done ? shows(way.done) : ended);
  } catch (error) {
    throw new Error(`${way.host.id} said: ${said.slice(-4000)}`, { cause: error });
  } finally {
    endGroup(child.pid);
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it lives.
  }
}
