// The way out, attacked: names that change, redirects, answers without an end. Real connections on loopback; only the resolver is the test's own.
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import type { Lookup, Refused } from '../../../gateway/egress/connect.ts';
import { createEgress, type EgressRequest } from '../../../gateway/egress/egress.ts';
import { listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';

/** What was told of addresses, since the test began. */
let refusals: Refused[] = [];
beforeEach(() => void (refusals = []));

interface Outcome {
  readonly status: number | undefined;
  readonly body: string;
  readonly fault: Fault | undefined;
  readonly sent: number;
}

function send(url: string, change: Partial<EgressRequest> = {}, lookup?: Lookup): Promise<Outcome> {
  const egress = createEgress({ ...(lookup ? { lookup } : {}), onRefused: (of) => void refusals.push(of) });
  onTestFinished(() => egress.close());
  return new Promise((resolve) => {
    let status: number | undefined;
    let sent = 0;
    const chunks: Buffer[] = [];
    const done = (fault?: Fault) => resolve({ status, body: Buffer.concat(chunks).toString('utf8'), fault, sent });
    egress.send(
      {
        url: new URL(url),
        method: 'GET',
        headers: {},
        server: 'tracker',
        allowPrivate: ['127.0.0.1'],
        limitBytes: 1000,
        idleWithinMs: 5000,
        ...change,
      },
      {
        onSent: () => sent++,
        onHead: (head) => void (status = head.status),
        onData: (chunk) => void chunks.push(chunk),
        onEnd: () => done(),
        onFault: done,
      },
    );
  });
}
const names = (...answers: readonly (readonly string[])[]): { lookup: Lookup; asked: string[] } => {
  const asked: string[] = [];
  const lookup: Lookup = (host) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(host);
    return Promise.resolve(answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
  return { lookup, asked };
};

test('an address on this machine is reached only where it is allowed', async () => {
  const server = await listen((_, response) => response.end('here'));
  expect(await send(server.origin)).toMatchObject({ status: 200, body: 'here', sent: 1 });
  const refused = await send(server.origin, { allowPrivate: [] });
  expect(refused).toMatchObject({
    status: undefined,
    sent: 0,
    fault: { code: 'EGRESS_FORBIDDEN', fields: { server: 'tracker' } },
  });
  expect(server.connections()).toBe(1);
});

test.each([
  'http://2130706433',
  'http://0x7f.1',
  'http://0177.0.0.1',
  'http://127.1',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:7f00:1]',
])('%s is what it means, and refused as that', async (spelling) => {
  const server = await listen((_, response) => response.end('here'));
  const refused = await send(`${spelling}:${server.port}`, { allowPrivate: [] });
  expect(refused.fault?.code).toBe('EGRESS_FORBIDDEN');
  expect(server.connections()).toBe(0);
});

test('a name that changes between the look and the connection changes nothing', async () => {
  proves('egress.looked-up-once', {
    file: 'gateway/egress/connect.ts',
    find: 'buildConnector({ allowH2: false, timeout: connectWithinMs, lookup: lookup(isEncrypted) })',
    replace: 'buildConnector({ allowH2: false, timeout: connectWithinMs })',
  });
  const forbidden = await listen((_, response) => response.end('inside'));
  // Allowed is another loopback address, where nothing listens on this port.
  const { lookup, asked } = names(['127.0.0.2'], ['127.0.0.1']);
  const answered = await send(`http://rebinding.example.org:${forbidden.port}`, { allowPrivate: ['127.0.0.2/32'] }, lookup);
  expect(asked).toEqual(['rebinding.example.org']);
  expect(answered.fault?.code).toBe('UPSTREAM_UNREACHABLE');
  expect(forbidden.connections()).toBe(0);
});

test('one private address among public ones condemns a name', async () => {
  const server = await listen((_, response) => response.end('inside'));
  const { lookup } = names(['93.184.216.34', '127.0.0.1']);
  const answered = await send(`https://mixed.example.org:${server.port}`, { allowPrivate: [] }, lookup);
  expect(answered).toMatchObject({ sent: 0, fault: { code: 'EGRESS_FORBIDDEN' } });
  expect(server.connections()).toBe(0);
});

test('a host that is allowed by its name may be private, and still not link-local', async () => {
  const server = await listen((_, response) => response.end('inside'));
  const url = `http://tracker.intranet:${server.port}`;
  expect(await send(url, { allowPrivate: ['tracker.intranet'] }, names(['127.0.0.1']).lookup)).toMatchObject({ body: 'inside' });
  refusals = [];
  const metadata = await send(url, { allowPrivate: ['tracker.intranet'] }, names(['169.254.169.254']).lookup);
  expect(metadata.fault?.code).toBe('EGRESS_FORBIDDEN');
  expect(metadata.fault?.message).not.toContain('169.254');
  expect(refusals).toMatchObject([{ host: 'tracker.intranet', address: '169.254.169.254' }]);
});

test('a redirect to the metadata service of a cloud is not followed', async () => {
  proves('egress.redirect-judged', {
    file: 'gateway/egress/connect.ts',
    find: 'const refused = isIP(host) === 0 ? undefined : refuse(host, host, isEncrypted);',
    replace: 'const refused = undefined;',
  });
  const server = await listen((_, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end('see there'),
  );
  const answered = await send(server.origin, { idleWithinMs: 2000 });
  expect(answered).toMatchObject({ status: undefined, body: '', fault: { code: 'EGRESS_FORBIDDEN' } });
  // Nor to another address that is not allowed, to which nobody even connects.
  const inside = await listen((_, response) => response.end('inside'), '127.0.0.2');
  const outside = await listen((_, response) => response.writeHead(302, { location: `http://127.0.0.2:${inside.port}/` }).end());
  expect(await send(outside.origin)).toMatchObject({ body: '', fault: { code: 'EGRESS_FORBIDDEN' } });
  expect(inside.connections()).toBe(0);
});

test('what lies behind a redirect is reached, without the credential where it is another origin', async () => {
  proves('egress.credential-at-home', {
    file: 'gateway/egress/egress.ts',
    find: 'const isHome = url.origin === request.url.origin;',
    replace: 'const isHome = true;',
  });
  const other = await listen((_, response) => response.end('there'));
  const server = await listen((_, response) => response.writeHead(302, { location: `${other.origin}/doc` }).end());
  const credential = { header: 'Authorization', value: new Secret('Bearer precious') };
  expect(await send(server.origin, { credential })).toMatchObject({ status: 200, body: 'there' });
  expect(server.seen[0]?.headers.authorization).toBe('Bearer precious');
  expect(JSON.stringify(other.seen)).not.toContain('precious');
});

test('what is posted stays with its origin', async () => {
  proves('egress.body-at-home', {
    file: 'gateway/egress/egress.ts',
    find: "  if (next.origin !== from.origin) return 'it redirects what it was sent to another origin';\n",
    replace: '',
  });
  const other = await listen((_, response) => response.end('there'));
  const away = await listen((_, response) => response.writeHead(307, { location: other.origin }).end());
  const posted = { method: 'POST' as const, body: Buffer.from('arguments') };
  expect((await send(away.origin, posted)).fault?.code).toBe('EGRESS_FORBIDDEN');
  expect(other.connections()).toBe(0);

  const near = await listen(({ url }, response) => {
    if (url === '/') response.writeHead(307, { location: '/moved' }).end();
    else response.end('moved');
  });
  const credential = { header: 'X-Api-Key', value: new Secret('precious') };
  expect(await send(near.origin, { ...posted, credential })).toMatchObject({ status: 200, body: 'moved' });
  expect(near.seen.map(({ url, body, headers }) => [url, body, headers['x-api-key']])).toEqual([
    ['/', 'arguments', 'precious'],
    ['/moved', 'arguments', 'precious'],
  ]);
  const changing = await listen((_, response) => response.writeHead(303, { location: '/elsewhere' }).end());
  expect((await send(changing.origin, posted)).fault?.code).toBe('EGRESS_FORBIDDEN');
});

test('a redirect in a circle, to another scheme or to a file is not followed', async () => {
  for (const location of ['/', 'https://mcp.example.org/', 'file:///etc/passwd', 'http://user:secret@127.0.0.1/']) {
    const server = await listen((_, response) => response.writeHead(302, { location }).end());
    expect((await send(server.origin)).fault?.code).toBe('EGRESS_FORBIDDEN');
    expect(server.seen.length).toBeLessThanOrEqual(4);
  }
});

test('an answer is read up to its limit, also where it never ends', async () => {
  proves('egress.bounded', {
    file: 'gateway/egress/egress.ts',
    find: 'if (received <= limitBytes) receiver.onData(chunk);',
    replace: 'if (received <= limitBytes + 1e9) receiver.onData(chunk);',
  });
  const server = await listen((_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(400)), 1);
    response.on('close', () => clearInterval(timer));
    setTimeout(() => response.end(), 2000).unref();
  });
  const answered = await send(server.origin);
  expect(answered.fault?.code).toBe('ANSWER_TOO_LARGE');
  expect(answered.body.length).toBeLessThanOrEqual(1000);
});

test('an answer that stops is given up, and headers that do not end too', async () => {
  const silent = await listen((_, response) => void response.write('begun'));
  expect(await send(silent.origin, { idleWithinMs: 300 })).toMatchObject({ body: 'begun', fault: { code: 'SERVER_TIMEOUT' } });
  const wordy = await listen((_, response) => response.writeHead(200, { 'x-wordy': 'x'.repeat(40_000) }).end());
  expect((await send(wordy.origin)).fault).toMatchObject({ code: 'UPSTREAM_LOST' });
});

test('a connection that ends in the middle may have run, one that never stood did not', async () => {
  const dying = await listen((_, response) => {
    response.write('half');
    response.socket?.destroy();
  });
  expect(await send(dying.origin)).toMatchObject({ sent: 1, fault: { code: 'UPSTREAM_LOST' } });
  dying.close();
  expect(await send(dying.origin)).toMatchObject({
    sent: 0,
    fault: { code: 'UPSTREAM_UNREACHABLE', fields: { reason: 'nothing listens there' } },
  });
});

test('however many addresses are refused, the log stays readable', async () => {
  const egress = createEgress({ onRefused: (of) => void refusals.push(of) });
  onTestFinished(() => egress.close());
  const request = {
    url: new URL('http://10.0.0.1/'),
    method: 'GET',
    headers: {},
    server: 'x',
    limitBytes: 10,
    idleWithinMs: 1000,
  } as const;
  const ignored = { onSent: () => undefined, onHead: () => undefined, onData: () => undefined, onEnd: () => undefined };
  const faults = await Promise.all(
    Array.from(
      { length: 200 },
      () => new Promise<Fault>((resolve) => void egress.send({ ...request, allowPrivate: [] }, { ...ignored, onFault: resolve })),
    ),
  );
  expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['EGRESS_FORBIDDEN']));
  expect(refusals.length).toBeGreaterThan(0);
  expect(refusals.length).toBeLessThanOrEqual(120);
});
