// The ways out: from an address of this machine, and through a proxy, which is told what was judged. Real proxies, TLS and sockets on loopback.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import type { Lookup } from '../../../gateway/egress/connect.ts';
import { createEgress, type EgressRequest } from '../../../gateway/egress/egress.ts';
import type { Way } from '../../../gateway/egress/way.ts';
import { makeCertificate } from '../../certificate.ts';
import { type ProxyTerms, serveProxy } from '../../fake/proxy.ts';
import { listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';

const before = getCACertificates('default');
let dir: string;
let pem: { readonly key: string; readonly cert: string };
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-way-'));
  const { key, cert } = await makeCertificate(dir, 'DNS:tracker.test');
  pem = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  setDefaultCACertificates([...before, pem.cert]);
});
afterAll(async () => {
  setDefaultCACertificates(before);
  await rm(dir, { recursive: true, force: true });
});

/** An https server for tracker.test; what came to it, and from where. */
async function secure(): Promise<{ port: number; seen: { from: string; headers: object; servername: unknown }[] }> {
  const seen: { from: string; headers: object; servername: unknown }[] = [];
  const server = createServer(pem, ({ socket, headers }, response) => {
    seen.push({
      from: String(socket.remoteAddress),
      headers,
      servername: 'servername' in socket ? socket.servername : undefined,
    });
    response.end('reached');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}
async function proxy(terms: ProxyTerms = {}) {
  const made = await serveProxy(terms);
  onTestFinished(() => made.close());
  return made;
}
const proxied = (url: string, change: Partial<Extract<Way, { kind: 'proxy' }>> = {}): Way => ({
  kind: 'proxy',
  url: new URL(url),
  authorization: undefined,
  resolver: 'gateway',
  ...change,
});

interface Outcome {
  readonly body: string;
  readonly fault: Fault | undefined;
  readonly sent: number;
}
function send(url: string, way: Way | undefined, change: Partial<EgressRequest> = {}, lookup?: Lookup): Promise<Outcome> {
  const byName = new Map<string, Way>([['direct', { kind: 'direct' }], ...(way ? [['corp', way] as const] : [])]);
  const egress = createEgress({
    ways: { byName, usual: 'direct' },
    lookup: lookup ?? (() => Promise.resolve([{ address: '127.0.0.1', family: 4 }])),
    onRefused: () => undefined,
  });
  onTestFinished(() => egress.close());
  return new Promise((resolve) => {
    let sent = 0;
    let body = '';
    const request = { url: new URL(url), method: 'GET', headers: {}, server: 'tracker', limitBytes: 1000 } as const;
    egress.send(
      { ...request, allowPrivate: ['tracker.test', '127.0.0.0/8'], idleWithinMs: 5000, way: 'corp', ...change },
      {
        onSent: () => sent++,
        onHead: () => undefined,
        onData: (chunk) => void (body += chunk.toString('utf8')),
        onEnd: () => resolve({ body, fault: undefined, sent }),
        onFault: (fault) => resolve({ body, fault, sent }),
      },
    );
  });
}

test('a server that has a source address is called from it, and what names none from the usual one', async () => {
  proves('egress.source-address', {
    file: 'gateway/egress/connect.ts',
    find: "const from = out.kind === 'source' ? { localAddress: out.address } : {};",
    replace: 'const from = {};',
  });
  const from: string[] = [];
  const server = await listen((_, response, { socket }) => {
    from.push(String(socket.remoteAddress));
    response.end('here');
  });
  const source: Way = { kind: 'source', address: '127.0.0.2' };
  expect(await send(server.origin, source)).toMatchObject({ body: 'here' });
  expect(await send(`http://tracker.test:${server.port}`, source)).toMatchObject({ body: 'here' });
  expect(await send(server.origin, source, { way: undefined })).toMatchObject({ body: 'here' });
  expect(from).toEqual(['127.0.0.2', '127.0.0.2', '127.0.0.1']);
});

test('an address that this machine does not have, or of the other family, is said and not replaced', async () => {
  const server = await listen((_, response) => response.end('here'));
  const absent = await send(server.origin, { kind: 'source', address: '198.51.100.77' });
  expect(absent.fault).toMatchObject({
    code: 'UPSTREAM_UNREACHABLE',
    fields: { reason: expect.stringContaining('none of this machine') },
  });
  const other = await send(`http://tracker.test:${server.port}`, { kind: 'source', address: '::1' });
  expect(other.fault?.code).toBe('UPSTREAM_UNREACHABLE');
  expect(server.connections()).toBe(0);
});

test('a way that is not there leads nowhere, and not another way', async () => {
  proves('egress.no-other-way', {
    file: 'gateway/egress/egress.ts',
    find: 'const way = ways.byName.get(name);',
    replace: 'const way = ways.byName.get(name) ?? onlyDirect.byName.get(onlyDirect.usual);',
  });
  const server = await listen((_, response) => response.end('here'));
  const refused = await send(server.origin, undefined);
  expect(refused.fault).toMatchObject({ code: 'EGRESS_FORBIDDEN', fields: { reason: expect.stringContaining('"corp"') } });
  expect(server.connections()).toBe(0);
});

test('a proxy is told the address that was judged and never the name; the certificate is held against the name', async () => {
  proves('egress.proxy-pinned', {
    file: 'gateway/egress/connect.ts',
    find: "const isNamed = way.resolver === 'proxy' && isIP(host) === 0;",
    replace: 'const isNamed = isIP(host) === 0;',
  });
  const server = await secure();
  const exit = await proxy({ from: '127.0.0.3', authorization: 'Basic bWU6aXQ=' });
  const way = proxied(exit.url, { authorization: new Secret('Basic bWU6aXQ=') });
  let looked = 0;
  // The second look would lead elsewhere.
  const lookup: Lookup = () => Promise.resolve([{ address: looked++ === 0 ? '127.0.0.1' : '127.0.0.9', family: 4 }]);
  const credential = { header: 'Authorization', value: new Secret('Bearer precious') };
  const answered = await send(`https://tracker.test:${server.port}/`, way, { credential }, lookup);
  expect(answered).toMatchObject({ body: 'reached', sent: 1 });
  expect(exit.asked.map(({ target }) => target)).toEqual([`127.0.0.1:${server.port}`]);
  expect(JSON.stringify(exit.asked)).not.toContain('precious');
  expect(server.seen).toMatchObject([
    { from: '127.0.0.3', servername: 'tracker.test', headers: { authorization: 'Bearer precious' } },
  ]);
  expect(JSON.stringify(server.seen)).not.toContain('bWU6aXQ=');
  const { fault } = await send(`https://other.test:${server.port}/`, way, { allowPrivate: ['other.test'] });
  expect(fault).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', fields: { reason: 'its certificate is for another name' } });
});

test('what may not be reached is not reached through a proxy either, and no redirect goes around the guard', async () => {
  proves('egress.proxy-judged', {
    file: 'gateway/egress/connect.ts',
    find: '(await judged(host, isEncrypted)).map(({ address }) => address)',
    replace: '(await lookup(host)).map(({ address }) => address)',
  });
  const exit = await proxy();
  const way = proxied(exit.url);
  for (const [url, address] of [
    ['https://metadata.test/', '169.254.169.254'],
    ['https://intranet.test/', '10.0.0.7'],
    ['https://10.0.0.7/', '10.0.0.7'],
    ['https://[::ffff:10.0.0.7]/', '10.0.0.7'],
  ] as const) {
    const lookup: Lookup = () => Promise.resolve([{ address, family: 4 }]);
    expect((await send(url, way, {}, lookup)).fault?.code).toBe('EGRESS_FORBIDDEN');
  }
  expect(exit.asked).toEqual([]);
  const redirecting = await listen((_, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
  );
  expect((await send(redirecting.origin, way)).fault?.code).toBe('EGRESS_FORBIDDEN');
  expect(exit.asked.map(({ target }) => target)).toEqual([`127.0.0.1:${redirecting.port}`]);
});

test('a proxy that resolves by itself is told the name; an address in the URL is judged here still', async () => {
  const server = await secure();
  const exit = await proxy({ leadsTo: { host: '127.0.0.1', port: server.port } });
  const way = proxied(exit.url, { resolver: 'proxy' });
  const never: Lookup = () => Promise.reject(new Error('nobody asked for it'));
  expect(await send(`https://tracker.test:${server.port}/`, way, {}, never)).toMatchObject({ body: 'reached' });
  expect((await send('https://10.0.0.7/', way, {}, never)).fault?.code).toBe('EGRESS_FORBIDDEN');
  expect(exit.asked.map(({ target }) => target)).toEqual([`tracker.test:${server.port}`]);
});

test('what is not encrypted leaves this machine by no proxy', async () => {
  proves('egress.proxy-encrypted', {
    file: 'gateway/egress/connect.ts',
    find: 'if (!isEncrypted && !isLoopback(way.url.hostname))',
    replace: 'if (!isEncrypted && isIP(way.url.hostname) === 7)',
  });
  const { fault } = await send('http://127.0.0.1:9/', proxied('http://proxy.invalid:3128'));
  expect(fault).toMatchObject({ code: 'EGRESS_FORBIDDEN', fields: { reason: expect.stringContaining('not encrypted') } });
});

test.each([
  [407, 'refused the credentials'],
  [403, 'answered 403'],
  [502, 'answered 502'],
])('a proxy that answers %d has sent nothing on, and that is what is said', async (answers, words) => {
  const exit = await proxy({ answers });
  const posted = { method: 'POST' as const, body: Buffer.from('arguments') };
  const { fault, sent } = await send('https://tracker.test/', proxied(exit.url), posted);
  expect(fault).toMatchObject({
    code: 'UPSTREAM_UNREACHABLE',
    fields: { server: 'tracker', reason: expect.stringContaining(words) },
  });
  expect(sent).toBe(0);
  exit.close();
  expect((await send('https://tracker.test/', proxied(exit.url), posted)).fault).toMatchObject({
    code: 'UPSTREAM_UNREACHABLE',
    fields: { reason: 'the proxy on the way there can not be reached' },
  });
});

test('a proxy that hangs up instead of answering has sent nothing on', async () => {
  const curt = createTcpServer((socket) => void socket.on('error', () => undefined).once('data', () => socket.destroy()));
  curt.listen(0, '127.0.0.1');
  await once(curt, 'listening');
  onTestFinished(() => void curt.close());
  const outcome = await send('https://tracker.test/', proxied(`http://127.0.0.1:${(curt.address() as AddressInfo).port}`));
  expect(outcome).toMatchObject({ sent: 0, fault: { code: 'UPSTREAM_UNREACHABLE' } });
});

test('a proxy that takes the connection and answers nothing is said to be that', async () => {
  const silent = createTcpServer((socket) => void socket.on('error', () => undefined));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const outcome = await send('https://tracker.test/', proxied(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`));
  expect(outcome).toMatchObject({
    sent: 0,
    fault: { code: 'UPSTREAM_UNREACHABLE', fields: { reason: 'the proxy on the way there did not answer in time' } },
  });
});
