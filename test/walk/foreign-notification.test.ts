// What hosts and servers of both eras say to each other that MCP does not know, without being asked: notifications, questions, and what a server declares. It arrives where
// the assignment exposes it, held to every rule, and nowhere else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { strange } from '../fake/local-server/vendor.ts';
import { proves } from '../requirement.ts';
import { until } from './deployment.ts';
import { modern, modernMeta, post } from './mcp.ts';
import { askedIn, eras, names, oldHost, standUp, type VendorStage } from './vendor.ts';

let stage: VendorStage;
beforeAll(async () => {
  stage = await standUp();
}, 60_000);
afterAll(() => stage?.close());

const strangeValue: unknown = JSON.parse(`{${strange}}`);

describe.each(eras)('a host of the %s era is told what a server declares beside MCP', (era) => {
  const declared = { extensions: { 'com.example/reindex': { depth: 3 } } };
  async function described(server: string, by = stage.token, gateway = 'eng'): Promise<Record<string, unknown>> {
    const url = stage.url(server, gateway);
    const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
    const { body } =
      era === 'new'
        ? await modern(url, by, 'server/discover')
        : await post(url, by, { jsonrpc: '2.0', id: 0, method: 'initialize', params: about });
    return z.record(z.string(), z.unknown()).parse(body.result?.['capabilities']);
  }

  test.each(names)('by %s, from the first time on, where its methods are exposed', async (server) => {
    await stage.restart();
    // A workstation takes a moment to be back; nothing but this is asked of its server meanwhile.
    if (server.startsWith('local'))
      await until('it', async () => 'com.example/reindex' in Object(Object(await described(server))['extensions']));
    expect(await described(server)).toMatchObject(declared);
  });

  test('not where none is exposed, or a rule finds something in it', async () => {
    const of = async (server: string) => JSON.stringify(await described(server, stage.strict, 'strict'));
    expect([await of('remote-new'), await of('remote-old')]).toEqual([
      expect.not.stringContaining('reindex'),
      expect.not.stringContaining('reindex'),
    ]);
  });
});

describe('what a server says that MCP does not know', () => {
  test.each(names)('by a notification of %s is told to the host of its call where it is exposed', async (server) => {
    const { client, told, request } = await oldHost(stage.url(server), stage.token);
    await request('vendor/tell', { word: 'w' });
    expect(told).toMatchObject([{ method: 'notifications/vendor/moved', params: { word: 'w', ...Object(strangeValue) } }]);
    await client.close();
    const url = stage.url(server);
    const answered = await modern(url, stage.token, 'vendor/tell', { word: 'v' });
    expect(answered.messages).toMatchObject([
      { method: 'notifications/vendor/moved', params: { word: 'v' } },
      { result: { told: true } },
    ]);
  });

  test('by a notification is told to nobody where it is not exposed, or where a rule finds something in it', async () => {
    proves('policy.foreign-notification-closed', {
      file: 'gateway/pipeline/screen.ts',
      find: 'const assignment = foreign ? exposingNow(inForce, told, foreign) : told.assignment;',
      replace: 'const { assignment } = told;',
    });
    const open = await oldHost(stage.url('remote-new', 'strict'), stage.strict);
    await open.request('vendor/tell', { word: 'fine' });
    expect(await open.request('vendor/tell', { word: 'lightning' })).toMatchObject({ told: true });
    expect(open.told).toMatchObject([{ params: { word: 'fine' } }]);
    await open.client.close();
    const deaf = await oldHost(stage.url('deaf'), stage.token);
    await deaf.request('vendor/tell', { word: 'x' });
    expect(deaf.told).toEqual([]);
    await deaf.client.close();
  });

  test.each(['local-old', 'local-new', 'remote-new'])(
    'by a question of %s is asked of an old host, and its answer goes back',
    async (server) => {
      const { client, asked, request } = await oldHost(stage.url(server), stage.token);
      expect(await request('vendor/ask')).toMatchObject({ chosen: { yes: 1 } });
      expect(asked).toMatchObject([{ method: 'vendor/choose', params: strangeValue }]);
      await client.close();
      const events = (await stage.deployment.records(20)).filter((record) => record['event'] === 'host_asked');
      expect(events.at(-1)).toMatchObject({ detail: { method: 'vendor/choose', outcome: 'answered', server } });
    },
  );

  test.each(['local-old', 'local-new', 'remote-new'])(
    'by a question of %s is asked of a modern host in the answer to a foreign method',
    async (server) => {
      const url = stage.url(server);
      // Only whoever can be asked something can be asked this.
      const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
      const ask = (more: object) =>
        post(
          url,
          stage.token,
          { jsonrpc: '2.0', id: 1, method: 'vendor/ask', params: { ...more, _meta: { ...modernMeta, ...meta } } },
          { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'vendor/ask' },
        );
      const { result = {} } = (await ask({})).body;
      const requests = z.record(z.string(), z.unknown()).parse(result['inputRequests']);
      expect(Object.values(requests)).toMatchObject([{ method: 'vendor/choose', params: strangeValue }]);
      expect(result['requestState']).not.toBe('s');
      const inputResponses = Object.fromEntries(Object.keys(requests).map((key) => [key, { yes: 2 }]));
      expect((await ask({ inputResponses, requestState: result['requestState'] })).body.result).toMatchObject({
        chosen: { yes: 2 },
      });
    },
  );
});

describe.each(eras)('what a host of the %s era says by a notification that MCP does not know', (era) => {
  const heard = 'notifications/vendor/heard';
  test.each(names)('reaches %s byte for byte, and is on record', async (server) => {
    // It is for the process that its host talked to last.
    await stage.send(era, server, 'vendor/reindex');
    expect(await stage.send(era, server, heard, strange)).toEqual({ status: 202, body: '' });
    expect(await stage.lastCall()).toMatchObject({
      method: heard,
      item: { kind: 'method', name: heard },
      server: { name: server },
      decision: 'allowed',
    });
    expect((await stage.send(era, server, 'vendor/said')).body).toContain(JSON.stringify(strange).slice(1, -1));
  });

  test('goes nowhere where it is not exposed, or names no server', async () => {
    proves('policy.foreign-told-closed', {
      file: 'gateway/pipeline/use.ts',
      find: "if (decision.kind === 'refused') throw decision.fault;\n  let changed: Sent<NotificationMessage> | undefined;",
      replace: 'let changed: Sent<NotificationMessage> | undefined;',
    });
    await stage.send(era, 'deaf', 'vendor/tell');
    const before = stage.remote.new.said.length;
    expect(await stage.send(era, 'deaf', heard)).toEqual({ status: 202, body: '' });
    expect(await stage.lastCall()).toMatchObject({
      method: heard,
      decision: 'refused',
      code: 'METHOD_UNKNOWN',
      server: { name: 'deaf' },
    });
    expect(await stage.send(era, '', heard)).toEqual({ status: 202, body: '' });
    expect(await stage.send(era, 'open', 'notifications/roots//list_changed')).toEqual({ status: 202, body: '' });
    expect(askedIn(stage.remote.new.said.slice(before))).toEqual([]);
  });

  test('is held to every rule, and the host is told so by the status', async () => {
    const before = stage.remote.new.said.length;
    const blocked = await stage.send(era, 'remote-new', heard, '"a":"thunder"', 'strict');
    expect([blocked.status, blocked.body]).toEqual([
      expect.toSatisfy((status: number) => status >= 400),
      expect.stringContaining('RULE_BLOCKED'),
    ]);
    expect(askedIn(stage.remote.new.said.slice(before))).toEqual([]);
    expect((await stage.send(era, 'remote-new', heard, '"a":"4111 1111 1111 1111"', 'strict')).status).toBe(202);
    expect(stage.remote.new.said.at(-1)).toContain('"a":"[REDACTED]"');
  });
});

test('a foreign notification in a batch of 2025-03-26 reaches its server too', async () => {
  const url = stage.url('remote-old');
  const about = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
  const begun = await post(url, stage.token, { jsonrpc: '2.0', id: 0, method: 'initialize', params: about });
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
  const heard = '{"jsonrpc":"2.0","method":"notifications/vendor/heard","params":{"in":"a batch"}}';
  expect((await post(url, stage.token, `[${heard}]`, session)).status).toBe(202);
  expect(stage.remote.old.said.at(-1)).toBe(heard);
});

describe.each([
  ['as in its requests', { elicitation: { form: {} } }],
  ['nothing', undefined],
])('a notification of a modern host that declares %s in it', (_, declared) => {
  test.each(names)('reaches the process of %s that its requests reach', async (server) => {
    proves('protocol.told-where-asked', {
      file: 'gateway/upstream/session-pool.ts',
      find: 'return isNear && key.startsWith(stem);',
      replace: 'return false;',
    });
    const able = 'io.modelcontextprotocol/clientCapabilities';
    const send = (method: string, more: object, meta: object) =>
      post(
        stage.url(server),
        stage.token,
        { jsonrpc: '2.0', method, ...more, params: { word: 'to whom', _meta: meta } },
        { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
      );
    const whole = { ...modernMeta, [able]: { elicitation: { form: {} } } };
    await send('vendor/reindex', { id: 1 }, whole);
    const told = await send('notifications/vendor/heard', {}, declared ? { ...modernMeta, [able]: declared } : {});
    expect(told.status).toBe(202);
    const said = await send('vendor/said', { id: 2 }, whole);
    expect(String(said.body.result?.['said'])).toContain('"method":"notifications/vendor/heard"');
  });
});
