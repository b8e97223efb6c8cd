// A shim as a host starts it, on a real socket of the agent. In the place of the tunnel stands a small far end that answers and can be cut.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { z } from 'zod';
import type { AgentState } from '#contract/agent.ts';
import type { Fault } from '#contract/error.ts';
import { serveSocket } from '../../../bridge/socket/serve.ts';
import type { AgentDeps, AgentSocket } from '../../../bridge/socket/serve.ts';
import type { HostEvents } from '../../../bridge/socket/relay.ts';
import { socketPath } from '../../../bridge/socket/path.ts';
import { stateWith } from '../state-fixture.ts';

export const origin = 'https://mcp.example.org';
export const address = `${origin}/g/eng/s/memory/mcp`;
export const uid = process.getuid?.() ?? -1;
const answerWithinMs = 20_000;
const cli = join(import.meta.dirname, '../../../bridge/cli.ts');

const Message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  error: z
    .looseObject({ code: z.number(), message: z.string(), data: z.looseObject({ code: z.string(), retry: z.string() }) })
    .optional(),
  result: z.looseObject({}).optional(),
});
export type Message = z.infer<typeof Message>;

/** One channel as the far end sees it. */
export interface FarEnd {
  readonly host: string;
  readonly target: { readonly gateway: string; readonly server: string | undefined };
  readonly lines: string[];
  say(line: string): Promise<void>;
  cut(fault?: Fault): void;
  isClosed(): boolean;
}

export interface FarSide {
  readonly stateDir: string;
  readonly channels: FarEnd[];
  /** Answers a request; undefined: leaves it without an answer. */
  answer: (message: Message, line: string) => string | undefined;
  /** Thrown instead of opening a channel. */
  refusal: Fault | undefined;
  readonly socket: AgentSocket;
  close(): Promise<void>;
}

/** Initialize, and an echo of the parameters for everything else. */
export function usual({ id, method }: Message, line: string): string | undefined {
  if (id === undefined) return undefined;
  const result =
    method === 'initialize'
      ? { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'far', version: '1' } }
      : { length: line.length };
  return JSON.stringify({ result, jsonrpc: '2.0', id });
}

export async function openFarSide(deps: Partial<AgentDeps> = {}): Promise<FarSide> {
  const stateDir = await mkdtemp(join(tmpdir(), 'drawbridge-shim-'));
  const channels: FarEnd[] = [];
  const state: AgentState = stateWith();
  const side: Omit<FarSide, 'socket'> = {
    stateDir,
    channels,
    answer: usual,
    refusal: undefined,
    async close() {
      await socket.close();
      await rm(stateDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  const socket = await serveSocket({
    path: socketPath(stateDir, process.platform, uid),
    uid,
    gatewayUrl: () => origin,
    messageLimitBytes: 8 * 1024 * 1024,
    command: () => Promise.resolve({}),
    subscribe(listener) {
      listener(state);
      return () => {};
    },
    openHost(host, target, events: HostEvents) {
      if (side.refusal) return Promise.reject(side.refusal);
      const lines: string[] = [];
      let isClosed = false;
      channels.push({
        host,
        target,
        lines,
        say: (line) => events.onMessage(Buffer.from(line)),
        cut: (fault) => events.onClosed(fault),
        isClosed: () => isClosed,
      });
      return Promise.resolve({
        async send(line: Buffer) {
          const text = line.toString();
          lines.push(text);
          const answer = side.answer(Message.parse(JSON.parse(text)), text);
          if (answer !== undefined) await events.onMessage(Buffer.from(answer));
        },
        close: () => (isClosed = true),
      });
    },
    logger: pino({ level: 'silent' }),
    ...deps,
  });
  return Object.assign(side, { socket });
}

export interface Shim {
  readonly child: ChildProcessWithoutNullStreams;
  readonly received: Message[];
  stderr(): string;
  /** Writes and waits for the answer to the id. */
  ask(message: Readonly<Record<string, unknown>> & { readonly id: string | number }): Promise<Message>;
  write(text: string): void;
  /** The message with this id, now or when it comes. Rejects where the shim ends without it. */
  answerTo(id: string | number): Promise<Message>;
  /** The exit code. Rejects where the shim goes on living. */
  ended(): Promise<number | null>;
  close(): Promise<void>;
}

export function startShim(stateDir: string, args: readonly string[] = ['--host', 'codex', address]): Shim {
  const child = spawn(process.execPath, [cli, '--state', stateDir, 'connect', ...args], { stdio: 'pipe' });
  const received: Message[] = [];
  const looks = new Set<() => void>();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    received.push(Message.parse(JSON.parse(line)));
    for (const look of [...looks]) look();
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  const answerTo = (id: string | number): Promise<Message> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = received.find((message) => message.id === id);
        if (!found) return;
        looks.delete(look);
        resolve(found);
      };
      looks.add(look);
      look();
      setTimeout(() => reject(new Error(`no answer to ${id}: ${errors}`)), answerWithinMs).unref();
      void ended.then((code) => reject(new Error(`the shim ended (${String(code)}) before it answered ${id}: ${errors}`)));
    });
  const write = (text: string): void => void child.stdin.write(text);
  return {
    child,
    received,
    stderr: () => errors,
    answerTo,
    write,
    ask(message) {
      write(`${JSON.stringify(message)}\n`);
      return answerTo(message.id);
    },
    ended: () =>
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`the shim did not end: ${errors}`)), answerWithinMs).unref();
        void ended.then(resolve);
      }),
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export const initialize = {
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } },
};
export const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
