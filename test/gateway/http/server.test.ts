// The door, on real sockets: who is refused before anything else is looked at, what an answer looks like, how it closes.
import { once } from 'node:events';
import { BlockList, connect } from 'node:net';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { refuseForeign, type Site } from '../../../gateway/http/origin.ts';
import type { McpRoute } from '../../../gateway/http/routes.ts';
import { openServer } from '../../../gateway/http/server.ts';
import { proves } from '../../requirement.ts';
import { quiet } from '../data.ts';
import { openDoor } from './door.ts';
import { sendRaw, type RawAnswer } from './raw.ts';

const post = (path: string, ...headers: string[]) => [`POST ${path} HTTP/1.1`, 'Content-Length: 0', ...headers];
const codeOf = ({ body }: RawAnswer): unknown => JSON.parse(body).error.code;

describe('a request', () => {
  test('that names another host is refused before it is routed', async () => {
    proves('gateway-shell.host-header', {
      file: 'gateway/http/origin.ts',
      find: "throw new Fault('HOST_HEADER_FORBIDDEN');",
      replace: 'return;',
    });
    const door = await openDoor();
    for (const host of [
      'evil.example',
      `evil.example:${door.port}`,
      '127.0.0.1',
      `127.0.0.2:${door.port}`,
      `mcp.example.org.evil.example`,
      '',
    ]) {
      const answer = await door.ask(post('/g/main/mcp', `Host: ${host}`));
      expect([host, answer.status, codeOf(answer)]).toEqual([host, 421, 'HOST_HEADER_FORBIDDEN']);
    }
  });

  test('that names no host is refused', async () => {
    const door = await openDoor();
    expect((await door.ask(post('/g/main/mcp'))).status).toBe(400);
  });

  test('that names the public host, or loopback where it listens there, is served', async () => {
    const door = await openDoor();
    for (const host of [
      'mcp.example.org',
      'MCP.Example.org',
      'mcp.example.org:443',
      `127.0.0.1:${door.port}`,
      `localhost:${door.port}`,
      `[::1]:${door.port}`,
    ])
      expect((await door.ask(post('/g/main/mcp', `Host: ${host}`))).status).toBe(200);
  });

  test('from a page of another origin is refused', async () => {
    proves('gateway-shell.origin-header', {
      file: 'gateway/http/origin.ts',
      find: 'if (origin !== undefined && !site.origins.has(origin))',
      replace: "if (origin === 'null')",
    });
    const door = await openDoor();
    for (const origin of ['https://evil.example', 'null', 'http://mcp.example.org', `http://127.0.0.1:${door.port}`]) {
      const answer = await door.ask(post('/g/main/mcp', 'Host: mcp.example.org', `Origin: ${origin}`));
      expect([origin, answer.status, codeOf(answer)]).toEqual([origin, 403, 'ORIGIN_FORBIDDEN']);
    }
    for (const origin of ['https://mcp.example.org', 'https://console.example.org'])
      expect((await door.ask(post('/g/main/mcp', 'Host: mcp.example.org', `Origin: ${origin}`))).status).toBe(200);
  });

  test.each([
    ['/g/main/mcp', { gateway: 'main', from: '127.0.0.1' }],
    ['/g/main/s/memory/mcp?x=1', { gateway: 'main', server: 'memory', from: '127.0.0.1' }],
  ])('to %s arrives at its gateway and server', async (path, target) => {
    const answer = await (await openDoor()).ask(post(path, 'Host: mcp.example.org'));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, target]);
  });

  test.each([
    '/g/Main/mcp',
    '/g/main/s/a__b/mcp',
    '/g/main/mcp/',
    '/g/%6dain/mcp',
    '//g/main/mcp',
    'http://mcp.example.org//g/main/mcp',
  ])('to %s arrives nowhere', async (path) => {
    const answer = await (await openDoor()).ask(post(path, 'Host: mcp.example.org'));
    expect([answer.status, codeOf(answer)]).toEqual([404, 'NOT_FOUND']);
  });

  test('with a method that an address does not answer is told which it does', async () => {
    const door = await openDoor();
    for (const [line, allow] of [
      ['PUT /g/main/mcp HTTP/1.1', 'GET, POST, DELETE'],
      ['DELETE /g/main/s/files/sse HTTP/1.1', 'GET, POST'],
      ['GET /workstation/enroll HTTP/1.1', 'POST'],
      ['POST /healthz HTTP/1.1', 'GET, HEAD'],
    ] as const) {
      const answer = await door.ask([line, 'Host: mcp.example.org', 'Content-Length: 0']);
      expect([answer.status, answer.headers['allow'], codeOf(answer)]).toEqual([405, allow, 'METHOD_NOT_ALLOWED']);
    }
  });

  test('for the tunnel without an upgrade is told to upgrade, and an upgrade of anything else is refused', async () => {
    const door = await openDoor();
    const plain = await door.ask(['GET /tunnel HTTP/1.1', 'Host: mcp.example.org']);
    expect([plain.status, plain.headers['upgrade']]).toEqual([426, 'websocket']);
    const upgrade = ['Host: mcp.example.org', 'Upgrade: websocket'];
    const ask = (...lines: string[]) => sendRaw({ host: '127.0.0.1', port: door.port }, [...lines, 'Connection: Upgrade']);
    expect((await ask('GET /tunnel HTTP/1.1', ...upgrade)).status).toBe(101);
    expect((await ask('GET /g/main/mcp HTTP/1.1', ...upgrade)).status).toBe(404);
    expect((await ask('GET /tunnel HTTP/1.1', 'Host: evil.example', 'Upgrade: websocket')).status).toBe(421);
    expect((await ask('GET /tunnel HTTP/1.1', ...upgrade, 'Origin: https://evil.example')).status).toBe(403);
  });

  test('for the tunnel waits while that is loaded, may end meanwhile, and is refused where it can not be loaded', async () => {
    const { promise: loaded, resolve: load } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const taken: boolean[] = [];
    const lines = ['GET /tunnel HTTP/1.1', 'Host: mcp.example.org', 'Upgrade: websocket', 'Connection: Upgrade'];
    const late = await openDoor({
      async tunnel(request, socket) {
        // An error that nobody listens to would end the process.
        if (request.headers['x-broken']) socket.once('close', end).destroy(new Error('reset'));
        await loaded;
        taken.push(!socket.destroyed);
        socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      },
    });
    const to = { host: '127.0.0.1', port: late.port };
    const broken = sendRaw(to, [...lines, 'X-Broken: yes']).catch(() => undefined);
    await ended;
    const answer = sendRaw(to, lines);
    load();
    expect((await answer).status).toBe(101);
    await broken;
    expect(taken.toSorted()).toEqual([false, true]);

    const never = await openDoor({ tunnel: () => Promise.reject(new Error('a file is missing')) });
    expect((await sendRaw({ host: '127.0.0.1', port: never.port }, lines)).status).toBe(500);
    expect(never.log.join()).toContain('a file is missing');
  });

  test('whose upgrade is refused keeps no connection, also where it never closes its own side', async () => {
    const door = await openDoor();
    const socket = connect({ host: '127.0.0.1', port: door.port, allowHalfOpen: true });
    socket.on('error', () => undefined).resume();
    socket.write('GET /elsewhere HTTP/1.1\r\nHost: mcp.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    await once(socket, 'end');
    // What is sent to a connection that is gone is answered with a reset; a half-open one would take it.
    const writes = setInterval(() => socket.write('x'), 5);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(writes);
  });
});

describe('an answer that says what went wrong', () => {
  const failing =
    (thrown: unknown): McpRoute =>
    async () => {
      await setImmediate();
      throw thrown;
    };

  test('has the code, words, and nothing that a browser may keep or guess about', async () => {
    const door = await openDoor({ mcp: failing(new Fault('UNAUTHENTICATED')) });
    const { status, headers, body } = await door.ask(post('/g/main/mcp', 'Host: mcp.example.org'));
    expect([status, JSON.parse(body)]).toEqual([
      401,
      { error: { code: 'UNAUTHENTICATED', message: 'Send a valid host token as "Authorization: Bearer <token>".' } },
    ]);
    expect(headers).toMatchObject({
      'www-authenticate': 'Bearer realm="Drawbridge"',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': 'application/json',
    });
  });

  test('of what nobody expected has a reference, and its cause stands in the log only', async () => {
    proves('gateway-shell.cause-hidden', {
      file: 'gateway/http/error.ts',
      find: 'function describe({ code, message, fields }: Fault): Readonly<Record<string, string>> {',
      replace:
        'function describe({ code, message: said, fields, cause }: Fault): Readonly<Record<string, string>> {\n  const message = String(cause ?? said);',
    });
    const door = await openDoor({ mcp: failing(new Error('the private cause')) });
    const { status, body } = await door.ask(post('/g/main/mcp', 'Host: mcp.example.org'));
    const { error } = JSON.parse(body);
    expect([status, error.code]).toEqual([500, 'INTERNAL']);
    expect(body).not.toContain('private');
    expect(door.log.join('')).toContain('the private cause');
    expect(door.log.join('')).toContain(error.reference);
  });
});

describe('behind a proxy that is named as trusted', () => {
  const proxies = new BlockList();
  proxies.addAddress('127.0.0.2', 'ipv4');
  proxies.addSubnet('10.0.0.0', 8, 'ipv4');
  const from = (localAddress: string, port: number, ...headers: string[]) =>
    sendRaw({ host: '127.0.0.1', port, localAddress }, [...post('/g/main/mcp', ...headers), 'Connection: close']);

  test('what it says of host, protocol and address is believed', async () => {
    const door = await openDoor({ proxies });
    const says = [
      'Host: 127.0.0.1:1',
      'X-Forwarded-Host: mcp.example.org',
      'X-Forwarded-Proto: https',
      'X-Forwarded-For: 6.6.6.6, 192.0.2.9, 10.1.1.1',
    ];
    const answer = await from('127.0.0.2', door.port, ...says);
    expect(JSON.parse(answer.body)).toMatchObject({ gateway: 'main', from: '192.0.2.9' });
    expect(codeOf(await from('127.0.0.2', door.port, 'Host: mcp.example.org', 'X-Forwarded-Proto: http'))).toBe(
      'PLAINTEXT_FORBIDDEN',
    );
    expect(codeOf(await from('127.0.0.2', door.port, 'Host: mcp.example.org', 'X-Forwarded-Host: evil.example'))).toBe(
      'HOST_HEADER_FORBIDDEN',
    );
  });

  test('what anybody else says of it is not', async () => {
    proves('gateway-shell.forwarded-believed', {
      file: 'gateway/http/origin.ts',
      find: "return site.proxies !== undefined && isListed(site.proxies, request.socket.remoteAddress ?? '');",
      replace: 'return site.proxies !== undefined;',
    });
    const door = await openDoor({ proxies });
    expect(codeOf(await from('127.0.0.3', door.port, 'Host: evil.example', 'X-Forwarded-Host: mcp.example.org'))).toBe(
      'HOST_HEADER_FORBIDDEN',
    );
    const answer = await from('127.0.0.3', door.port, 'Host: mcp.example.org', 'X-Forwarded-For: 192.0.2.9');
    expect(JSON.parse(answer.body)).toMatchObject({ from: '127.0.0.3' });
  });
});

describe('the address of a client', () => {
  const site = (isProxyOnly: boolean, proxies?: BlockList): Site => ({
    publicOrigin: 'https://mcp.example.org',
    hosts: new Set(['mcp.example.org']),
    origins: new Set(),
    proxies,
    isProxyOnly,
  });
  test('on a network decides that plain http is served to the trusted proxy only', () => {
    const proxies = new BlockList();
    proxies.addAddress('10.0.0.7', 'ipv4');
    const request = (remoteAddress: string) => ({ socket: { remoteAddress }, headers: { host: 'mcp.example.org' } });
    const check = (address: string) => () => refuseForeign(site(true, proxies), request(address));
    expect(check('10.0.0.8')).toThrow('encrypted connections only');
    expect(check('10.0.0.7')).not.toThrow();
    expect(check('::ffff:10.0.0.7')).not.toThrow();
    expect(check('127.0.0.1')).not.toThrow();
  });
});

describe('health', () => {
  test('is answered under any name, because probes ask by address', async () => {
    const door = await openDoor();
    const live = await door.ask(['GET /healthz HTTP/1.1', 'Host: 192.0.2.1']);
    expect([live.status, live.body]).toEqual([200, '{"alive":true}']);
    const ready = await door.ask(['GET /readyz HTTP/1.1', 'Host: 192.0.2.1']);
    expect([ready.status, JSON.parse(ready.body)]).toEqual([200, { ready: true, reasons: [] }]);
  });

  test('says which part is not ready, and not why', async () => {
    const parts = [
      { otherwise: 'the store does not answer', check: () => Promise.reject(new Error('password=hunter2')) },
      { otherwise: 'there is no policy', check: () => undefined },
    ];
    const answer = await (await openDoor({ parts })).ask(['GET /readyz HTTP/1.1', 'Host: x']);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([503, { ready: false, reasons: ['the store does not answer'] }]);
  });

  test('does not wait for a part that never answers', async () => {
    const parts = [{ otherwise: 'the store does not answer', check: () => new Promise(() => undefined) }];
    const answer = await (await openDoor({ parts })).ask(['GET /readyz HTTP/1.1', 'Host: x']);
    expect(JSON.parse(answer.body).reasons).toEqual(['the store does not answer']);
  });
});

describe('the server', () => {
  test('answers that it is starting until it is given its routes', async () => {
    const server = await openServer({
      listen: { host: '127.0.0.1', port: 0 },
      setting: '--listen',
      certificate: undefined,
      logger: quiet,
    });
    onTestFinished(() => server.close(0));
    const answer = await sendRaw({ host: '127.0.0.1', port: server.address.port }, [
      'GET /healthz HTTP/1.1',
      'Host: x',
      'Connection: close',
    ]);
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([503, 'STARTING', '1']);
  });

  test('on a taken port says which, and with which setting to change it', async () => {
    const { port } = await openDoor();
    await expect(
      openServer({ listen: { host: '127.0.0.1', port }, setting: '--metrics-listen', certificate: undefined, logger: quiet }),
    ).rejects.toThrow(
      `Can't listen on 127.0.0.1:${port}: something else listens there. Stop it, or name another address with --metrics-listen HOST:PORT.`,
    );
  });

  test('lets a request that runs end when it closes, and cuts silent and idle connections', async () => {
    proves('gateway-shell.graceful-stop', {
      file: 'gateway/http/server.ts',
      find: 'while (sockets.size > 0 && !deadline.aborted) {',
      replace: 'while (false) {',
    });
    const running = Promise.withResolvers<ServerResponse>();
    const door = await openDoor({ mcp: (_request, response) => running.resolve(response) });
    const silent = connect({ host: '127.0.0.1', port: door.port });
    await once(silent, 'connect');
    const asked = sendRaw({ host: '127.0.0.1', port: door.port }, post('/g/main/mcp', 'Host: mcp.example.org'));
    const response = await running.promise;
    const closed = door.server.close(10_000);
    await once(silent, 'close');
    response.end('done');
    expect((await asked).body).toBe('done');
    await closed;
  });

  test('cuts a request that does not end before the deadline', async () => {
    const running = Promise.withResolvers<void>();
    const door = await openDoor({ mcp: () => running.resolve() });
    const asked = sendRaw({ host: '127.0.0.1', port: door.port }, post('/g/main/mcp', 'Host: mcp.example.org'));
    await running.promise;
    await door.server.close(50);
    expect((await asked).status).toBeNaN();
  });
});
