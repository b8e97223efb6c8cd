// Signatures of requests: checked as an upstream would, by the text of RFC 9421 and its own example, over what really came.
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { httpbis } from 'http-message-signatures';
import { expect, onTestFinished, test } from 'vitest';
import type { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import { createEgress, type EgressRequest } from '../../../gateway/egress/egress.ts';
import { createRequestSigner, type RequestSigner } from '../../../gateway/egress/signature.ts';
import { listen, type Seen } from '../../fake/remote/listen.ts';
import { objectionTo, signatureOf, type SignedRequest } from '../../fake/signature.ts';
import { proves } from '../../requirement.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'the-kid' }] };
const signerWith = (key: KeyObject = privateKey): RequestSigner =>
  createRequestSigner({ key: () => Promise.resolve({ published: { kid: 'the-kid' }, key }), now: Date.now });

function send(url: string, change: Partial<EgressRequest> = {}, signer: RequestSigner | null = signerWith()) {
  const egress = createEgress({ ...(signer && { signer }), onRefused: () => undefined });
  onTestFinished(() => egress.close());
  return new Promise<Fault | undefined>((resolve) => {
    const request = { url: new URL(url), method: 'GET', headers: {}, server: 'tracker', limitBytes: 1000 } as const;
    egress.send(
      { ...request, allowPrivate: ['127.0.0.0/8'], idleWithinMs: 5000, isSigned: true, ...change },
      {
        onSent: () => undefined,
        onHead: () => undefined,
        onData: () => undefined,
        onEnd: () => resolve(undefined),
        onFault: resolve,
      },
    );
  });
}
const asReceived = (origin: string, { method, url, headers, body }: Seen): SignedRequest => ({
  method,
  url: `${origin}${url}`,
  headers,
  body: Buffer.from(body),
});
const posted = { method: 'POST' as const, body: Buffer.from('{"id":1,"text":"für alle"}') };

test('the check of these tests, and the library, agree with the example of RFC 9421 (B.2.6)', async () => {
  const pem =
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n';
  const key = createPrivateKey(pem);
  const expected = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';
  const headers = {
    host: 'example.com',
    date: 'Tue, 20 Apr 2021 02:07:55 GMT',
    'content-type': 'application/json',
    'content-length': '18',
  };
  const example = { method: 'POST', url: 'https://example.com/foo?param=Value&Pet=dog', headers };
  const fields = ['date', '@method', '@path', '@authority', 'content-type', 'content-length'];
  const input = `sig-b26=(${fields.map((name) => `"${name}"`).join(' ')});created=1618884473;keyid="test-key-ed25519"`;
  const body = Buffer.from('{"hello": "world"}');
  const found = signatureOf(
    { ...example, body, headers: { ...headers, 'signature-input': input, signature: `sig-b26=:${expected}:` } },
    'sig-b26',
  );
  expect(sign(null, Buffer.from(found?.base ?? ''), key).toString('base64')).toBe(expected);
  const signed = await httpbis.signMessage(
    {
      name: 'sig-b26',
      key: { id: 'test-key-ed25519', sign: (base) => Promise.resolve(sign(null, base, key)) },
      fields,
      params: ['created', 'keyid'],
      paramValues: { created: new Date(1_618_884_473_000) },
    },
    example,
  );
  expect(signed.headers).toMatchObject({ Signature: `sig-b26=:${expected}:`, 'Signature-Input': input });
});

test('a request is signed as it is sent, and one that was changed in any part is another', async () => {
  proves('egress.signed-as-sent', {
    file: 'gateway/egress/signature.ts',
    find: "fields: ['@method', '@target-uri', ...Object.keys(covered)],",
    replace: "fields: ['@method', '@target-uri'],",
  });
  const server = await listen((_, response) => response.end('taken'));
  const credential = { header: 'Authorization', value: new Secret('Bearer precious') };
  expect(await send(`${server.origin}/mcp?a=1&b=%20`, { ...posted, credential })).toBeUndefined();
  expect(await send(`${server.origin}/mcp`)).toBeUndefined();
  const [first, second] = server.seen.map((seen) => asReceived(server.origin, seen));
  if (!first || !second) throw new Error('it did not come');
  expect(objectionTo(first, keys, new Set())).toBeUndefined();
  expect(objectionTo(second, keys, new Set())).toBeUndefined();
  expect(signatureOf(first, 'drawbridge')?.covered).toEqual(['@method', '@target-uri', 'content-digest', 'authorization']);
  expect(signatureOf(second, 'drawbridge')?.covered).toEqual(['@method', '@target-uri']);
  const params = signatureOf(first, 'drawbridge')?.params ?? {};
  expect(params).toMatchObject({ keyid: 'the-kid', alg: 'ed25519', tag: 'drawbridge-egress' });
  expect(Number(params['expires']) - Number(params['created'])).toBe(120);
  const changed: readonly Partial<SignedRequest>[] = [
    { method: 'PUT' },
    { url: `${server.origin}/mcp?a=2&b=%20` },
    { url: first.url.replace('127.0.0.1', '127.0.0.2') },
    { body: Buffer.from('{"id":2}') },
    { headers: { ...first.headers, authorization: 'Bearer other' } },
    { headers: { ...first.headers, 'signature-input': String(first.headers['signature-input']).replace('the-kid', 'other') } },
  ];
  for (const change of changed) expect(objectionTo({ ...first, ...change }, keys, new Set())).toBeDefined();
});

test('what is signed and sent again is signed anew, and another origin gets no signature', async () => {
  proves('egress.signature-at-home', {
    file: 'gateway/egress/egress.ts',
    find: 'if (!request.isSigned || !isHome) return dispatch({});',
    replace: 'if (!request.isSigned) return dispatch({});',
  });
  const other = await listen((_, response) => response.end('there'), '127.0.0.2');
  const server = await listen(({ url }, response) => {
    if (url === '/away') response.writeHead(302, { location: `http://127.0.0.2:${other.port}/` }).end();
    else if (url === '/moved') response.writeHead(307, { location: '/here' }).end();
    else response.end('here');
  });
  expect(await send(`${server.origin}/away`)).toBeUndefined();
  expect(Object.keys(other.seen[0]?.headers ?? {})).not.toContain('signature');
  expect(await send(`${server.origin}/moved`, posted)).toBeUndefined();
  const nonces = new Set<string>();
  for (const seen of server.seen) expect(objectionTo(asReceived(server.origin, seen), keys, nonces)).toBeUndefined();
  expect(nonces.size).toBe(3);
});

test('without a key nothing is sent, and nobody is told where it should lie', async () => {
  proves('egress.unsigned-not-sent', {
    file: 'gateway/egress/egress.ts',
    find: "fail(new Fault('EGRESS_FORBIDDEN', { server, reason }, { cause }));",
    replace: 'void [reason, cause];\n        dispatch({});',
  });
  const server = await listen((_, response) => response.end('taken'));
  const broken: RequestSigner = () => Promise.reject(new Error('/var/lib/secret/path'));
  const fault = await send(server.origin, posted, broken);
  expect(fault).toMatchObject({ code: 'EGRESS_FORBIDDEN', message: expect.not.stringContaining('/var/lib') });
  expect((await send(server.origin, posted, null))?.code).toBe('EGRESS_FORBIDDEN');
  expect(server.connections()).toBe(0);
});

test('what was given up while it was being signed is not sent', async () => {
  const server = await listen((_, response) => response.end('taken'));
  const { promise, resolve } = Promise.withResolvers<Record<string, string>>();
  const egress = createEgress({ signer: () => promise, onRefused: () => undefined });
  onTestFinished(() => egress.close());
  const never = () => {
    throw new Error('told after it was given up');
  };
  const request = { url: new URL(server.origin), method: 'GET', headers: {}, server: 'tracker', limitBytes: 10 } as const;
  const exchange = egress.send(
    { ...request, allowPrivate: ['127.0.0.1'], idleWithinMs: 1000, isSigned: true },
    { onSent: never, onHead: never, onData: never, onEnd: never, onFault: never },
  );
  exchange.abort();
  resolve({});
  await promise;
  await new Promise(setImmediate);
  expect(server.connections()).toBe(0);
});
