// What a host sees of the shim: its lines, both ways, and clear words for everything that goes wrong.
import { createHash, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { proves } from '../../requirement.ts';
import { readSources } from '../../architecture/source.ts';
import { join } from 'node:path';
import { openLink } from '../../../bridge/shim/link.ts';
import { targetOf } from '../../../bridge/socket/target.ts';
import { address, initialize, initialized, openFarSide, origin, startShim, uid, usual } from './fixture.ts';
import type { FarSide, Shim } from './fixture.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});
const farSide = async (...deps: Parameters<typeof openFarSide>): Promise<FarSide> => {
  const side = await openFarSide(...deps);
  opened.push(side);
  return side;
};
const shimOn = (stateDir: string, args?: readonly string[]): Shim => {
  const shim = startShim(stateDir, args);
  opened.push(shim);
  return shim;
};
const call = (id: number | string, size = 10) => ({
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'x'.repeat(size) } },
  jsonrpc: '2.0',
  id,
});
/** Until the far end has had all of it: a host's next lines may overtake what happens to the channel. */
const shake = async (side: FarSide, shim: Shim): Promise<void> => {
  await shim.ask(initialize);
  shim.write(`${JSON.stringify(initialized)}\n`);
  await expect.poll(() => side.channels[0]?.lines.length).toBe(2);
};

/** Cuts the first channel, and waits until the shim has seen that: what its host asks before goes the way of the channel. */
const lose = async (side: FarSide, shim: Shim, fault?: Fault): Promise<void> => {
  side.channels[0]?.cut(fault);
  await expect.poll(() => shim.stderr()).toContain('TUNNEL_LOST');
};

test('lines pass byte for byte in both directions, large and small, and the far end learns host, gateway and server', async () => {
  proves('agent.shim-verbatim', {
    file: 'bridge/shim/connect.ts',
    find: 'const isTaken = socket.write(chunk);',
    replace: 'const isTaken = socket.write(chunk.subarray(1));',
  });
  const side = await farSide();
  const hashOf = (line: string): string => createHash('sha256').update(line).digest('hex');
  side.answer = (message, line) =>
    message.method === 'initialize'
      ? usual(message, line)
      : JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { hash: hashOf(line), line } });
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  const sent = [0, 1, 100, 70_000, 3_000_000].map((size, id) => ({ ...call(id), text: randomBytes(size).toString('base64') }));
  for (const message of sent) shim.write(`${JSON.stringify(message)}\n`);
  for (const message of sent) {
    const { result } = await shim.answerTo(message.id);
    expect(result?.['hash']).toBe(hashOf(JSON.stringify(message)));
    expect(result?.['line']).toBe(JSON.stringify(message));
  }
  expect(side.channels).toMatchObject([{ host: 'codex', target: { gateway: 'eng', server: 'memory' } }]);
});

test('thousands of lines in one go come back complete and in order', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  shim.write(Array.from({ length: 5000 }, (_, id) => `${JSON.stringify(call(id, 200))}\n`).join(''));
  await shim.answerTo(4999);
  expect(shim.received.slice(1).map(({ id }) => id)).toEqual(Array.from({ length: 5000 }, (_, id) => id));
});

test('a lost tunnel answers every request under way at once, and none is sent again', async () => {
  proves('agent.shim-answers-loss', {
    file: 'bridge/shim/connect.ts',
    find: 'for (const id of this.#pending.takeAll()) this.#options.stdout.write(errorLine(id, why));',
    replace: '',
  });
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  side.answer = () => undefined;
  const ids = [1, 2, 'three', 4];
  for (const id of ids) shim.write(`${JSON.stringify(call(id))}\n`);
  await expect.poll(() => side.channels[0]?.lines.length).toBe(6);
  side.channels[0]?.cut(new Fault('TUNNEL_LOST'));
  for (const id of ids) {
    const { error } = await shim.answerTo(id);
    expect(error).toMatchObject({ code: 7502, data: { code: 'TUNNEL_LOST', retry: 'unknown' } });
    expect(error?.message).toContain('It may or may not have run');
  }
  side.answer = usual;
  expect(await shim.ask(call('next'))).toMatchObject({ result: {} });
  expect(side.channels.flatMap(({ lines }) => lines).filter((line) => line.includes('"id":"three"'))).toHaveLength(1);
  expect(shim.child.exitCode).toBeNull();
  expect(shim.stderr()).toContain('TUNNEL_LOST');
});

test("after a loss the host's next request opens a new channel, on which only the handshake is said again", async () => {
  proves('agent.shim-handshake', {
    file: 'bridge/shim/handshake.ts',
    find: "if (!request || version === undefined) return { kind: 'done', rest: before };",
    replace: "return { kind: 'done', rest: before };",
  });
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  await shim.ask(call(1));
  await lose(side, shim);
  expect(await shim.ask(call(2))).toMatchObject({ result: {} });
  expect(side.channels).toHaveLength(2);
  expect(side.channels[1]?.lines.map((line): unknown => JSON.parse(line))).toEqual([initialize, initialized, call(2)]);
  expect(shim.received.filter(({ id }) => id === 'init')).toHaveLength(1);
});

test('a host without a handshake (2026-07-28) goes on with its next request alone', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shim.ask(call(1));
  await lose(side, shim, new Fault('TUNNEL_LOST'));
  await shim.ask(call(2));
  expect(side.channels[1]?.lines).toEqual([JSON.stringify(call(2))]);
});

test('where the new session speaks another version than the host agreed to, the shim says so and ends', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  await lose(side, shim, new Fault('TUNNEL_LOST'));
  side.answer = ({ id }) => JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2024-11-05' } });
  await expect.poll(async () => (await shim.ask(call(`ask ${Math.random()}`))).error?.message).toContain('another version');
  expect(await shim.ended()).toBe(1);
});

test('while no channel can be had each request is answered with the reason; later ones try again', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  await lose(side, shim, new Fault('TUNNEL_LOST'));
  side.refusal = new Fault('GATEWAY_UNREACHABLE', { reason: 'no network' });
  expect((await shim.ask(call(1))).error).toMatchObject({ data: { code: 'GATEWAY_UNREACHABLE', retry: 'safe' } });
  expect((await shim.ask(call(2))).error?.message).toContain('no network');
  side.refusal = undefined;
  await expect.poll(async () => (await shim.ask(call(`again ${Math.random()}`))).result, { timeout: 10_000 }).toBeDefined();
});

test('when the agent is gone, what is under way is answered, stderr says so, and the exit code is 1', async () => {
  proves('agent.shim-agent-gone', {
    file: 'bridge/shim/connect.ts',
    find: 'if (!fault) this.#end(1);',
    replace: 'if (!fault) return;',
  });
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  side.answer = () => undefined;
  shim.write(`${JSON.stringify(call(1))}\n`);
  await expect.poll(() => side.channels[0]?.lines.length).toBe(3);
  await side.socket.close();
  expect((await shim.answerTo(1)).error?.message).toContain('Drawbridge on this workstation ended');
  expect(await shim.ended()).toBe(1);
  expect(shim.stderr()).toMatch(/^drawbridge: .*\n$/);
});

test('an answer that was cut in two by the loss does not swallow the errors behind it', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  side.answer = () => undefined;
  shim.write(`${JSON.stringify(call(1))}\n${JSON.stringify(call(2)).slice(0, 20)}`);
  await expect.poll(() => side.channels[0]?.lines.length).toBe(3);
  side.channels[0]?.cut(new Fault('TUNNEL_LOST'));
  await shim.answerTo(1);
  // the rest of a line whose beginning went to the lost channel: its request is answered as well
  shim.write(`${JSON.stringify(call(2)).slice(20)}\n`);
  expect((await shim.answerTo(2)).error?.data.code).toBe('TUNNEL_LOST');
  side.answer = usual;
  expect((await shim.ask(call(3))).result).toBeDefined();
});

test('a line over the limit is answered with the limit, and the lines around it pass', async () => {
  proves('agent.shim-too-large', {
    file: 'bridge/shim/connect.ts',
    find: 'if (this.#fromHost.lineBytes > 0) socket.write(giveUpLine);',
    replace: '',
  });
  const side = await farSide({ messageLimitBytes: 300_000 });
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  shim.write(
    [call(1), call(2, 5_000_000), call(3, 200_000), call(4, 300_001), call(5)].map((of) => `${JSON.stringify(of)}\n`).join(''),
  );
  for (const id of [2, 4]) {
    const { error } = await shim.answerTo(id);
    expect(error).toMatchObject({ code: 7413, data: { code: 'MESSAGE_TOO_LARGE', retry: 'no' } });
    expect(error?.message).toContain('300000 bytes');
  }
  for (const id of [1, 3, 5]) expect((await shim.answerTo(id)).result).toBeDefined();
  expect(side.channels).toHaveLength(1);
  expect(side.channels[0]?.lines).toHaveLength(5);
});

test('an address of another gateway is refused: the host is told in its own protocol, and the exit code is 1', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir, ['--host', 'codex', 'https://evil.example.org/g/eng/s/memory/mcp?token=hunter2']);
  const { error } = await shim.ask(initialize);
  expect(error).toMatchObject({ code: 7403, data: { code: 'PROFILE_FORBIDS' } });
  expect(await shim.ended()).toBe(1);
  expect(shim.stderr()).toContain('PROFILE_FORBIDS');
  expect(shim.stderr() + JSON.stringify(error)).not.toContain('hunter2');
  expect(side.channels).toEqual([]);
});

test.each([
  ['another gateway', 'https://evil.example.org/g/eng/s/memory/mcp'],
  ['another port', 'https://mcp.example.org:8443/g/eng/mcp'],
  ['plain http', 'http://mcp.example.org/g/eng/mcp'],
  ['a name that only begins like it', 'https://mcp.example.org.evil.example/g/eng/mcp'],
  ['credentials before it', 'https://mcp.example.org@evil.example/g/eng/mcp'],
  ['another path', `${origin}/admin`],
  ['a path that climbs', `${origin}/g/eng/../x/mcp`],
  ['a query', `${address}?token=hunter2`],
  ['no URL', 'memory'],
])('%s is not the gateway of the profile', (_, url) => {
  proves('agent.foreign-gateway', {
    file: 'bridge/socket/target.ts',
    find: "address.startsWith(`${gatewayUrl}/`) ? address.slice(gatewayUrl.length) : ''",
    replace: 'new URL(address).pathname',
  });
  expect(() => targetOf(url, origin)).toThrow(Fault);
  expect(() => targetOf(address, undefined)).toThrow(Fault);
  expect(targetOf(address, origin)).toEqual({ gateway: 'eng', server: 'memory' });
  expect(targetOf(`${origin}/g/eng/mcp`, origin)).toEqual({ gateway: 'eng', server: undefined });
});

test('no socket is talked to in a directory that others can enter', async () => {
  proves('agent.no-impostor', {
    file: 'bridge/socket/path.ts',
    find: 'if ((stat.mode & 0o077) !== 0) throw',
    replace: 'if (false) throw',
  });
  const side = await farSide();
  const options = { socket: side.socket.path, uid, host: 'codex', url: address, waitMs: 0 };
  await chmod(side.stateDir, 0o755);
  expect(await openLink(options)).toMatchObject({ kind: 'refused', fault: { code: 'GATEWAY_UNREACHABLE' } });
  expect(side.channels).toEqual([]);
  await chmod(side.stateDir, 0o700);
  const link = await openLink(options);
  expect(link.kind).toBe('open');
  if (link.kind === 'open') link.socket.destroy();
});

test('when the host closes its side, the channel is closed and the exit code is 0', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  shim.child.stdin.end(`${JSON.stringify(call(1))}\n`);
  expect((await shim.answerTo(1)).result).toBeDefined();
  expect(await shim.ended()).toBe(0);
  await expect.poll(() => side.channels[0]?.isClosed()).toBe(true);
});

test('a host that does not read holds the far end back, and loses nothing when it reads again', async () => {
  const side = await farSide();
  const shim = shimOn(side.stateDir);
  await shake(side, shim);
  shim.child.stdout.pause();
  const body = 'y'.repeat(64 * 1024);
  let taken = 0;
  const far = side.channels[0];
  const saying = (async () => {
    for (let index = 0; index < 200; index++) {
      await far?.say(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { index, body } }));
      taken = index + 1;
    }
  })();
  let before = -1;
  await expect.poll(() => [before, (before = taken)], { interval: 300, timeout: 20_000 }).toSatisfy(([a, b]) => a === b);
  expect(taken).toBeLessThan(200);
  shim.child.stdout.resume();
  await saying;
  await expect.poll(() => shim.received.length, { timeout: 20_000 }).toBe(201);
});

test("the shim loads no package, only Node's own modules and its own files", async () => {
  proves('agent.shim-light', {
    file: 'bridge/shim/pending.ts',
    find: "import type { ShimFault } from './link.ts';",
    replace: "import type { ShimFault } from './link.ts';\nimport 'zod';",
  });
  const sources = new Map((await readSources(join(import.meta.dirname, '../../..'))).map((source) => [source.path, source]));
  const seen = new Set(['bridge/shim/connect.ts', 'bridge/socket/path.ts', 'bridge/location.ts']);
  const packages: string[] = [];
  for (const path of seen)
    for (const { specifier } of sources.get(path)?.imports ?? []) {
      if (specifier.startsWith('.')) seen.add(join(path, '..', specifier));
      else if (specifier.startsWith('#contract/')) seen.add(specifier.slice(1));
      else if (!specifier.startsWith('node:')) packages.push(`${path}: ${specifier}`);
    }
  expect([...seen].every((path) => sources.has(path))).toBe(true);
  expect(packages).toEqual([]);
});
