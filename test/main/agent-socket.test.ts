// The tray program's view of the agent, against a real socket: what it shows of the agent's state, and whom it does not believe.
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentState } from '#contract/agent.ts';
import type { CompanionState } from '#contract/ipc.ts';
import { type AgentWatch, watchAgent } from '../../main/agent-socket.ts';
import { proves } from '../requirement.ts';

const uid = process.getuid?.() ?? -1;
const running: AgentState = {
  version: 1,
  productVersion: '0.1.0',
  pid: 1,
  since: 1,
  home: '/home/anna',
  stateDir: '/home/anna/.local/state/drawbridge',
  isComplete: true,
  tunnel: { kind: 'off', since: 1, reason: 'not_enrolled' },
  secretStore: 'os',
  profile: {
    isForced: false,
    loadedAt: 1,
    mode: 'observe',
    origins: {},
    values: {},
    allows: { pause: 'never', pauseMaxMinutes: 60, quit: false, undo: false },
  },
  servers: [],
  hosts: [],
  findings: [],
  calls: [],
};

describe('the tray program follows the agent', () => {
  let directory = '';
  let server: Server | undefined;
  let watch: AgentWatch | undefined;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-main-')), 'state');
    await mkdir(directory, { mode: 0o700 });
  });
  afterEach(async () => {
    watch?.close();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    await rm(join(directory, '..'), { recursive: true, force: true });
  });

  /** A socket that answers each first line with these lines; `asked` collects what it was asked. */
  const listen = async (...lines: readonly string[]) => {
    const asked: string[] = [];
    const socket = join(directory, 'agent.sock');
    server = createServer((connection) => {
      connection.on('error', () => {});
      connection.once('data', (line) => {
        asked.push(line.toString());
        for (const one of lines) connection.write(`${one}\n`);
      });
    });
    await new Promise<void>((resolve) => server?.listen(socket, resolve));
    return asked;
  };
  /** The first state that `wanted` likes. */
  const stateWhere = async (wanted: (state: CompanionState) => boolean, answerWithinMs = 10_000) =>
    await new Promise<CompanionState>((resolve) => {
      watch = watchAgent({
        socket: join(directory, 'agent.sock'),
        uid,
        retryMs: 20,
        answerWithinMs,
        onChange: (state) => (wanted(state) ? resolve(state) : undefined),
      });
    });

  test('shows the state that the agent tells, and each change of it', async () => {
    const asked = await listen(
      JSON.stringify({ state: running }),
      JSON.stringify({ state: { ...running, tunnel: { kind: 'connecting', since: 2 } } }),
    );
    const state = await stateWhere((next) => next.kind === 'running' && next.state.tunnel.kind === 'connecting');
    expect(state).toMatchObject({ state: { home: '/home/anna', tunnel: { kind: 'connecting' } } });
    expect(asked).toEqual(['{"version":1,"want":"state"}\n']);
    expect(watch?.current()).toEqual(state);
  });

  test('says that nothing answers where there is no agent', async () => {
    expect(await stateWhere(() => true)).toMatchObject({ kind: 'absent', reason: 'not_running' });
  });

  test('says so of one that takes the connection and says nothing, and asks again', async () => {
    proves('companion.silent-agent', {
      file: 'main/agent-socket.ts',
      find: 'const deadline = setTimeout(() => connection?.destroy(), of.answerWithinMs);',
      replace: 'const deadline = undefined;',
    });
    const asked = await listen();
    expect(await stateWhere(() => true, 200)).toMatchObject({ kind: 'absent', reason: 'not_running' });
    await expect.poll(() => asked.length).toBeGreaterThan(1);
  });

  test('finds an agent that starts later', async () => {
    let isStarted: Promise<unknown> | undefined;
    const state = await stateWhere((next) => {
      isStarted ??= listen(JSON.stringify({ state: running }));
      return next.kind === 'running';
    });
    expect(state.kind).toBe('running');
  });

  test('does not believe a socket in a directory that others can enter', async () => {
    proves('companion.believes-own-agent', {
      file: 'main/agent-socket.ts',
      find: '(stat.mode & 0o077) === 0',
      replace: 'stat.mode > 0',
    });
    const asked = await listen(JSON.stringify({ state: running }));
    await chmod(directory, 0o755);
    expect(await stateWhere(() => true)).toMatchObject({ kind: 'absent', reason: 'unsafe' });
    expect(asked).toEqual([]);
  });

  test.each([
    ['another version', '{"state":{"version":2}}'],
    ['no JSON', 'hello'],
    ['a refusal', '{"refused":{"code":"BUSY","message":"","rpc":-32000,"retry":"safe"}}'],
  ])('shows that it is refused where the answer is %s', async (_what, line) => {
    await listen(line);
    expect(await stateWhere((next) => next.kind === 'absent')).toMatchObject({ reason: 'refused' });
  });
});
