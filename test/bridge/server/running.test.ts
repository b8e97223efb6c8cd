// The pool: what may start, how often, how many, and that real MCP servers speak through it.
import { appendFile, copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Fingerprint, Slug } from '#contract/id.ts';
import type { Launch } from '../../../bridge/server/launch.ts';
import type { LocalServer, Pool } from '../../../bridge/server/pool.ts';
import { resolveLaunch } from '../../../bridge/server/resolve.ts';
import { proves } from '../../requirement.ts';
import {
  endOf,
  fake,
  faultOf,
  freshFolder,
  hear,
  launchFake,
  open,
  poolOf,
  resolveDeps,
  runs,
  send,
  sourceOf,
  until,
} from './fixture.ts';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('the pool', () => {
  test.each([
    ['everything', [], 'echo'],
    ['filesystem', ['/tmp'], 'list_directory'],
    ['memory', [], 'read_graph'],
  ])('lets the real %s server speak', async (name, args, tool) => {
    const stateDir = await freshFolder();
    const line = { command: 'npx', args: ['-y', `@modelcontextprotocol/server-${name}`, ...args] };
    const launch = await resolveLaunch(sourceOf(name, line), resolveDeps(stateDir));
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transportOver(poolOf([launch], stateDir), launch));
    expect((await client.listTools()).tools.map((one) => one.name)).toContain(tool);
    await client.close();
  });

  test('starts nothing that the device does not offer', async () => {
    proves('local-server.only-offered', {
      file: 'bridge/server/running.ts',
      find: 'one.source.server === server && one.fingerprint === fingerprint',
      replace: 'one.source.server === server',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const pool = poolOf([launch], stateDir);
    const other = Fingerprint.parse(`sha256:${'0'.repeat(64)}`);
    const wrong = [pool.open(launch.source.server, other, hear()), pool.open(Slug.parse('other'), launch.fingerprint, hear())];
    for (const one of wrong) expect((await faultOf(one)).code).toBe('SERVER_NOT_OFFERED');
    expect(pool.health()[0]?.pids).toEqual([]);
  });

  test("gives each host its own entry's values, and a stranger none where they differ", async () => {
    proves('local-server.own-values', {
      file: 'bridge/server/running.ts',
      find: 'host !== undefined && source.hosts.includes(host)',
      replace: 'host !== undefined',
    });
    const stateDir = await freshFolder();
    const launches = await Promise.all(
      (['one', 'two'] as const).map(async (host) => {
        const line = { command: process.execPath, args: [fake('counting')], env: { KEY: `${host}'s own` } };
        return resolveLaunch({ ...sourceOf('counting', line), hosts: [host] }, resolveDeps(stateDir));
      }),
    );
    const [first, second] = launches;
    if (!first || !second) throw new Error('two launches');
    expect(second.fingerprint).toBe(first.fingerprint);
    const pool = poolOf(launches, stateDir);
    for (const host of ['two', 'one']) {
      const events = hear();
      const server = await pool.open(first.source.server, first.fingerprint, events, host);
      const params = { name: 'environment', arguments: { name: 'KEY' } };
      await send(server, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
      expect(JSON.parse(await events.next()).result.content[0].text).toBe(`${host}'s own`);
    }
    for (const host of ['three', undefined])
      expect((await faultOf(pool.open(first.source.server, first.fingerprint, hear(), host))).code).toBe('SERVER_CONFLICT');
  });

  test('starts nothing that is not sanctioned at that moment', async () => {
    proves('local-server.sanction-asked', {
      file: 'bridge/server/running.ts',
      find: 'if (refusal !== undefined) {',
      replace: 'if (refusal === null) {',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    let refusal: Fault | undefined = new Fault('SERVER_NOT_APPROVED', { server: 'counting', fingerprint: launch.fingerprint });
    const pool = poolOf([launch], stateDir, { sanction: () => refusal });
    expect((await faultOf(open(pool, launch, hear()))).code).toBe('SERVER_NOT_APPROVED');
    refusal = undefined;
    const opening = open(pool, launch, hear());
    refusal = new Fault('SERVER_DENIED', { server: 'counting', by: 'the gateway' });
    expect((await faultOf(opening)).code).toBe('SERVER_DENIED');
    expect(pool.health()[0]?.pids).toEqual([]);
  });

  test('starts nothing whose files changed since they were approved', async () => {
    proves('local-server.content-again', {
      file: 'bridge/server/running.ts',
      find: 'if (isSame) return;',
      replace: 'if (isSame || true) return;',
    });
    const stateDir = await freshFolder();
    const script = join(stateDir, 'server.ts');
    await copyFile(fake('silent'), script);
    const launch = await resolveLaunch(sourceOf('changed', { command: process.execPath, args: [script] }), resolveDeps(stateDir));
    const told: Launch[] = [];
    const pool = poolOf([launch], stateDir, { onContentChanged: (one) => void told.push(one) });
    await (await open(pool, launch, hear())).close();
    await appendFile(script, '\n// one line more');
    const fault = await faultOf(open(pool, launch, hear()));
    expect(fault.code).toBe('SERVER_NOT_APPROVED');
    expect(fault.message).toContain('changed');
    expect(told).toEqual([launch]);
  });

  test('says that a file is missing', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const gone = { ...launch, verify: () => Promise.resolve(true), file: join(stateDir, 'nothing-here') };
    const fault = await endOf(poolOf([gone], stateDir), gone);
    expect(fault?.code).toBe('SERVER_START_FAILED');
    expect(fault?.message).toMatch(/exit code 127.*not found|No such file/s);
  });

  test('says that a working directory is missing', async () => {
    const stateDir = await freshFolder();
    const launch = { ...(await launchFake('counting', stateDir)), cwd: join(stateDir, 'nothing-here') };
    expect((await faultOf(open(poolOf([launch], stateDir), launch, hear()))).code).toBe('SERVER_START_FAILED');
  });

  test('keeps a server that keeps ending back, longer each time, with its last words', async () => {
    proves('local-server.back-off', {
      file: 'bridge/server/running.ts',
      find: 'if (waitMs > 0) {',
      replace: 'if (waitMs > 1e9) {',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('crashing', stateDir);
    let clock = 0;
    const pool = poolOf([launch], stateDir, { elapsed: () => clock });
    const endOnce = () => endOf(pool, launch);
    await endOnce();
    await endOnce();
    const seconds: unknown[] = [];
    for (let ends = 2; ends < 10; ends++) {
      const fault = await faultOf(open(pool, launch, hear()));
      expect(fault.code).toBe('SERVER_BACKING_OFF');
      expect(fault.message).toContain('fatal: login');
      seconds.push(fault.fields['seconds']);
      clock += Number(fault.fields['seconds']) * 1000;
      await endOnce();
    }
    expect(seconds).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30]);
  });

  test('runs no more children than its limit', async () => {
    proves('local-server.child-limit', {
      file: 'bridge/server/running.ts',
      find: 'running.size + starting.size >= limits.children',
      replace: 'running.size > limits.children',
    });
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const pool = poolOf([launch], stateDir, { limits: { children: 2 } });
    const [first] = await Promise.all([open(pool, launch, hear()), open(pool, launch, hear())]);
    expect((await faultOf(open(pool, launch, hear()))).code).toBe('BUSY');
    await first.close();
    await open(pool, launch, hear());
    const opened = await Promise.allSettled([open(pool, launch, hear()), open(pool, launch, hear())]);
    expect(opened).toMatchObject([{ reason: { code: 'BUSY' } }, { reason: { code: 'BUSY' } }]);
  });

  test('ends every child when it is closed, and starts none afterwards', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('counting', stateDir);
    const pool = poolOf([launch], stateDir);
    const events = [hear(), hear()];
    await Promise.all(events.map((one) => open(pool, launch, one)));
    const pids = pool.health()[0]?.pids ?? [];
    expect(pids).toHaveLength(2);
    expect(await readdir(join(stateDir, 'child'))).toHaveLength(2);
    await Promise.all([pool.close(), pool.close()]);
    expect(events.map((one) => one.exits)).toEqual([[undefined], [undefined]]);
    for (const pid of pids) expect(await runs(pid)).toBe(false);
    await until(async () => (await readdir(join(stateDir, 'child'))).length === 0);
    expect((await faultOf(open(pool, launch, hear()))).code).toBe('SERVER_NOT_OFFERED');
  });

  test('starts as many at once as its limit allows', async () => {
    const stateDir = await freshFolder();
    const launch = await launchFake('silent', stateDir);
    const pool = poolOf([launch], stateDir, { limits: { children: 4 } });
    const opened = await Promise.allSettled(Array.from({ length: 6 }, () => open(pool, launch, hear())));
    expect(opened.filter((one) => one.status === 'fulfilled')).toHaveLength(4);
  });

  test('ends a child that was just starting when it was closed', async () => {
    const stateDir = await freshFolder();
    const pidFile = join(stateDir, 'pids');
    const launch = await launchFake('stubborn', stateDir, [pidFile, '0']);
    const pool = poolOf([launch], stateDir);
    const opening = Array.from({ length: 5 }, () => faultOf(open(pool, launch, hear())));
    const closed = pool.close();
    expect((await Promise.all(opening)).map((fault) => fault.code)).toEqual(Array(5).fill('SERVER_NOT_OFFERED'));
    await closed;
    expect(pool.health()[0]?.pids).toEqual([]);
  });

  test('goes on with the others where one of them ends', async () => {
    const stateDir = await freshFolder();
    const [crashing, counting] = await Promise.all([launchFake('crashing', stateDir), launchFake('counting', stateDir)]);
    const pool = poolOf([crashing, counting], stateDir);
    const events = hear();
    const [crashed, server] = await Promise.all([endOf(pool, crashing), open(pool, counting, events)]);
    expect(crashed?.code).toBe('SERVER_START_FAILED');
    await send(server, ping);
    expect(JSON.parse(await events.next())).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  });
});

/** The pool as the SDK's client sees it. */
function transportOver(pool: Pool, launch: Launch): Transport {
  let server: LocalServer | undefined;
  const transport: Transport = {
    async start() {
      server = await open(pool, launch, {
        onMessage: (line) => transport.onmessage?.(JSONRPCMessageSchema.parse(JSON.parse(line.toString()))),
        onOversize: (fault) => transport.onerror?.(fault),
        onExit: () => transport.onclose?.(),
      });
    },
    async send(message) {
      if (server !== undefined) await send(server, message);
    },
    async close() {
      await server?.close();
    },
  };
  return transport;
}
