// The agent as the companion starts it: in a process of its own with a channel to whoever started it, whose end is its end.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentFailed, AgentStarted } from '#contract/agent.ts';
import { askCommand } from '../../bridge/socket/ask.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import { root } from '../walk/program.ts';

const uid = process.getuid?.() ?? -1;
let home = '';
const children: ChildProcess[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'drawbridge-utility-'));
  await mkdir(join(home, 'state'), { mode: 0o700 });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await rm(home, { recursive: true, force: true, maxRetries: 10 });
});

async function startAgent(profile: object = {}): Promise<{ child: ChildProcess; socket: string; stdout: () => string }> {
  const file = join(home, 'profile.json');
  await writeFile(file, JSON.stringify(profile), { mode: 0o600 });
  const args = ['--state', join(home, 'state'), '--home', home, '--profile', file];
  const child = fork(join(root, 'bridge/utility.ts'), args, { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
  children.push(child);
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [word] = await once(child, 'message');
  return { child, socket: AgentStarted.parse(word).socket, stdout: () => stdout };
}

test('it says over the channel that it started, answers on its socket, prints nothing, and ends in good order when it is told to', async () => {
  const { child, socket, stdout } = await startAgent();
  expect(await askCommand(socket, uid, { name: 'status' })).toMatchObject({ kind: 'answered', value: { pid: child.pid } });
  const ended = once(child, 'exit');
  child.send({ order: 'nothing that it knows' });
  child.send({ order: 'stop' });
  expect(await ended).toEqual([0, null]);
  expect(stdout()).toBe('');
  await expect(readFile(join(home, 'state/agent.lock'))).rejects.toThrow();
});

test('it says why it could not start, in a code and words, and ends', async () => {
  const first = await startAgent();
  const second = fork(join(root, 'bridge/utility.ts'), ['--state', join(home, 'state'), '--home', home], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  children.push(second);
  const ended = once(second, 'exit');
  const [word] = await once(second, 'message');
  expect(AgentFailed.parse(word)).toMatchObject({
    code: 'AGENT_RUNNING',
    message: expect.stringContaining(`process ${first.child.pid}`),
  });
  expect(await ended).toEqual([1, null]);
});

test('where whoever started it is gone, it ends by itself', async () => {
  proves('agent.ends-with-starter', {
    file: 'bridge/utility.ts',
    find: 'parent?.onGone(end);',
    replace: '',
  });
  const { child } = await startAgent();
  const ended = once(child, 'exit');
  child.disconnect();
  expect(await Promise.race([ended, until('its end', async () => child.exitCode !== null, 10_000)])).toEqual([0, null]);
});

test('a client ends it only where the profile lets the user quit', async () => {
  proves('agent.quit-allowed', {
    file: 'bridge/desk.ts',
    find: 'if (!profile.current.profile.AllowUserQuit)',
    replace: 'if (profile.current.broken.has("AllowUserQuit"))',
  });
  const kept = await startAgent();
  expect(await askCommand(kept.socket, uid, { name: 'stop' })).toMatchObject({ kind: 'failed', code: 'PROFILE_FORBIDS' });
  expect(await askCommand(kept.socket, uid, { name: 'status' })).toMatchObject({ kind: 'answered' });
  kept.child.send({ order: 'stop' });
  await once(kept.child, 'exit');
  const free = await startAgent({ AllowUserQuit: true });
  const ended = once(free.child, 'exit');
  expect(await askCommand(free.socket, uid, { name: 'stop', reason: 'a test' })).toMatchObject({ kind: 'answered' });
  expect(await ended).toEqual([0, null]);
});
