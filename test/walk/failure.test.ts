// What happens when a part dies in the middle: every call in flight ends with a clear error, nothing runs twice, the way is back by itself,
// and no local server outlives its owner.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type FaultProxy, openFaultProxy } from '../fake/fault-proxy.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { type Answered, codeOf, modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { processesWith } from './process.ts';
import { root } from './program.ts';

const inFlight = 50;
const counting = join(root, 'test/fake/local-server/counting.ts');
const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0).toReversed()) await close();
});

interface Scene {
  readonly deployment: Deployment;
  readonly workstation: Workstation;
  readonly proxy: FaultProxy | undefined;
  readonly countFile: string;
  call(key: number, holdMs?: number): Promise<Answered | Error>;
  counted(): Promise<string[]>;
}

async function scene(options: { timeoutSeconds?: number; withProxy?: boolean } = {}): Promise<Scene> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-count-'));
  cleanUp.push(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));
  const countFile = join(dir, 'count');
  const opened: { proxy?: FaultProxy } = {};
  const deployment = await deploy({
    policy: walkPolicy({ counting: { tools: 'all', timeoutSeconds: options.timeoutSeconds ?? 30 } }),
    ...(options.withProxy && {
      publicOrigin: async (port: number) => {
        opened.proxy = await openFaultProxy({ port });
        return `http://127.0.0.1:${opened.proxy.port}`;
      },
    }),
  });
  cleanUp.push(() => deployment.close());
  const { proxy } = opened;
  if (proxy) cleanUp.push(proxy.close);
  const workstation = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { counting: nodeServer(counting, [countFile]) } },
  });
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const url = `${deployment.origin}/g/eng/s/counting/mcp`;
  const made: Scene = {
    deployment,
    workstation,
    proxy,
    countFile,
    call: (key, holdMs = 0) =>
      modern(
        url,
        token,
        'tools/call',
        { name: 'count', arguments: { key: String(key), holdMs } },
        { id: key, signal: AbortSignal.timeout(60_000) },
      ).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    counted: async () => (await readFile(countFile, 'utf8').catch(() => '')).split('\n').filter(Boolean),
  };
  await until('the first call to go through', async () => isAnswered(await made.call(0)));
  return made;
}

const isAnswered = (answered: Answered | Error): boolean => !(answered instanceof Error) && answered.body.result !== undefined;

/** Starts the calls and waits until the server has begun each of them. */
async function fifty({ call, counted }: Scene): Promise<Promise<Answered | Error>[]> {
  const calls = Array.from({ length: inFlight }, (_, index) => call(index + 1, 20_000));
  await until('all calls to run', async () => (await counted()).length === inFlight + 1);
  return calls;
}

function setMode({ proxy }: Scene, mode: FaultProxy['mode']): void {
  if (proxy) proxy.mode = mode;
}

/** Nothing ran twice: each key stands once. */
async function expectOnce({ counted }: Scene): Promise<void> {
  const keys = await counted();
  expect(keys.length).toBe(new Set(keys).size);
  expect(keys.length).toBe(inFlight + 2);
}

describe('with 50 calls in flight', () => {
  test('kill -9 of the gateway server ends every call, and the bridge is back within 2 s of its return', async () => {
    const it = await scene();
    const calls = await fifty(it);
    await it.deployment.gateway().stop('SIGKILL');
    for (const answered of await Promise.all(calls)) expect(answered).toBeInstanceOf(Error);
    await until('the local servers to end with their tunnel', async () => (await processesWith(it.countFile)).length === 0);
    await it.deployment.restartGateway();
    const began = Date.now();
    await until('a call to go through again', async () => isAnswered(await it.call(99)), 10_000);
    // Less than 2 s where the machine is free: a busy one takes longer for reasons of its own, here as in what follows.
    expect(Date.now() - began).toBeLessThan(8000);
    await expectOnce(it);
  });

  test('kill -9 of the agent ends every call at once with TUNNEL_LOST, and no local server outlives it', async () => {
    proves('failure.tunnel-lost-at-once', {
      file: 'gateway/upstream/session.ts',
      find: 'onClosed: (fault) => this.#end(',
      replace: 'onClosed: (fault) => void (',
    });
    const it = await scene();
    const calls = await fifty(it);
    const began = Date.now();
    await it.workstation.agent.stop('SIGKILL');
    for (const answered of await Promise.all(calls)) {
      if (answered instanceof Error) throw answered;
      expect(codeOf(answered)).toBe('TUNNEL_LOST');
      expect(answered.body.error?.data?.retry).toBe('unknown');
    }
    expect(Date.now() - began).toBeLessThan(10_000);
    await until('every local server to be gone', async () => (await processesWith(it.countFile)).length === 0);
    await it.workstation.restart();
    await until('a call to go through again', async () => isAnswered(await it.call(99)), 10_000);
    await expectOnce(it);
  });

  test(
    'a black hole in the tunnel ends every call within its own deadline, and the way is back when it is noticed',
    { timeout: 120_000 },
    async () => {
      proves('failure.deadline', {
        file: 'gateway/upstream/pending.ts',
        find: 'this.#giveUp(this.#owner.late(',
        replace: 'void (this.#owner.late(',
      });
      const it = await scene({ timeoutSeconds: 5, withProxy: true });
      const calls = await fifty(it);
      setMode(it, 'blackhole');
      const began = Date.now();
      for (const answered of await Promise.all(calls)) {
        if (answered instanceof Error) throw answered;
        expect(codeOf(answered)).toBe('SERVER_TIMEOUT');
      }
      expect(Date.now() - began).toBeLessThan(12_000);
      setMode(it, 'pass');
      await until('a call to go through again', async () => isAnswered(await it.call(99)), 70_000);
      await expectOnce(it);
    },
  );
});

test('a revoked workstation is cut within 2 s, its local servers with it, and it may not come back', async () => {
  proves('failure.revoked-cut', { file: 'gateway/store/watch.ts', find: "bus.publish('changed')", replace: 'void bus' });
  proves('failure.forwarded-failed', {
    file: 'gateway/pipeline/draft.ts',
    find: 'wasForwarded || failures',
    replace: 'failures',
  });
  const it = await scene();
  const { device } = JSON.parse((await it.workstation.cli('status', '--json')).stdout);
  expect((await processesWith(it.countFile)).length).toBeGreaterThan(0);
  const underWay = it.call(1, 20_000);
  await until('the call to run', async () => (await it.counted()).includes('1'));
  await it.deployment.admin('workstation', 'revoke', device.workstation);
  const revokedAt = Date.now();
  await until('the local servers to be gone', async () => (await processesWith(it.countFile)).length === 0);
  expect(Date.now() - revokedAt).toBeLessThan(8000);
  const cut = await underWay;
  if (cut instanceof Error) throw cut;
  expect([cut.status, codeOf(cut), cut.body.error?.data?.retry]).toEqual([200, 'WORKSTATION_REVOKED', 'unknown']);
  const answered = await it.call(99);
  expect(answered instanceof Error ? answered : codeOf(answered)).toBe('WORKSTATION_OFFLINE');
  expect(
    (await it.deployment.records()).findLast(({ kind, code }) => kind === 'call' && code === 'WORKSTATION_REVOKED'),
  ).toMatchObject({
    decision: 'failed', // it ran, so nobody refused it
  });
  await it.workstation.restart();
  expect(
    await until('the agent to say so', async () => {
      const { tunnel } = JSON.parse((await it.workstation.cli('status', '--json')).stdout);
      return tunnel.kind === 'refused' && tunnel.code;
    }),
  ).toBe('WORKSTATION_REVOKED');
});

test('a token revoked by the command line is refused within a second', async () => {
  const it = await scene();
  const tokens: { id: string; kind: string }[] = JSON.parse(await it.deployment.admin('token', 'list', '--json'));
  await it.deployment.admin('token', 'revoke', tokens.find(({ kind }) => kind === 'host')?.id ?? '');
  const revokedAt = Date.now();
  await until('a refusal', async () => {
    const answered = await it.call(99);
    return !(answered instanceof Error) && answered.status === 401;
  });
  expect(Date.now() - revokedAt).toBeLessThan(5000);
});
