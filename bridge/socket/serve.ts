// The agent's socket: the first line of each client says what it wants (contract/agent.ts draws the flow).
// Rule: whoever gets here is this user, because nobody else can enter the directory; all the same every line has a limit and a deadline.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import { AgentRequest, requestLimitBytes } from '#contract/agent.ts';
import type { AgentCommand, AgentState } from '#contract/agent.ts';
import { asFault, Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { openPrivateDirectory } from './directory.ts';
import { socketDirectory } from './path.ts';
import { faultOnWire, relayHost } from './relay.ts';
import type { HostEnd, HostEvents } from './relay.ts';
import { targetOf } from './target.ts';
import type { Target } from './target.ts';

export interface AgentDeps {
  readonly path: string;
  readonly uid: number;
  /** The gateway that the profile names. */
  gatewayUrl(): string | undefined;
  readonly messageLimitBytes: number;
  openHost(host: string, target: Target, events: HostEvents): Promise<HostEnd>;
  command(command: AgentCommand): Promise<unknown>;
  /** Calls the listener with the current state and every later one. */
  subscribe(listener: (state: AgentState) => void): () => void;
  readonly logger: Logger;
}

export interface AgentSocket {
  readonly path: string;
  /** Ends the listening and every client. Idempotent. */
  close(): Promise<void>;
}

const firstLineWithinMs = 5_000;
const clientLimit = 512;
const newline = 0x0a;

/** Listens. Call it only as the holder of the agent's lock: it removes what a dead agent left. */
export async function serveSocket(deps: AgentDeps): Promise<AgentSocket> {
  const directory = socketDirectory(deps.path);
  if (directory !== undefined) {
    await openPrivateDirectory(directory, deps.uid);
    await rm(deps.path, { force: true }).catch((cause: unknown) => {
      throw new Fault('FILE_UNUSABLE', { file: deps.path, reason: 'what stands there is no socket. Remove it.' }, { cause });
    });
  }
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
    socket.on('error', () => {});
    if (clients.size >= clientLimit) {
      refuse(socket, new Fault('BUSY', { what: 'the agent' }));
      return;
    }
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    void welcome(socket, deps);
  });
  await listen(server, deps.path);
  let closing: Promise<void> | undefined;
  return {
    path: deps.path,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.destroy();
      });
      return closing;
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function welcome(socket: Socket, deps: AgentDeps): Promise<void> {
  const first = await firstLine(socket);
  if (!first) {
    socket.destroy();
    return;
  }
  try {
    await answer(socket, parseRequest(first.line), first.rest, deps);
  } catch (thrown) {
    const reference = newId();
    const fault = asFault(thrown, reference);
    const cause = fault.code === 'INTERNAL' ? { reference, err: thrown } : {};
    deps.logger.warn({ code: fault.code, ...cause }, 'socket request refused');
    refuse(socket, fault);
  }
}

async function answer(socket: Socket, request: AgentRequest, rest: Buffer, deps: AgentDeps): Promise<void> {
  switch (request.want) {
    case 'state':
      streamState(socket, deps);
      return;
    case 'command':
      socket.end(`${JSON.stringify({ result: await deps.command(request.command) })}\n`);
      return;
    case 'connect': {
      const { host, url } = request;
      const target = targetOf(url, deps.gatewayUrl());
      await relayHost(socket, rest, deps.messageLimitBytes, (events) => deps.openHost(host, target, events), deps.logger);
    }
  }
}

/** A client that reads slowly misses states between, never the last one. */
function streamState(socket: Socket, deps: AgentDeps): void {
  let latest: AgentState | undefined;
  const send = (): void => {
    while (latest && !socket.writableNeedDrain) {
      const state = latest;
      latest = undefined;
      socket.write(`${JSON.stringify({ state })}\n`);
    }
  };
  const unsubscribe = deps.subscribe((state) => {
    latest = state;
    send();
  });
  socket.on('drain', send);
  socket.on('end', () => socket.end());
  socket.on('close', unsubscribe);
  socket.resume();
}

function parseRequest(line: Buffer): AgentRequest {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    throw new Fault('INVALID_REQUEST', { reason: 'the first line is not JSON' });
  }
  const parsed = AgentRequest.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Fault('INVALID_REQUEST', { reason: `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}` });
}

function firstLine(socket: Socket): Promise<{ line: Buffer; rest: Buffer } | undefined> {
  return new Promise((resolve) => {
    let held: Buffer = Buffer.alloc(0);
    const settle = (result: { line: Buffer; rest: Buffer } | undefined): void => {
      clearTimeout(deadline);
      socket.off('data', onData).off('close', onClose).off('end', onClose);
      socket.pause();
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = held.indexOf(newline);
      if (end >= 0 && end <= requestLimitBytes) settle({ line: held.subarray(0, end), rest: held.subarray(end + 1) });
      else if (held.length > requestLimitBytes) settle(undefined);
    };
    const onClose = (): void => settle(undefined);
    const deadline = setTimeout(onClose, firstLineWithinMs);
    socket.on('data', onData).on('close', onClose).on('end', onClose);
  });
}

function refuse(socket: Socket, fault: Fault): void {
  socket.end(`${JSON.stringify({ refused: faultOnWire(fault) })}\n`);
  socket.setTimeout(1_000, () => socket.destroy());
}
