// Each break-glass switch against what runs: the next call, an open session, an open stream, a host that listens, a call under way, the tunnel. Turned in the same
// process (the admin API) and in another one on the same database (this test's own store), on SQLite and on PostgreSQL; and back on.
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AdminClient, createAdminClient } from '#contract/admin-client.ts';
import { Slug } from '#contract/id.ts';
import { everything, type SwitchKind, switchKinds } from '#contract/switch.ts';
import { switchOff, switchOn } from '../../gateway/admin/switch.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { type RemoteServer, serveOld } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { startPostgres, type TestPostgres } from '../suite/postgres.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { codeOf, eventsOf, modern, modernMeta, post } from './mcp.ts';
import { nodeServer } from './policy.ts';
import { root } from './program.ts';

const secret = 'tok-of-ada-5c1f';
/** What is generous on a machine that others use too. */
const withinMs = 15_000;
const quiet = pino({ level: 'silent' });
const byTest = { actor: { kind: 'command-line', osUser: 'test' }, reason: null } as const;

type Database = 'SQLite' | 'PostgreSQL';
type Turning = 'another process' | 'the same process';

describe.each<Database>(['SQLite', 'PostgreSQL'])('on %s', (database) => {
  let postgres: TestPostgres | undefined;
  let remote: RemoteServer;
  let deployment: Deployment;
  let workstation: Workstation;
  let store: Store;
  let admin: AdminClient;
  let token: string;
  let metricsUrl: string;
  /** Of what each switch is about, which name and which server of the gateway shows it. */
  let names: Readonly<Record<SwitchKind, readonly [name: string, server: 'local' | 'crm']>>;

  beforeAll(async () => {
    remote = await serveOld({ people: { [secret]: 'ada' } });
    if (database === 'PostgreSQL') postgres = await startPostgres();
    const url = await postgres?.createDatabase();
    deployment = await deploy({
      policy: {
        version: 1,
        users: { ada: { email: 'ada@example.org', teams: ['all'] }, op: { email: 'op@example.org', role: 'super-admin' } },
        teams: { all: { gateways: ['eng'] } },
        servers: {
          local: { kind: 'workstation' },
          crm: { kind: 'remote', url: remote.url, allowPrivate: ['127.0.0.1'], auth: 'header' },
        },
        gateways: { eng: { assignments: { local: { tools: 'all' }, crm: { tools: 'all', identity: 'own' } } } },
      },
      ...(url === undefined ? {} : { env: { DRAWBRIDGE_DATABASE_URL: url } }),
    });
    const { origin, dataDir } = deployment;
    const listening = z.looseObject({ metricsUrl: z.string() });
    metricsUrl = listening.parse(await deployment.gateway().event('listening')).metricsUrl;
    const location = url === undefined ? { kind: 'sqlite', file: join(dataDir, 'gateway.sqlite') } : { kind: 'postgres', url };
    store = await openStore(location as Parameters<typeof openStore>[0], { logger: quiet, backupDirectory: dataDir });
    workstation = await deployment.workstation({
      user: 'ada',
      profile: { LocalServers: { local: nodeServer(join(root, 'test/fake/local-server/talking.ts')) } },
    });
    token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
    await deployment.identity(secret, '--server', 'crm', '--user', 'ada');
    const made = JSON.parse(await deployment.admin('access-token', 'create', '--user', 'op', '--json'));
    admin = createAdminClient({ origin, token: z.object({ token: z.string() }).parse(made).token, fetch });
    const [host] = (await store.tokens()).filter(({ kind }) => kind === 'host');
    const [enrolled] = await store.workstations();
    names = {
      user: ['ada', 'local'],
      identity: ['crm/ada', 'crm'],
      connection: [host?.id ?? '', 'local'],
      host: ['token:codex', 'crm'],
      server: ['local', 'local'],
      assignment: ['eng/crm', 'crm'],
      gateway: ['eng', 'local'],
      workstation: [enrolled?.id ?? '', 'local'],
      everything: [everything, 'local'],
    };
    await until('both servers answer', async () => (await next('local')) === undefined && (await next('crm')) === undefined);
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await deployment?.close();
    await remote?.close();
    await postgres?.close();
  });

  const at = (server: string) => `${deployment.origin}/g/eng/s/${server}/mcp`;
  const cutsTunnel = (kind: SwitchKind) => kind === 'user' || kind === 'workstation' || kind === 'everything';
  /** A stream over HTTP is no workstation's. */
  const endsStream = (kind: SwitchKind) => kind !== 'workstation';
  /** The code of a call now; undefined where it is answered. */
  async function next(server: string): Promise<string | undefined> {
    const tool = server === 'local' ? { name: 'waits' } : { name: 'echo', arguments: { text: 'here' } };
    return codeOf(await modern(at(server), token, 'tools/call', tool));
  }
  async function tunnels(): Promise<number> {
    const text = await (await fetch(metricsUrl)).text();
    return Number(/^drawbridge_tunnels (\d+)/m.exec(text)?.[1]);
  }

  /** A request whose answer is a stream: `begun` when the first event is there, `ended` with all of them. */
  async function stream(server: string, init: RequestInit): Promise<{ readonly ended: Promise<readonly unknown[]> }> {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream', ...init.headers };
    const response = await fetch(at(server), { ...init, headers });
    expect(response.status).toBe(200);
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    let text = '';
    const more = async () => {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      text += Buffer.from(value ?? []).toString();
      return !done;
    };
    // A stream that is only opened says nothing.
    if (init.method === 'POST') while (!text.includes('data: ') && (await more()));
    return {
      ended: (async () => {
        while (await more());
        return eventsOf(text);
      })(),
    };
  }
  const ask = (server: string, method: string, params: object) =>
    stream(server, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...('name' in params ? { 'mcp-name': String(params.name) } : {}),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        method,
        params: { ...params, _meta: { ...modernMeta, progressToken: 'p' } },
      }),
    });

  /** A legacy session with its stream open. */
  async function session(server: string) {
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } };
    const opened = await post(at(server), token, { jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize });
    const headers = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': '2025-11-25' };
    const call = async () => {
      const params = server === 'local' ? { name: 'waits' } : { name: 'echo', arguments: { text: 'here' } };
      return codeOf(await post(at(server), token, { jsonrpc: '2.0', id: 2, method: 'tools/call', params }, headers));
    };
    return { call, stream: await stream(server, { method: 'GET', headers }) };
  }

  async function turn(turning: Turning, kind: SwitchKind, name: string): Promise<{ on(): Promise<unknown> }> {
    if (turning === 'the same process') {
      const body = { kind, name, reason: 'a test' };
      expect(await admin.call('switches.off', { body })).toMatchObject({ ok: true, answer: { kind, name, by: 'op' } });
      return {
        on: async () => expect(await admin.call('switches.on', { body: { kind, name } })).toMatchObject({ ok: true }),
      };
    }
    const acting = { ...byTest, store };
    await switchOff(acting, { kind, name, reason: 'a test', isTold: true, forMs: undefined }, Date.now());
    return { on: () => switchOn(acting, { kind, name }, Date.now()) };
  }

  /** Whatever turns it, the rest is the same: each kind once by each way of noticing. */
  const turnings: readonly (readonly [Turning, readonly SwitchKind[]])[] =
    database === 'PostgreSQL'
      ? [['another process', switchKinds]]
      : [
          ['the same process', switchKinds],
          ['another process', ['host', 'assignment', 'workstation']],
        ];
  test.each(turnings)(
    'each switch, turned by %s, refuses and cuts what there is, and back on everything works',
    async (turning, kinds) => {
      proves('switch.cuts-calls', {
        file: 'gateway/pipeline/cut.ts',
        find: 'if (fault) closed.abort(fault);',
        replace: 'if (fault) continue;',
      });
      const tookMs: Record<string, readonly number[]> = {};
      for (const kind of kinds) {
        const [name, server] = names[kind];
        const calling = { local: { name: 'wait' }, crm: { name: 'steps', arguments: { count: 10_000, ms: 20 } } }[server];
        const [legacy, listening, underWay] = await Promise.all([
          session(server),
          ask(server, 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
          ask(server, 'tools/call', calling),
        ]);
        expect([kind, await legacy.call(), await tunnels()]).toEqual([kind, undefined, 1]);

        const { on } = await turn(turning, kind, name);
        const begun = performance.now();
        // Who turned it there is answered after it counts: no call comes in between.
        if (turning === 'the same process') expect([kind, await next(server)]).toEqual([kind, 'SWITCHED_OFF']);
        const took = () => Math.round(performance.now() - begun);
        const off = async (what: string, look: () => Promise<string | undefined>) => {
          await until(`${kind}: ${what} to be refused`, async () => (await look()) === 'SWITCHED_OFF', withinMs);
          return took();
        };
        const ended = async (what: string, { ended: over }: { readonly ended: Promise<readonly unknown[]> }) => {
          const late = new Promise<never>((_, reject) =>
            setTimeout(() => reject(new Error(`${kind}: ${what} goes on`)), withinMs).unref(),
          );
          const last = (await Promise.race([over, late])).at(-1);
          return [took(), JSON.stringify(last ?? null)] as const;
        };
        const [nextMs, sessionMs, cut, listen, standing] = await Promise.all([
          off('the next call', () => next(server)),
          off('a call of an open session', legacy.call),
          ended('a call under way', underWay),
          endsStream(kind) ? ended('a listen', listening) : undefined,
          endsStream(kind) ? ended('a stream', legacy.stream) : undefined,
          cutsTunnel(kind) ? until('the tunnel to be cut', async () => (await tunnels()) === 0) : undefined,
        ]);
        expect([kind, cut[1]]).toEqual([kind, expect.stringContaining('SWITCHED_OFF')]);
        tookMs[kind] = [nextMs, sessionMs, cut[0], ...(listen ? [listen[0]] : []), ...(standing ? [standing[0]] : [])];
        expect(await tunnels()).toBe(cutsTunnel(kind) ? 0 : 1);

        await on();
        await until(`${kind}: the next call to be answered again`, async () => (await next(server)) === undefined, 30_000);
        expect([kind, await legacy.call()]).toEqual([kind, undefined]);
        await until('the tunnel is up', async () => (await tunnels()) === 1);
      }
      console.log(`switches by ${turning} on ${database}: ms until refused: ${JSON.stringify(tookMs)}`);
      await until('the remote server to be told', async () => remote.cancelled.length > 0);
    },
    180_000,
  );

  if (database === 'PostgreSQL') return;

  test('a person off is off for the admin API too, and one who is on turns them on', async () => {
    proves('switch.admin-off', {
      file: 'gateway/admin/access-token.ts',
      find: '  if (off) throw off;\n',
      replace: '',
    });
    const acting = { ...byTest, store };
    await switchOff(acting, { kind: 'user', name: 'op', reason: 'stolen', isTold: false, forMs: undefined }, Date.now());
    const me = () => admin.call('teams.list', {});
    expect(await me()).toMatchObject({ ok: false, refusal: { status: 403, code: 'SWITCHED_OFF' } });
    expect(await next('local')).toBeUndefined();
    await switchOn(acting, { kind: 'user', name: Slug.parse('op') }, Date.now());
    expect(await me()).toMatchObject({ ok: true });
  });

  test('the command line turns them, says what is off, and the device is told in words', async () => {
    const off = ['switch', 'off', 'everything', '--reason', 'an intruder', '--for', '2h', '--tell'];
    expect(await deployment.admin(...off)).toMatch(/^everything is off until \d{4}-/);
    expect(await deployment.admin('switch', 'list')).toMatch(/^everything .* an intruder \(told\)$/m);
    await until('the device knows', async () => {
      const { stdout } = await workstation.cli('status', '--json');
      return stdout.includes('SWITCHED_OFF') && stdout.includes('an intruder');
    });
    const missing = await deployment.adminRaw('switch', 'off', 'user', 'ada');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('--reason')]);
    expect(await deployment.admin('switch', 'on', 'everything')).toMatch(/^everything is on again/);
    await until('it works again', async () => (await next('local')) === undefined, 30_000);
  });
});
