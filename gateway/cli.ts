#!/usr/bin/env node
// `drawbridge-gateway`: runs the gateway server, and looks after its data beside it.
// Exit codes: 0 done, 1 failed (one line says why and what to do), 2 not understood, 3 the plan of `apply --plan` is not empty or a step of `rollout check` is not
// done yet, 4 a step of `rollout check` can't be seen.
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import pino from 'pino';
import { Fault } from '#contract/error.ts';
import { explain } from './admin/explain.ts';
import { commandsOf } from './command/commands.ts';
import { dataOption, type Terminal } from './command/terminal.ts';
import { parseServeSettings, type Surroundings } from './settings.ts';

// Buffers count towards one limit with the heap: on their own small one, large messages force a full collection every few dozen calls.
setFlagsFromString('--external-memory-accounted-in-global-limit');

const around: Surroundings = { env: process.env, platform: process.platform, isRoot: process.getuid?.() === 0 };

const program = new Command('drawbridge-gateway')
  .description('The Drawbridge gateway server, and what administrators do beside it.')
  .exitOverride()
  // What stands behind a command is that command's: `offboard` has options and a command of its own.
  .enablePositionalOptions()
  .configureOutput({ outputError: (text, write) => write(`drawbridge-gateway: ${text.replace(/^error: /, '')}`) });
addServe();
const terminal: Terminal = {
  around,
  logger: pino({ level: 'warn', base: null }, pino.destination({ dest: 2, sync: true })),
  input: process.stdin,
  isColored: process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  untilEnded() {
    const ended = new AbortController();
    process.once('SIGINT', () => ended.abort()).once('SIGTERM', () => ended.abort());
    return ended.signal;
  },
};
// `serve` is started without them: what they need is a third of what would have to be loaded.
if (process.argv[2] !== 'serve') for (const add of await commandsOf(process.argv[2])) add(program, terminal);
// Whoever reads the output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One line on stderr; the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`drawbridge-gateway: ${explain(error)}\n`);
  return error instanceof Fault && error.code === 'SETTING_INVALID' ? 2 : 1;
}

function addServe(): void {
  const each = (value: string, before: readonly string[] = []) => [...before, value];
  program
    .command('serve')
    .description('Runs the gateway server until SIGTERM or SIGINT.')
    .addOption(dataOption())
    .option('--listen <host:port>', 'where it listens (default: 127.0.0.1:7070)')
    .option('--public-url <url>', 'origin that hosts and bridges use (default: where it listens)')
    .option('--tls-cert <file>', 'PEM file with the certificate chain')
    .option('--tls-key <file>', 'PEM file with its private key')
    .option('--trusted-proxy <address>', 'address or network of a proxy whose X-Forwarded-* is believed; repeatable', each)
    .option('--allow-origin <origin>', 'origin of web pages that may call it, beside its own; repeatable', each)
    .option('--metrics-listen <host:port>', 'where /metrics is served, on loopback (default: the port after --listen)')
    .option('--audit <mode>', 'durable: a record is on disk before its answer leaves; batched: up to a stated window later')
    .option('--sign-in <file>', 'YAML file with the identity providers where people sign in, so that hosts need no token')
    .option('--egress <file>', 'YAML file with the proxies and source addresses by which remote servers are called')
    .option('--message-limit-bytes <bytes>', 'largest MCP message (default: 8388608)')
    .action(async (flags: unknown) => {
      const { serve } = await import('./serve.ts');
      await serve(parseServeSettings(flags, around));
    });
}
