// The agent in a process of its own that the companion starts: Electron's utility process, or a plain Node with an IPC channel. The second root of the bridge.
//
//   companion                                   agent
//     | starts it: --state --home --profile …      |
//     |        {event:'started', pid, socket}      |   or {event:'failed', code, message}, and it ends with exit code 1
//     |<-------------------------------------------|
//     | {order:'stop'}                             |   it ends within 3 s with exit code 0
//     |------------------------------------------->|
//
// Rule: it ends when whoever started it is gone. It prints nothing on stdout; its log goes to stderr.
import './older-node.ts';
import { readFile } from 'node:fs/promises';
import { homedir, hostname, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { AgentOrder } from '#contract/agent.ts';
import type { AgentFailed, AgentStarted } from '#contract/agent.ts';
import { asFault } from '#contract/error.ts';
import { accountOf } from './account.ts';
import { runAgent } from './agent.ts';
import type { Agent } from './agent.ts';
import { deviceOf } from './location.ts';
import { createLogTail } from './log-tail.ts';

const stopWithinMs = 2_800;

/** Whoever started this process. */
interface Parent {
  say(word: AgentStarted | AgentFailed): void;
  onMessage(listener: (message: unknown) => void): void;
  onGone(listener: () => void): void;
}

/** `process.parentPort` of Electron; it is nowhere else. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message' | 'close', listener: (event?: { readonly data: unknown }) => void): void;
}

void run();

async function run(): Promise<void> {
  const parent = findParent();
  const tail = createLogTail(pino.destination({ dest: 2, sync: true }));
  const logger = pino({ level: 'info', base: null }, tail);
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  parent?.onGone(end);
  parent?.onMessage((message) => {
    if (AgentOrder.safeParse(message).success) end();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  try {
    const starting = start(tail.lines, logger);
    const agent = await Promise.race([starting, ended]);
    if (agent) {
      parent?.say({ event: 'started', pid: process.pid, socket: agent.socket });
      await Promise.race([ended, agent.stopAsked]);
    }
    const stopped = starting.then(async (one) => one.close());
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, stopWithinMs).unref())]);
    process.exit(0);
  } catch (error) {
    const fault = asFault(error, 'agent start');
    logger.error({ code: fault.code, ...(fault.code === 'INTERNAL' ? { err: error } : {}) }, 'the agent could not start');
    parent?.say({ event: 'failed', code: fault.code, message: fault.message });
    // the word must get out before the process does
    setTimeout(() => process.exit(1), 100);
  }
}

async function start(logLines: () => readonly string[], logger: pino.Logger): Promise<Agent> {
  const { values: flags } = parseArgs({
    options: {
      state: { type: 'string' },
      home: { type: 'string' },
      profile: { type: 'string' },
      // a Node that can run the command line, and the command line: a packaged Electron can be no Node
      node: { type: 'string' },
      cli: { type: 'string' },
      'product-version': { type: 'string' },
    },
  });
  const { platform, env, arch, pid, versions } = process;
  if (platform !== 'linux' && platform !== 'darwin' && platform !== 'win32') throw new Error(`${platform} is not supported`);
  const home = env['HOME'] ?? homedir();
  const uid = process.getuid?.() ?? -1;
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
  const electron = versions['electron'];
  return runAgent({
    ...deviceOf(flags, { platform, home, env, directory: process.cwd() }),
    env,
    platform,
    arch,
    pid,
    uid,
    ...accountOf(uid),
    hostname: hostname(),
    osVersion: release(),
    bootId: bootId?.trim(),
    node: flags.node ?? process.execPath,
    cli: flags.cli ?? fileURLToPath(new URL('launch.mjs', import.meta.url)),
    productVersion: flags['product-version'] ?? 'unknown',
    runtime: electron === undefined ? `node ${versions.node}` : `electron ${electron}, node ${versions.node}`,
    logger,
    logLines,
  });
}

function findParent(): Parent | undefined {
  const port: unknown = Reflect.get(process, 'parentPort');
  if (isParentPort(port))
    return {
      say: (word) => port.postMessage(word),
      onMessage: (listener) => port.on('message', (event) => listener(event?.data)),
      onGone: (listener) => port.on('close', () => listener()),
    };
  if (process.send === undefined) return undefined;
  return {
    say: (word) => void process.send?.(word),
    onMessage: (listener) => void process.on('message', listener),
    onGone: (listener) => void process.on('disconnect', listener),
  };
}

function isParentPort(port: unknown): port is ParentPort {
  return (
    typeof port === 'object' && port !== null && 'postMessage' in port && typeof port.postMessage === 'function' && 'on' in port
  );
}
