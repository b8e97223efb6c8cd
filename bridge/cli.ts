#!/usr/bin/env node
// `drawbridge`: the bridge's command line. Exit codes: 0 done, 1 failed (one line says why and what to do), 2 not understood; `posture` has its own.
// `connect` is started once for each server of each AI host, so it is read here by hand and loads nothing but the shim.
import { readFileSync } from 'node:fs';
import { hostname, release, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Surroundings, Terminal } from './command/terminal.ts';

// Buffers count towards one limit with the heap: on their own small one, large messages force a full collection every few dozen calls.
setFlagsFromString('--external-memory-accounted-in-global-limit');

const uid = process.getuid?.() ?? -1;

const asked = shimArguments(process.argv.slice(2));
if (asked) process.exit(await connect(asked));
await runCommands();

interface ShimArguments {
  readonly state: string | undefined;
  readonly host: string;
  readonly url: string;
}

/** What `connect` was given; undefined for every other command, and where it isn't understood (commander then says why). */
function shimArguments(args: readonly string[]): ShimArguments | undefined {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    const [, name, value] = /^--(state|host)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name !== undefined) options.set(name, value ?? args[++at] ?? '');
    else if (arg.startsWith('-')) return undefined;
    else words.push(arg);
  }
  const [command, url, ...others] = words;
  if (command !== 'connect' || url === undefined || others.length > 0) return undefined;
  return { state: options.get('state'), host: options.get('host') ?? 'unknown', url };
}

async function connect({ state, host, url }: ShimArguments): Promise<number> {
  const [{ serveHost }, { socketPath }, { defaultStateDir }, { resolve }] = await Promise.all([
    import('./shim/connect.ts'),
    import('./socket/path.ts'),
    import('./location.ts'),
    import('node:path'),
  ]);
  const { platform, env, stdin, stdout, stderr } = process;
  const stateDir = state === undefined ? defaultStateDir({ platform, home: homeOfUser(), env }) : resolve(state);
  return serveHost({ socket: socketPath(stateDir, platform, uid), uid, host, url, waitMs: 5_000, stdin, stdout, stderr });
}

async function runCommands(): Promise<void> {
  const [
    { Command, CommanderError },
    { default: pino },
    { readFile },
    { fileURLToPath },
    { explain, printable },
    { createLogTail },
    { accountOf },
    commands,
  ] = await Promise.all([
    import('commander'),
    import('pino'),
    import('node:fs/promises'),
    import('node:url'),
    import('./command/terminal.ts'),
    import('./log-tail.ts'),
    import('./account.ts'),
    import('./command/commands.ts').then(({ commandsOf }) => commandsOf(process.argv.slice(2))),
  ]);
  const { platform, arch, pid, env } = process;
  if (platform !== 'linux' && platform !== 'darwin' && platform !== 'win32') {
    process.stderr.write(`drawbridge: ${platform} is not supported.\n`);
    process.exitCode = 1;
    return;
  }
  const home = homeOfUser();
  const directory = startedIn();
  if (directory === undefined) {
    process.stderr.write('drawbridge: the folder that it was started in is gone: start it in another one.\n');
    process.exitCode = 1;
    return;
  }
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const productVersion =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
  const ended = new AbortController();
  const around: Surroundings = {
    env,
    platform,
    arch,
    pid,
    uid,
    home,
    ...accountOf(uid),
    hostname: hostname(),
    osVersion: release(),
    directory,
    node: process.execPath,
    cli: fileURLToPath(new URL('launch.mjs', import.meta.url)),
    productVersion,
  };
  const tail = createLogTail(pino.destination({ dest: 2, sync: true }));
  const logger = pino({ level: 'info', base: null }, tail);
  const terminal: Terminal = {
    around,
    async startAgent(device) {
      const { runAgent } = await import('./agent.ts');
      const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
      const runtime = `node ${process.versions.node}`;
      return runAgent({ ...around, ...device, bootId: bootId?.trim(), runtime, logger, logLines: tail.lines });
    },
    input: process.stdin,
    print: (text: string) => void process.stdout.write(`${printable(text)}\n`),
    note: (line: string) => void process.stderr.write(`${printable(line)}\n`),
    exitWith: (code: number) => (process.exitCode = code),
    exitNow: (code: number) => process.exit(code),
    untilEnded() {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
      return ended.signal;
    },
  };
  const program = new Command('drawbridge')
    .description('The Drawbridge workstation program: your AI hosts and local servers, through your gateway.')
    .option('--state <dir>', "the bridge's own state (default: the platform's place)")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`drawbridge: ${printable(text.replace(/^error: /, ''))}`) });
  for (const add of commands) add(program, terminal);
  program
    .command('connect')
    .description('What AI hosts start: passes the lines of one server between the host and the agent.')
    .argument('<url>', "the server's address at the gateway")
    .option('--host <id>', 'the AI host that started it')
    .action(() => program.error('error: connect: give one address, and --host and --state at most'));
  // Whoever reads the output may stop reading, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) process.stderr.write(`drawbridge: ${printable(explain(error))}\n`);
    process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : 1;
  }
}

function startedIn(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Never a relative one: the state would be whatever the folder brings that it is started in. */
function homeOfUser(): string {
  let found: string | undefined;
  try {
    found = process.env['HOME'] ?? userInfo().homedir;
  } catch {
    // a user who is in no list of users
  }
  if (found !== undefined && isAbsolute(found)) return found;
  process.stderr.write('drawbridge: HOME names no folder. Set it to the home of the user, as an absolute path.\n');
  process.exit(1);
}
