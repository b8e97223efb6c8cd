// The agent's socket as the tray program uses it: its state followed until close(), and one command at a time, as contract/agent.ts says.
// Nobody is believed who answers on a socket that another user could have put there.
import { lstat } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { dirname } from 'node:path';
import { type AgentCommand, AgentReply, type AgentRequest, agentVersion } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Answer, CompanionState } from '#contract/ipc.ts';

export interface AgentWatch {
  current(): CompanionState;
  /** Looks now instead of later. */
  look(): void;
  /** Believes the connection no longer, and asks anew. */
  drop(): void;
  /** Idempotent. */
  close(): void;
}

const answerLimitBytes = 4 * 1024 * 1024;

export interface AgentPlace {
  readonly socket: string;
  /** This user's id; -1 where the platform has none (Windows: a named pipe has no directory). */
  readonly uid: number;
}

/** Follows the agent at `socket`; asks again every `retryMs` while there is none. One that says nothing within `answerWithinMs` is none. */
export function watchAgent(
  of: AgentPlace & {
    readonly retryMs: number;
    readonly answerWithinMs: number;
    readonly onChange: (state: CompanionState) => void;
  },
): AgentWatch {
  let state: CompanionState = { kind: 'absent', reason: 'not_running', detail: 'not asked yet' };
  let connection: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const become = (next: CompanionState) => {
    if (isClosed) return;
    const isSame = next.kind === 'absent' && state.kind === 'absent' && next.detail === state.detail;
    state = next;
    if (!isSame) of.onChange(next);
  };

  const later = () => {
    timer = setTimeout(() => {
      timer = undefined;
      void ask();
    }, of.retryMs);
  };
  const ask = async () => {
    const danger = of.uid < 0 ? undefined : await dangerOf(dirname(of.socket), of.uid);
    if (isClosed) return;
    if (danger) {
      become({ kind: 'absent', ...danger });
      later();
      return;
    }
    let why: CompanionState = { kind: 'absent', reason: 'not_running', detail: 'the agent does not answer' };
    connection = connect(of.socket);
    connection.on('connect', () => connection?.write(`${JSON.stringify(stateRequest)}\n`));
    const deadline = setTimeout(() => connection?.destroy(), of.answerWithinMs);
    readLines(connection, (line) => {
      clearTimeout(deadline);
      const answer = parseReply(line);
      if (answer.kind === 'absent') {
        why = answer;
        connection?.destroy();
      } else become(answer);
    });
    // `close` follows every error, so the one place to try again is there.
    connection.on('error', () => {});
    connection.on('close', () => {
      clearTimeout(deadline);
      become(why);
      if (!isClosed) later();
    });
  };

  void ask();
  return {
    current: () => state,
    look() {
      if (isClosed || timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      void ask();
    },
    drop: () => void connection?.destroy(),
    close() {
      isClosed = true;
      clearTimeout(timer);
      connection?.destroy();
    },
  };
}

/** Asks the agent to do something. `withinMs`: how long its answer is waited for. Throws AGENT_ABSENT where none comes. */
export async function askAgent({ socket, uid }: AgentPlace, command: AgentCommand, withinMs: number): Promise<Answer<unknown>> {
  const danger = uid < 0 ? undefined : await dangerOf(dirname(socket), uid);
  if (danger) throw new Fault('AGENT_ABSENT', { reason: danger.detail });
  const request: AgentRequest = { version: agentVersion, want: 'command', command };
  return await new Promise((resolve, reject) => {
    const connection = connect(socket);
    let why = 'nothing answers';
    const fail = () => reject(new Fault('AGENT_ABSENT', { reason: why }));
    connection.setTimeout(withinMs, () => {
      why = `no answer within ${withinMs / 1000} s`;
      connection.destroy();
    });
    connection.on('connect', () => connection.write(`${JSON.stringify(request)}\n`));
    readLines(connection, (line) => {
      const answer = parseAnswer(line);
      if (answer) resolve(answer);
      else why = 'it answers something else';
      connection.destroy();
    });
    // After an answer these reject a promise that is settled already, which changes nothing.
    connection.on('error', () => {});
    connection.on('close', fail);
  });
}

function parseAnswer(line: string): Answer<unknown> | undefined {
  try {
    const reply = AgentReply.parse(JSON.parse(line));
    if ('refused' in reply) return { ok: false, code: reply.refused.code, message: reply.refused.message };
    return 'result' in reply ? { ok: true, value: reply.result } : undefined;
  } catch {
    return undefined;
  }
}

const stateRequest: AgentRequest = { version: agentVersion, want: 'state' };

/** Why a socket in this directory is not to be believed; undefined where only this user can enter it. */
async function dangerOf(directory: string, uid: number) {
  try {
    const stat = await lstat(directory);
    if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0) return undefined;
    return { reason: 'unsafe', detail: `${directory} is not a private directory of this user` } as const;
  } catch {
    return { reason: 'not_running', detail: `there is no ${directory}` } as const;
  }
}

function readLines(connection: Socket, onLine: (line: string) => void): void {
  let held = '';
  connection.setEncoding('utf8');
  connection.on('data', (text: string) => {
    held += text;
    if (held.length > answerLimitBytes) connection.destroy();
    for (let end = held.indexOf('\n'); end >= 0 && !connection.destroyed; end = held.indexOf('\n')) {
      const line = held.slice(0, end);
      held = held.slice(end + 1);
      onLine(line);
    }
  });
}

function parseReply(line: string): CompanionState {
  try {
    const reply = AgentReply.parse(JSON.parse(line));
    if ('state' in reply) return { kind: 'running', state: AgentReply.options[0].parse(reply).state };
    return {
      kind: 'absent',
      reason: 'refused',
      detail: 'refused' in reply ? 'the agent refused to tell its state' : 'an unexpected answer',
    };
  } catch {
    return { kind: 'absent', reason: 'refused', detail: 'the agent speaks another version: update Drawbridge' };
  }
}
