// The shim's way to the agent: one socket, asked for one channel. Node's own net and nothing else, so that a host's server starts at once.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { checkPrivateDirectory, socketDirectory } from '../socket/path.ts';

/** What a host is told: the wire shape of AgentFault in contract/agent.ts, which this program is too small to load. */
export interface ShimFault {
  readonly code: string;
  readonly message: string;
  readonly rpc: number;
  readonly retry: 'no' | 'safe' | 'unknown';
}

export interface LinkOptions {
  readonly socket: string;
  readonly uid: number;
  readonly host: string;
  readonly url: string;
  /** For how long a missing agent is waited for: at login a host may start before it does. */
  readonly waitMs: number;
}

export type Link =
  | { readonly kind: 'open'; readonly socket: Socket; readonly rest: Buffer; readonly limitBytes: number }
  | { readonly kind: 'refused'; readonly fault: ShimFault };

const newline = 0x0a;
const replyLimitBytes = 64 * 1024;
/** The agent waits up to 10 s for its tunnel before it answers. */
const replyWithinMs = 20_000;
const tryAgainMs = 100;

const notRunning: ShimFault = {
  code: 'GATEWAY_UNREACHABLE',
  message: 'Drawbridge is not running on this workstation. Start it and try again.',
  rpc: 7502,
  retry: 'safe',
};

/** Asks the agent for a channel. Never rejects. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const socket = await reach(options);
  if (!socket) return { kind: 'refused', fault: notRunning };
  socket.write(`${JSON.stringify({ version: 1, want: 'connect', host: options.host, url: options.url })}\n`);
  const reply = await firstLine(socket);
  const parsed = reply && parseReply(reply.line);
  if (reply && parsed && 'limitBytes' in parsed) return { kind: 'open', socket, rest: reply.rest, limitBytes: parsed.limitBytes };
  socket.destroy();
  return { kind: 'refused', fault: parsed && 'code' in parsed ? parsed : notRunning };
}

/** A connected socket, or undefined where nobody listened until the deadline. */
async function reach({ socket: path, uid, waitMs }: LinkOptions): Promise<Socket | undefined> {
  const until = performance.now() + waitMs;
  for (;;) {
    const found = await tryOnce(path, uid);
    if (found) return found;
    if (performance.now() >= until) return undefined;
    await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
  }
}

async function tryOnce(path: string, uid: number): Promise<Socket | undefined> {
  try {
    const directory = socketDirectory(path);
    if (directory !== undefined) await checkPrivateDirectory(directory, uid);
  } catch {
    return undefined;
  }
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // from here on a broken socket is seen by its close
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', () => resolve(undefined));
  });
}

/** The first line and what came behind it; undefined where the socket closed or nothing came in time. The socket is paused then. */
export function firstLine(socket: Socket, before: Buffer = Buffer.alloc(0)): Promise<{ line: Buffer; rest: Buffer } | undefined> {
  return new Promise((resolve) => {
    let held = before;
    const settle = (result: { line: Buffer; rest: Buffer } | undefined): void => {
      clearTimeout(deadline);
      socket.off('data', onData).off('close', onClose);
      socket.pause();
      resolve(result);
    };
    const look = (): boolean => {
      const end = held.indexOf(newline);
      if (end >= 0) settle({ line: held.subarray(0, end), rest: held.subarray(end + 1) });
      else if (held.length > replyLimitBytes) settle(undefined);
      else return false;
      return true;
    };
    const onData = (chunk: Buffer): void => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      look();
    };
    const onClose = (): void => settle(undefined);
    const deadline = setTimeout(() => settle(undefined), replyWithinMs);
    if (!look()) socket.on('data', onData).on('close', onClose).resume();
  });
}

function parseReply(line: Buffer): ShimFault | { readonly limitBytes: number } | undefined {
  const reply = parseObject(line);
  const opened = reply && member(reply, 'opened');
  const limitBytes: unknown = opened && opened['limitBytes'];
  if (typeof limitBytes === 'number') return { limitBytes };
  const refused = reply && member(reply, 'refused');
  return refused && faultOf(refused);
}

/** A fault as the agent writes it; undefined for anything else. */
export function faultOf(value: Readonly<Record<string, unknown>>): ShimFault | undefined {
  const { code, message, rpc, retry } = value;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof rpc !== 'number') return undefined;
  return { code, message, rpc, retry: retry === 'safe' || retry === 'unknown' ? retry : 'no' };
}

/** A JSON object, or undefined. */
export function parseObject(text: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A member that is an object itself. */
export function member(of: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> | undefined {
  const value = of[name];
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
