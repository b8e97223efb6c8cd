// Syslog over TLS against Debian's rsyslog: what arrives there, and what of it rsyslog could read by itself.
import { readFileSync, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:tls';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createEgress, type Egress } from '../../../gateway/egress/egress.ts';
import { createSyslog } from '../../../gateway/sink/syslog.ts';
import { makeCertificate } from '../../certificate.ts';
import { type Rsyslog, rsyslogd, startRsyslog } from '../../fake/sink/rsyslog.ts';
import { freePort } from '../../free-port.ts';
import { proves } from '../../requirement.ts';
import { describeReceiver, itemsOf } from '../../suite/receiver.ts';
import { until } from '../../walk/deployment.ts';

const never = new AbortController().signal;
let folder: string;
let certificate: { readonly key: string; readonly cert: string };
let ca: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-syslog-'));
  certificate = await makeCertificate(folder, 'IP:127.0.0.1');
  ca = await readFile(certificate.cert, 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const syslogOf = (egress: Egress, port: number, change: object = {}) =>
  createSyslog({
    address: `127.0.0.1:${port}`,
    ca,
    about: { facility: 13, enterprise: 32_473, host: 'gateway.example.org' },
    sink: 'siem',
    allowPrivate: ['127.0.0.1'],
    way: undefined,
    egress,
    ...change,
  });

async function receiving() {
  const port = await freePort();
  const own = await mkdtemp(join(folder, 'rsyslog-'));
  let server: Rsyslog = await startRsyslog({ folder: own, port, certificate });
  // What rsyslog has not written whole yet is no line.
  const lines = () =>
    existsSync(server.file)
      ? readFileSync(server.file, 'utf8')
          .split('\n')
          .slice(0, -1)
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Record<string, string>)
      : [];
  const ids = () => lines().map(({ data }) => / id="([^"]+)"/.exec(data ?? '')?.[1] ?? '');
  return {
    port,
    lines,
    far: {
      ids,
      kill: () => server.stop('SIGKILL'),
      revive: async () => void (server = await startRsyslog({ folder: own, port, certificate })),
      close: () => server.stop(),
    },
  };
}

describe.skipIf(rsyslogd === undefined)('rsyslog', () => {
  describeReceiver('syslog', async (egress) => {
    const { port, far } = await receiving();
    // rsyslog writes what it has read a moment later.
    const receiver = syslogOf(egress, port);
    const deliver: typeof receiver.deliver = async (items, signal) => {
      const outcome = await receiver.deliver(items, signal);
      if (outcome.kind === 'delivered') await until('it is written', async () => far.ids().includes(items.at(-1)?.id ?? ''));
      return outcome;
    };
    return { receiver: { ...receiver, deliver }, far };
  });

  test('reads each message, its structured data and its JSON as they were meant', async () => {
    const { port, far, lines } = await receiving();
    const egress = createEgress({ onRefused: () => undefined });
    onTestFinished(async () => {
      await far.close();
      await egress.close();
    });
    const items = itemsOf(3);
    expect(await syslogOf(egress, port).deliver(items, never)).toEqual({
      kind: 'delivered',
      answer: expect.stringMatching(/^TLSv1\.[23], read to its end$/),
    });
    await until('all are written', async () => lines().length === 3);
    const [allowed, refused, event] = lines();
    expect(allowed).toMatchObject({ app: 'drawbridge', msgid: 'call', severity: '6', facility: '13' });
    expect(allowed?.['data']).toContain('item="añadir \\]\\"\\\\"');
    expect(refused).toMatchObject({ severity: '4' });
    expect(event).toMatchObject({ msgid: 'sample' });
    expect(lines().map(({ text }) => JSON.parse(text ?? ''))).toEqual(items.map(({ body }) => body));
  });
});

test('a receiver whose certificate nobody vouches for gets nothing', async () => {
  proves('sink.syslog-verified', {
    file: 'gateway/egress/stream.ts',
    find: "minVersion: 'TLSv1.2' as const",
    replace: "minVersion: 'TLSv1.2' as const, rejectUnauthorized: false",
  });
  const got: Buffer[] = [];
  const server = createServer({ key: await readFile(certificate.key), cert: await readFile(certificate.cert) }, (socket) =>
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => got.push(chunk)),
  );
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(async () => {
    server.close();
    await egress.close();
  });
  expect(await syslogOf(egress, port, { ca: undefined }).deliver(itemsOf(1), never)).toEqual({
    kind: 'later',
    reason: 'its certificate is not one that this machine trusts',
  });
  expect(await syslogOf(egress, port, { allowPrivate: [] }).deliver(itemsOf(1), never)).toMatchObject({
    kind: 'later',
    reason: expect.stringContaining('private'),
  });
  expect(got).toEqual([]);
});
