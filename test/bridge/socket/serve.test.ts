// The agent's socket, from the outside: who may enter, what is answered to a first line, and what is not held in memory.
import { mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { AgentReply } from '#contract/agent.ts';
import { askCommand, askState } from '../../../bridge/socket/ask.ts';
import { cutLines } from '../../../bridge/socket/line.ts';
import { openPrivateDirectory } from '../../../bridge/socket/directory.ts';
import { socketPath } from '../../../bridge/socket/path.ts';
import { createState } from '../../../bridge/state.ts';
import { proves } from '../../requirement.ts';
import { stateWith } from '../state-fixture.ts';
import { address, openFarSide, uid } from '../shim/fixture.ts';
import type { FarSide } from '../shim/fixture.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
const farSide = async (...deps: Parameters<typeof openFarSide>): Promise<FarSide> => {
  const side = await openFarSide(...deps);
  closers.push(() => side.close());
  return side;
};
const scratch = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-socket-'));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

/** Everything that is said until the other side closes. */
async function talk(path: string, text: string): Promise<string> {
  const socket = connect(path);
  socket.on('error', () => {});
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return said;
}

test('the socket lies in a directory that only its user can enter, also where that was open before', async () => {
  proves('agent.socket-private', {
    file: 'bridge/socket/directory.ts',
    find: 'if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) !== 0)',
    replace: 'if (stat.uid === -2)',
  });
  const side = await farSide();
  expect((await stat(side.stateDir)).mode & 0o777).toBe(0o700);
  expect((await stat(side.socket.path)).isSocket()).toBe(true);
  const dir = await scratch();
  await mkdir(join(dir, 'open'), { mode: 0o755 });
  await openPrivateDirectory(join(dir, 'open'), uid);
  expect((await stat(join(dir, 'open'))).mode & 0o777).toBe(0o700);
  await symlink(join(dir, 'open'), join(dir, 'link'));
  await expect(openPrivateDirectory(join(dir, 'link'), uid)).rejects.toThrow('is a symlink: name the directory itself');
  if (uid === 0) await expect(openPrivateDirectory(join(dir, 'open'), 1234)).rejects.toThrow('belongs to user 0');
});

test('where the state directory is too long for a socket, it lies in a short place of this user alone', () => {
  const long = `/home/${'x'.repeat(100)}`;
  const path = socketPath(long, 'linux', 1000);
  expect(path).toMatch(/^\/tmp\/drawbridge-1000\/[0-9a-f]{32}\.sock$/);
  expect(socketPath(long, 'linux', 1000)).toBe(path);
  expect(socketPath('/home/ada/state', 'linux', 1000)).toBe('/home/ada/state/agent.sock');
});

test.each([
  ['no JSON', 'hello\n'],
  ['another version', '{"version":2,"want":"state"}\n'],
  ['an unknown wish', '{"version":1,"want":"everything"}\n'],
  ['an unknown command', '{"version":1,"want":"command","command":"spawn"}\n'],
  ['a host that is no id', `{"version":1,"want":"connect","host":"a b","url":"${address}"}\n`],
])('a first line with %s is refused in words', async (_, line) => {
  const side = await farSide();
  expect(JSON.parse(await talk(side.socket.path, line))).toMatchObject({ refused: { code: 'INVALID_REQUEST' } });
});

test('a first line without an end, and a line over the limit, end the client and not the agent', async () => {
  proves('agent.relay-bounded', {
    file: 'bridge/socket/line.ts',
    find: "if (heldBytes > limitBytes) throw new RangeError('line over the limit');",
    replace: '',
  });
  const side = await farSide({ messageLimitBytes: 100_000 });
  expect(await talk(side.socket.path, 'x'.repeat(20_000))).toBe('');
  const first = `{"version":1,"want":"connect","host":"codex","url":"${address}"}\n`;
  expect(await talk(side.socket.path, `${first}${'x'.repeat(400_000)}`)).toMatch(
    /^\{"opened":\{"limitBytes":100000\}\}\n\0\{"lost":\{"code":"MESSAGE_TOO_LARGE"/,
  );
  expect(await askState(side.socket.path, uid)).toMatchObject({ kind: 'answered' });
  expect(() => cutLines(3).push(Buffer.from('abcd'))).toThrow(RangeError);
  expect(cutLines(3).push(Buffer.from('abc\nd\n\n')).map(String)).toEqual(['abc', 'd', '']);
});

test('a subscriber gets the current state at once and every later one that differs, each once', async () => {
  proves('agent.state-stream', { file: 'bridge/state.ts', find: 'if (text === told) return;', replace: '' });
  const state = createState(stateWith(), () => {});
  const side = await farSide({ subscribe: (listener) => state.subscribe(listener) });
  const socket = connect(side.socket.path);
  const seen: number[] = [];
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    const lines = said.split('\n');
    said = lines.pop() ?? '';
    for (const line of lines) seen.push(AgentReply.options[0].parse(JSON.parse(line)).state.pid);
  });
  socket.write('{"version":1,"want":"state"}\n');
  await expect.poll(() => seen).toEqual([4711]);
  state.update({ pid: 1 });
  state.update({ pid: 2 });
  await expect.poll(() => seen).toEqual([4711, 2]);
  state.update({ pid: 2 });
  await Promise.resolve();
  state.update({ pid: 3 });
  await expect.poll(() => seen).toEqual([4711, 2, 3]);
  socket.destroy();
});

test('a listener that throws stops nobody else; a wait ends with its deadline or its signal', async () => {
  const errors: unknown[] = [];
  const state = createState(stateWith(), (error) => errors.push(error));
  state.subscribe(() => {
    throw new Error('listener');
  });
  const seen: number[] = [];
  const end = state.subscribe(({ pid }) => seen.push(pid));
  state.update({ pid: 1 });
  await state.until(({ pid }) => pid === 1, 1000);
  end();
  state.update({ pid: 2 });
  expect(await state.until(({ pid }) => pid === 3, 20)).toBeUndefined();
  const aborted = new AbortController();
  const waiting = state.until(({ pid }) => pid === 3, 60_000, aborted.signal);
  aborted.abort();
  expect(await waiting).toBeUndefined();
  expect(seen).toEqual([4711, 1]);
  expect(errors.length).toBeGreaterThan(0);
});

test('a command is answered, also where it fails', async () => {
  const side = await farSide({
    command: ({ name }) => (name === 'reload' ? Promise.reject(new Error('hunter2')) : Promise.resolve([])),
  });
  expect(await askCommand(side.socket.path, uid, { name: 'servers' })).toEqual({ kind: 'answered', value: [] });
  expect(await askCommand(side.socket.path, uid, { name: 'wake' })).toMatchObject({ kind: 'failed' });
  const failed = await askCommand(side.socket.path, uid, { name: 'reload' });
  expect(failed).toMatchObject({ kind: 'failed', message: expect.stringContaining('Something failed inside Drawbridge') });
  expect(JSON.stringify(failed)).not.toContain('hunter2');
  await side.socket.close();
  expect(await askState(side.socket.path, uid)).toEqual({ kind: 'absent' });
});
