// The way out over TLS: a name that the test's resolver knows, and a certificate that its process trusts.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { makeCertificate } from '../../certificate.ts';
import { listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';

const before = getCACertificates('default');
let dir: string;
let pem: { readonly key: string; readonly cert: string };
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-egress-'));
  const { key, cert } = await makeCertificate(dir, 'DNS:tracker.test');
  pem = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  setDefaultCACertificates([...before, pem.cert]);
});
afterAll(async () => {
  setDefaultCACertificates(before);
  await rm(dir, { recursive: true, force: true });
});

async function serve(answer: Parameters<typeof createServer>[1], own = pem): Promise<{ port: number; authorized: string[] }> {
  const authorized: string[] = [];
  const server = createServer(own, (request, response) => {
    authorized.push(String(request.headers.authorization));
    answer?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, authorized };
}

function get(url: string): Promise<{ text: string; fault: Fault | undefined }> {
  const egress = createEgress({
    lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    onRefused: () => undefined,
  });
  onTestFinished(() => egress.close());
  return new Promise((resolve) => {
    let text = '';
    const credential = { header: 'Authorization', value: new Secret('Bearer precious') };
    const request = {
      url: new URL(url),
      method: 'GET' as const,
      headers: {},
      credential,
      server: 'tracker',
      limitBytes: 1000,
      idleWithinMs: 5000,
    };
    egress.send(
      { ...request, allowPrivate: ['tracker.test', 'other.test'] },
      {
        onSent: () => undefined,
        onHead: () => undefined,
        onData: (chunk) => void (text += chunk.toString('utf8')),
        onEnd: () => resolve({ text, fault: undefined }),
        onFault: (fault) => resolve({ text, fault }),
      },
    );
  });
}

test('the certificate is checked against the name of the URL, not against the address', async () => {
  proves('egress.certificate-checked', {
    file: 'gateway/egress/connect.ts',
    find: 'buildConnector({ allowH2: false, timeout: connectWithinMs, lookup: lookup(isEncrypted) })',
    replace:
      'buildConnector({ allowH2: false, timeout: connectWithinMs, lookup: lookup(isEncrypted), rejectUnauthorized: false })',
  });
  const server = await serve((_, response) => response.end('encrypted'));
  expect(await get(`https://tracker.test:${server.port}/`)).toEqual({ text: 'encrypted', fault: undefined });
  const { fault } = await get(`https://other.test:${server.port}/`);
  expect(fault).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', fields: { reason: 'its certificate is for another name' } });
  expect(server.authorized).toEqual(['Bearer precious']);
});

test('a certificate that nobody vouches for is refused, before anything is sent', async () => {
  setDefaultCACertificates(before);
  const server = await serve((_, response) => response.end('encrypted'));
  const { fault } = await get(`https://tracker.test:${server.port}/`);
  setDefaultCACertificates([...before, pem.cert]);
  expect(fault).toMatchObject({
    code: 'UPSTREAM_UNREACHABLE',
    fields: { reason: 'its certificate is not one that this machine trusts' },
  });
  expect(server.authorized).toEqual([]);
});

test.each([
  ['20200101000000Z', '20200201000000Z', 'its certificate has expired'],
  ['20800101000000Z', '20800201000000Z', 'its certificate is not valid yet, by the clock of this machine'],
])('a certificate from %s to %s is refused, and why is said', async (from, to, reason) => {
  const folder = await mkdtemp(join(dir, 'time-'));
  const { key, cert } = await makeCertificate(folder, 'DNS:tracker.test', [from, to]);
  const own = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  setDefaultCACertificates([...before, own.cert]);
  const server = await serve((_, response) => response.end('encrypted'), own);
  const { fault } = await get(`https://tracker.test:${server.port}/`);
  setDefaultCACertificates([...before, pem.cert]);
  expect(fault).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', fields: { reason } });
  expect(server.authorized).toEqual([]);
});

test('no redirect leads out of the encryption, also not to this machine', async () => {
  const plain = await listen((_, response) => response.end('plain'));
  const server = await serve((_, response) => response.writeHead(302, { location: `http://127.0.0.1:${plain.port}/` }).end());
  const { fault } = await get(`https://tracker.test:${server.port}/`);
  expect(fault).toMatchObject({ code: 'EGRESS_FORBIDDEN', fields: { reason: 'it redirects to another scheme' } });
  expect(plain.seen).toEqual([]);
});
