// Bad input from every side: each gets a clear error, and nothing else is lost by it.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern, modernMeta, post } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

const odd = (name: string) => join(root, `test/fake/local-server/${name}.ts`);
let deployment: Deployment;
let token: string;
/** Where the server `counting` writes down each call that it has. */
const countFile = () => join(deployment.dir, 'count');
const url = (server: string) => `${deployment.origin}/g/eng/s/${server}/mcp`;
const call = (server: string, name: string, args: Record<string, unknown> = {}) =>
  modern(url(server), token, 'tools/call', { name, arguments: args });

beforeAll(async () => {
  const servers = ['counting', 'noisy', 'silent', 'crashing', 'flooding', 'progressing'];
  deployment = await deploy({
    policy: walkPolicy(
      Object.fromEntries(
        servers.map((name) => [
          name,
          { tools: 'all' as const, timeoutSeconds: ['silent', 'progressing'].includes(name) ? 2 : 60 },
        ]),
      ),
    ),
  });
  await deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: Object.fromEntries(
        servers.map((name) => [name, nodeServer(odd(name), name === 'counting' ? [countFile()] : [])]),
      ),
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('a call to go through', async () => (await call('counting', 'echo', { text: 'x' })).body.result !== undefined);
});
afterAll(() => deployment.close());

/** After whatever happened, an ordinary call still works. */
const expectAlive = async () =>
  expect((await call('counting', 'echo', { text: 'alive' })).body.result).toMatchObject({ content: [{ text: 'alive' }] });

describe('from a host', () => {
  test('a body over the limit is refused with the limit, and the next call works', async () => {
    const answered = await call('counting', 'echo', { text: 'x'.repeat(9 * 1024 * 1024) }).catch((error: unknown) => error);
    if (answered instanceof Error) expect(String(answered.cause)).toMatch(/EPIPE|ECONNRESET|closed/); // the server may hang up before the whole body was sent
    else expect(answered).toMatchObject({ status: 413, body: { error: { message: expect.stringContaining('8388608') } } });
    await expectAlive();
  });

  test('a body just under the limit goes through both ways', async () => {
    const text = 'y'.repeat(7 * 1024 * 1024);
    expect((await call('counting', 'echo', { text })).body.result).toMatchObject({ content: [{ text }] });
  });

  test.each<[string, string, Record<string, string>, number, string]>([
    ['garbage', '\u0000{]', {}, 400, 'MALFORMED'],
    [
      'a batch to the modern edge',
      JSON.stringify([{ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: modernMeta } }]),
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
      400,
      'BATCH_UNSUPPORTED',
    ],
    [
      'a header that contradicts the body',
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {}, _meta: modernMeta } }),
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'other' },
      400,
      'HEADER_MISMATCH',
    ],
    ['another media type', '{}', { 'content-type': 'text/plain' }, 415, 'MEDIA_TYPE'],
    ['a foreign Origin', '{}', { origin: 'https://evil.example' }, 403, ''],
    [
      'an unknown method',
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'nope/nope', params: { _meta: modernMeta } }),
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'nope/nope' },
      404,
      'METHOD_UNKNOWN',
    ],
    [
      'a session that is not there',
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      { 'mcp-session-id': 'x' },
      404,
      'SESSION_UNKNOWN',
    ],
  ])('%s', async (_, body, headers, status, code) => {
    const response = await fetch(url('counting'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body,
    });
    const said = await response.text();
    expect([response.status, said]).toEqual([status, expect.stringContaining(code)]);
    await expectAlive();
  });

  test('an expired token is refused by name', async () => {
    const short = await deployment.hostToken({ user: 'ada', gateway: 'eng', ttl: '1s' });
    const refused = await until('the token to expire', async () => {
      const answered = await modern(url('counting'), short, 'tools/list');
      return answered.status === 401 && answered;
    });
    expect(codeOf(refused)).toBe('TOKEN_EXPIRED');
  });

  test('a token that was revoked or has expired lets nobody in, and the record of that says whose it was', async () => {
    const issue = async (host: string, ttl: string) =>
      z
        .looseObject({ token: z.string(), id: z.string() })
        .parse(
          JSON.parse(
            await deployment.admin('token', 'host', '--user', 'ada', '--gateway', 'eng', '--host', host, '--ttl', ttl, '--json'),
          ),
        );
    const [stolen, short] = [await issue('stolen', '1h'), await issue('short', '1s')];
    expect((await modern(url('counting'), stolen.token, 'tools/list')).status).toBe(200);
    await deployment.admin('token', 'revoke', stolen.id);
    for (const { token: late } of [stolen, short])
      await until('it to be refused', async () => (await modern(url('counting'), late, 'tools/list')).status === 401);
    const records = await deployment.calls(50);
    const user = expect.objectContaining({ name: 'ada' });
    const refused = { decision: 'refused', user };
    expect(records).toContainEqual(
      expect.objectContaining({ ...refused, code: 'TOKEN_REVOKED', host: 'stolen', token: stolen.id }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ ...refused, code: 'TOKEN_EXPIRED', host: 'short', token: short.id }),
    );
    // By the older transport too.
    const old = await fetch(url('counting').replace(/mcp$/, 'sse'), { headers: { authorization: `Bearer ${stolen.token}` } });
    expect(old.status).toBe(401);
    expect((await deployment.calls(1))[0]).toMatchObject({ code: 'TOKEN_REVOKED', user: { name: 'ada' }, token: stolen.id });
  });

  test('a session of one host is unknown to another user', async () => {
    proves('protocol.session-owner', {
      file: 'gateway/mcp/session.ts',
      find: 'if (!session || !isOwner(session.owner, caller, target))',
      replace: 'if (!session)',
    });
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    };
    const opened = await post(url('counting'), token, initialize);
    const session = opened.headers.get('mcp-session-id') ?? '';
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' };
    expect((await post(url('counting'), token, ping, { 'mcp-session-id': session })).body.result).toEqual({});
    const grace = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
    expect(codeOf(await post(url('counting'), grace, ping, { 'mcp-session-id': session }))).toBe('SESSION_UNKNOWN');
  });
});

describe('from a local server', () => {
  test('text before JSON does no harm', async () => {
    expect((await modern(url('noisy'), token, 'tools/list')).body.result).toMatchObject({ tools: expect.any(Array) });
  });

  test('one that never answers is given up in time', { timeout: 60_000 }, async () => {
    expect(codeOf(await call('silent', 'echo'))).toBe('SERVER_TIMEOUT');
    await expectAlive();
  });

  test('progress keeps the call that asked for it open, and no other', { timeout: 60_000 }, async () => {
    proves('failure.progress-own-call', {
      file: 'gateway/upstream/unasked.ts',
      find: "typeof token === 'number' ? this.#deps.calls.get(token) : undefined;\n    if",
      replace: 'this.#deps.calls.values()[0];\n    if',
    });
    const began = Date.now();
    const _meta = { progressToken: 'mine' };
    const other = await modern(url('progressing'), token, 'tools/call', { name: 'other', arguments: {}, _meta });
    expect(codeOf(other)).toBe('SERVER_TIMEOUT');
    expect(Date.now() - began).toBeLessThan(15_000);
    const asked = modern(
      url('progressing'),
      token,
      'tools/call',
      { name: 'hang', arguments: {}, _meta },
      { signal: AbortSignal.timeout(4000) },
    );
    await expect(asked).rejects.toThrow(/abort|timeout/i); // it is still open after two of its timeouts, until its host goes away
  });

  test('an id that is under way is refused', async () => {
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    };
    const session = (await post(url('counting'), token, initialize)).headers.get('mcp-session-id') ?? '';
    const args = { key: 'under-way', holdMs: 4000 };
    const count = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'count', arguments: args } };
    const first = post(url('counting'), token, count, { 'mcp-session-id': session });
    await until('its server to have the first', async () =>
      (await readFile(countFile(), 'utf8').catch(() => '')).includes('under-way'),
    );
    const second = await post(url('counting'), token, { ...count, method: 'ping' }, { 'mcp-session-id': session });
    expect(codeOf(second)).toBe('INVALID_REQUEST');
    expect((await first).body.result).toBeDefined();
  });

  test('one that exits at once is told with its last words', async () => {
    const answered = await call('crashing', 'echo');
    expect(codeOf(answered)).toMatch(/^SERVER_(START_FAILED|EXITED|BACKING_OFF)$/);
    await expectAlive();
  });

  test('a line of 1 GB ends the call with the limit, and nothing else', { timeout: 120_000 }, async () => {
    expect(codeOf(await call('flooding', 'echo'))).toBe('ANSWER_TOO_LARGE');
    await expectAlive();
  });

  test('an answer over the limit ends its call with the limit, and the server goes on', async () => {
    const first = await call('counting', 'count', {});
    expect(codeOf(await call('counting', 'count', { size: 20 * 1024 * 1024 }))).toBe('ANSWER_TOO_LARGE');
    const third = await call('counting', 'count', {});
    const Counted = z.object({ content: z.tuple([z.object({ text: z.coerce.number() })]) });
    const numberOf = (answered: typeof first) => Counted.parse(answered.body.result).content[0].text;
    expect(numberOf(third)).toBe(numberOf(first) + 2); // the same process counted all three
  });
});

test('a policy file with an unknown key names file, line and key, and nothing is applied', async () => {
  const file = join(deployment.dir, 'bad.yaml');
  await writeFile(file, 'version: 1\nusers:\n  eve:\n    email: eve@example.org\n    tems: [everyone]\n');
  const listed = () =>
    deployment.admin('token', 'list', '--json').then((text) => createHash('sha256').update(text).digest('hex'));
  const before = await listed();
  const done = await deployment.adminRaw('apply', '-f', file);
  expect(done.code).not.toBe(0);
  expect(done.stderr).toMatch(/bad\.yaml:5:\d+: .*tems/);
  expect(await listed()).toBe(before);
  await expectAlive();
});
