// The agent as the companion keeps it, against a real socket: one that no longer answers is seen, and ended where it is ours.
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompanionState } from '#contract/ipc.ts';
import { type AgentProcess, type CompanionAgent, companionAgent } from '../../main/agent.ts';
import { nowMs, stateWith } from '../bridge/state-fixture.ts';
import { proves } from '../requirement.ts';

let directory = '';
let server: Server;
let isSilent = false;
const open = new Set<Socket>();
let agent: CompanionAgent | undefined;
const shown: CompanionState[] = [];
const kinds = () => shown.map((state) => (state.kind === 'absent' ? state.reason : state.kind));
const socket = () => join(directory, 'agent.sock');

beforeEach(async () => {
  directory = join(await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-agent-')), 'state');
  await mkdir(directory, { mode: 0o700 });
  isSilent = false;
  shown.length = 0;
  const state = stateWith({ since: nowMs });
  server = createServer((connection) => {
    open.add(connection);
    connection.on('error', () => {});
    connection.once('data', (line) => {
      if (isSilent) return;
      const { want } = JSON.parse(line.toString()) as { want: string };
      if (want === 'state') connection.write(`${JSON.stringify({ state })}\n`);
      else connection.end(`${JSON.stringify({ result: state })}\n`);
    });
  });
});
afterEach(async () => {
  for (const each of open) each.destroy();
  open.clear();
  await agent?.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(join(directory, '..'), { recursive: true, force: true });
});

const follow = (start?: () => AgentProcess) => {
  agent = companionAgent({
    socket: socket(),
    uid: process.getuid?.() ?? -1,
    start,
    onChange: (state) => void shown.push(state),
    timing: { pulseEveryMs: 50, pulseWithinMs: 1500 },
  });
};
const listen = () => new Promise<void>((resolve) => server.listen(socket(), resolve));

test("an agent of somebody else's that hangs is not shown as it was for ever", async () => {
  proves('companion.hung-agent', { file: 'main/agent.ts', find: 'watch.drop();', replace: '' });
  await listen();
  follow();
  await expect.poll(kinds, { timeout: 5_000 }).toContain('running');
  isSilent = true;
  await expect.poll(() => kinds().at(-1), { timeout: 10_000 }).toBe('not_running');
});

test('one of ours that hangs is ended, and so started again', async () => {
  let starts = 0;
  let kills = 0;
  follow(() => {
    starts++;
    isSilent = false;
    const ended: (() => void)[] = [];
    void listen();
    return {
      onEnd: (listener) => void ended.push(listener),
      onWord: () => undefined,
      askToStop: () => ended.forEach((listener) => listener()),
      kill() {
        kills++;
        // As the end of a process does it: nobody listens any more, and who was connected hears it.
        server.close();
        for (const each of open) each.destroy();
        for (const listener of ended.splice(0)) listener();
      },
    };
  });
  await expect.poll(kinds, { timeout: 5_000 }).toContain('running');
  isSilent = true;
  await expect.poll(() => starts, { timeout: 10_000 }).toBe(2);
  expect(kills).toBe(1);
  await expect.poll(() => kinds().at(-1), { timeout: 10_000 }).toBe('running');
  expect(kinds()).toContain('restarting');
});
