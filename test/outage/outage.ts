// An outage in the middle of many records, with everything for real: a gateway server whose calls make records, a sink, and a receiver as a process of its own.
// The receiver is killed while records come, then the gateway server too (both kill -9), then both come back; what counts is what the receiver has in the end.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { openStore } from '../../gateway/store/open.ts';
import { makeCertificate } from '../certificate.ts';
import { startRsyslog } from '../fake/sink/rsyslog.ts';
import { freePort } from '../free-port.ts';
import { deploy, type Deployment, until } from '../walk/deployment.ts';
import { root, run, startProgram } from '../walk/program.ts';

/** The kinds that somebody receives. */
export const receivedKinds = ['webhook', 'splunk', 'otlp', 'syslog'] as const;
export type SinkKind = (typeof receivedKinds)[number];

export interface Outcome {
  readonly kind: SinkKind;
  /** Records that the sink owed, all of them. */
  readonly records: number;
  readonly missing: number;
  /** Records that came more than once, each time with the same id. */
  readonly repeated: number;
  readonly strangers: number;
  readonly seconds: number;
}

interface FarEnd {
  readonly sink: object;
  readonly secret?: string;
  start(): Promise<{ stop(signal: NodeJS.Signals): Promise<unknown> }>;
  /** Ids in the order in which they came. */
  ids(): readonly string[];
}

/** `records`: about how many; the sinks' own events come on top. */
export async function outage(kind: SinkKind, records: number): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-outage-'));
  const far = await farEndOf(kind, folder);
  const sinks = { siem: { ...far.sink, kind, limit: 1_000_000 } };
  const policy = {
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['all'] } },
    teams: { all: { gateways: ['eng'] } },
    gateways: { eng: {} },
    sinks,
  };
  const deployment = await deploy({ policy });
  let receiver = await far.start();
  try {
    if (far.secret !== undefined)
      await run(join(root, 'gateway/cli.ts'), ['sink', 'secret', 'siem', '--data', deployment.dataDir], {
        input: `${far.secret}\n`,
      });
    const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
    const before = new Set((await storedIds(deployment)).all);
    const began = performance.now();
    const third = Math.ceil(records / 3);
    await call(deployment, token, third);
    await until('the first arrived', async () => far.ids().length > 0, 30_000);
    const more = call(deployment, token, third);
    await receiver.stop('SIGKILL');
    await more;
    receiver = await far.start();
    const then = far.ids().length;
    const last = call(deployment, token, third).catch(() => undefined);
    await until('what waited arrives', async () => far.ids().length > then, 60_000);
    await deployment.restartGateway('SIGKILL');
    await last;
    // What the kill cut off was no call.
    const made = await storedIds(deployment);
    await call(deployment, token, Math.max(records - made.calls, 1));
    await until('nothing is owed', async () => (await owed(deployment)) === 0, 240_000);
    await until(
      'all that was delivered is written',
      async () => (await missing(deployment, far, before)).length === 0,
      20_000,
    ).catch(() => undefined);
    const seconds = (performance.now() - began) / 1000;
    const stored = (await storedIds(deployment)).all.filter((id) => !before.has(id));
    const got = far.ids();
    const known = new Set([...stored, ...before]);
    return {
      kind,
      records: stored.length,
      missing: (await missing(deployment, far, before)).length,
      repeated: got.length - new Set(got).size,
      strangers: got.filter((id) => !known.has(id)).length,
      seconds,
    };
  } finally {
    await receiver.stop('SIGTERM');
    await deployment.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function missing(deployment: Deployment, far: FarEnd, before: ReadonlySet<string>): Promise<readonly string[]> {
  const got = new Set(far.ids());
  return (await storedIds(deployment)).all.filter((id) => !before.has(id) && !got.has(id));
}

async function farEndOf(kind: SinkKind, folder: string): Promise<FarEnd> {
  const file = join(folder, 'received');
  const lines = () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const reached = { allowPrivate: ['127.0.0.1'] };
  const program = (name: string, secret: string) => async () => {
    const started = startProgram(join(root, 'test/fake/sink/main.ts'), [name, String(port), file, secret]);
    await started.event('listening');
    return started;
  };
  switch (kind) {
    case 'webhook': {
      const secret = `whsec_${randomBytes(32).toString('base64')}`;
      return { sink: { ...reached, url }, secret, start: program('webhook', secret), ids: lines };
    }
    case 'splunk': {
      const secret = 'c9b0e7a2-token';
      return { sink: { ...reached, url }, secret, start: program('hec', secret), ids: lines };
    }
    case 'otlp':
      return { sink: { ...reached, logsUrl: `${url}/v1/logs` }, start: program('otlp', ''), ids: lines };
    case 'syslog': {
      const certificate = await makeCertificate(folder, 'IP:127.0.0.1');
      const received = join(folder, 'received.jsonl');
      const ids = () =>
        existsSync(received)
          ? [...readFileSync(received, 'utf8').matchAll(/ id=\\"([0-9a-f-]{36})\\"/g)].map(([, id = '']) => id)
          : [];
      const ca = await readFile(certificate.cert, 'utf8');
      return {
        sink: { ...reached, address: `127.0.0.1:${port}`, ca },
        start: () => startRsyslog({ folder, port, certificate }),
        ids,
      };
    }
  }
}

const Body = z.looseObject({ id: z.string(), kind: z.string() });
/** By the database itself, beside the gateway server that runs. */
async function storedIds({ dataDir }: Deployment): Promise<{ readonly all: readonly string[]; readonly calls: number }> {
  const store = await openStore({ kind: 'sqlite', file: join(dataDir, 'gateway.sqlite') }, { logger: pino({ level: 'silent' }) });
  try {
    const all: string[] = [];
    let calls = 0;
    for (let seq = 0; ;) {
      const page = await store.recordsAfter('main', seq, 2000);
      for (const { body } of page) {
        const { id, kind } = Body.parse(JSON.parse(body));
        all.push(id);
        if (kind === 'call') calls++;
      }
      const end = page.at(-1);
      if (end === undefined) return { all, calls };
      seq = end.seq;
    }
  } finally {
    await store.close();
  }
}

async function owed(deployment: Deployment): Promise<number> {
  const [sink] = z.array(z.looseObject({ owed: z.number() })).parse(JSON.parse(await deployment.admin('sink', 'list', '--json')));
  return sink?.owed ?? -1;
}

/** Calls of 2026-07-28, 16 at a time; each is a record. */
async function call({ origin }: Deployment, token: string, count: number): Promise<void> {
  let left = count;
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: {
      _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
    },
  });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/list',
  };
  const one = async () => {
    while (left-- > 0) await (await fetch(`${origin}/g/eng/mcp`, { method: 'POST', headers, body })).arrayBuffer();
  };
  await Promise.all(Array.from({ length: 16 }, one));
}
