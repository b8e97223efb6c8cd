// A client of the agent's socket for the CLI: one command, or the current state. The shim has its own, smaller one.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { AgentReply, agentVersion, readResult } from '#contract/agent.ts';
import type { AgentCommand, AgentState, CommandResult } from '#contract/agent.ts';
import { checkPrivateDirectory, socketDirectory } from './path.ts';

/** `absent`: no agent listens there. `failed`: it answered with an error, or not in time. */
export type Asked<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly message: string; /** Of the agent's own refusal. */ readonly code?: string };

const replyLimitBytes = 16 * 1024 * 1024;
const newline = 0x0a;

/** What is true now. */
export async function askState(path: string, uid: number, withinMs = 5_000): Promise<Asked<AgentState>> {
  const reply = await ask(path, uid, { version: agentVersion, want: 'state' }, withinMs);
  if (reply.kind !== 'answered') return reply;
  return 'state' in reply.value ? { kind: 'answered', value: reply.value.state } : notUnderstood;
}

/** Runs a command in the agent; resolves when it is done. */
export async function askCommand<const C extends AgentCommand>(
  path: string,
  uid: number,
  command: C,
  withinMs = 60_000,
): Promise<Asked<CommandResult<C['name']>>> {
  const reply = await ask(path, uid, { version: agentVersion, want: 'command', command }, withinMs);
  if (reply.kind !== 'answered') return reply;
  if (!('result' in reply.value)) return notUnderstood;
  const result = readResult<C['name']>(command.name, reply.value.result);
  return result ? { kind: 'answered', value: result.value } : notUnderstood;
}

const notUnderstood = { kind: 'failed', message: 'the agent answered with something else than was asked' } as const;

async function ask(path: string, uid: number, request: object, withinMs: number): Promise<Asked<AgentReply>> {
  const directory = socketDirectory(path);
  try {
    if (directory !== undefined) await checkPrivateDirectory(directory, uid);
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isAbsent ? { kind: 'absent' } : { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  const socket = connect(path);
  try {
    const line = await replyTo(socket, request, withinMs);
    if (line === undefined) return { kind: 'absent' };
    const reply = AgentReply.safeParse(JSON.parse(line));
    if (!reply.success) return notUnderstood;
    if ('refused' in reply.data) return { kind: 'failed', code: reply.data.refused.code, message: reply.data.refused.message };
    return { kind: 'answered', value: reply.data };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  } finally {
    socket.destroy();
  }
}

/** The first line; undefined where nobody listens. */
function replyTo(socket: Socket, request: object, withinMs: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let heldBytes = 0;
    let isConnected = false;
    const deadline = setTimeout(() => reject(new Error(`the agent did not answer within ${withinMs / 1000} s`)), withinMs);
    socket.on('connect', () => {
      isConnected = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      heldBytes += chunk.length;
      if (chunk.includes(newline)) {
        const text = Buffer.concat(parts).toString('utf8');
        resolve(text.slice(0, text.indexOf('\n')));
      } else if (heldBytes > replyLimitBytes) reject(new Error('the answer is too large'));
    });
    socket.on('error', (error) => (isConnected ? reject(error) : resolve(undefined)));
    socket.on('close', () => {
      clearTimeout(deadline);
      reject(new Error('the agent ended'));
    });
  });
}
