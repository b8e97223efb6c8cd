// The bridge's end against gateways that are away, refuse, or are somebody else: which state it is in and when it dials again.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { Fault, type ErrorCode } from '#contract/error.ts';
import { frameType, tunnelSubprotocol } from '#contract/frame.ts';
import { jsonFrame, readFrames, readStep, toWire } from '#contract/frame-codec.ts';
import { newId, OrganizationId, UserId, WorkstationId } from '#contract/id.ts';
import type { Offer } from '#contract/server.ts';
import type { TunnelState } from '#contract/tunnel-state.ts';
import { makeDeviceKey } from '../../../bridge/device/device-key.ts';
import { dial, type DialDeps } from '../../../bridge/tunnel/dial.ts';
import { makeCertificate } from '../../certificate.ts';
import { createStage, emptyPool, folder, launchProgram, offersOf, silent } from '../../gateway/tunnel/stage.ts';
import { proves } from '../../requirement.ts';
import { until } from '../server/fixture.ts';

const organization = OrganizationId.parse(newId());
const { key } = makeDeviceKey();
const device = { workstation: WorkstationId.parse(newId()), user: UserId.parse(newId()), organization, sign: key.sign };

function dialTo(gatewayOrigin: string, change: Partial<DialDeps> = {}) {
  const states: TunnelState[] = [];
  const tunnel = dial({
    gatewayOrigin,
    device,
    pool: emptyPool,
    offers: () => [],
    onVerdicts: () => undefined,
    onState: (state) => void states.push(state),
    logger: silent,
    random: () => 0.5,
    product: 'test',
    ...change,
  });
  onTestFinished(() => tunnel.close());
  return { tunnel, states };
}

/** A gateway that answers each hello as it is told. */
async function gatewayThat(answer: (hello: Buffer, say: (packet: Buffer) => void) => void, server = createServer()) {
  const sockets = new WebSocketServer({ server, handleProtocols: () => tunnelSubprotocol });
  let dials = 0;
  sockets.on('connection', (socket) => {
    dials++;
    socket.on('message', (data) => data instanceof Buffer && answer(data, (packet) => socket.send(packet)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return { port: address.port, origin: `http://127.0.0.1:${address.port}`, dials: () => dials };
}

const refusing = (code: ErrorCode) =>
  gatewayThat((_, say) => say(jsonFrame('refuse', 0, toWire(new Fault(code, { here: '1', there: '2', what: 'it' })))));

/** Says the challenge, then the welcome, in turn. */
function welcoming(): (hello: Buffer, say: (packet: Buffer) => void) => void {
  const challenge = jsonFrame('challenge', 0, { version: 1, nonce: 'A'.repeat(43), organization });
  const welcome = jsonFrame('welcome', 0, { organization, messageLimitBytes: 65_536, gateways: [] });
  return (packet, say) => {
    const types: number[] = [];
    readFrames(packet, { frame: (type) => void types.push(type) });
    if (types.includes(frameType.hello)) say(challenge);
    if (types.includes(frameType.proof)) say(welcome);
  };
}

test('what a bridge sends is masked, with another key each time (RFC 6455 section 5.3)', async () => {
  const keys: number[] = [];
  for (const _ of [1, 2, 3]) {
    const server = createServer();
    const first = Promise.withResolvers<Buffer>();
    // A copy: the receiver unmasks where the bytes stand.
    server.on('connection', (socket) =>
      socket.on('data', (bytes: Buffer) => bytes[0] === 0x82 && first.resolve(Buffer.from(bytes))),
    );
    const gateway = await gatewayThat(() => undefined, server);
    dialTo(gateway.origin);
    const frame = await first.promise;
    // Section 5.2: masked, a length of 16 bits, then the key.
    expect(frame[1]).toBe(0x80 | 126);
    keys.push(frame.readUInt32BE(4));
    expect(frame.toString('latin1', 8)).not.toContain('"product":"test"');
  }
  expect(new Set(keys).size).toBe(3);
});

test('nothing is offered before it is known what there is, and then at once', async () => {
  proves('tunnel.offers-known', {
    file: 'bridge/tunnel/dial.ts',
    find: 'if (offers !== undefined) to.tellOffers(offers);',
    replace: 'to.tellOffers(offers ?? []);',
  });
  const stage = await createStage();
  const enrolled = await stage.device('ada');
  const [before, now] = [launchProgram('memory', '/bin/true'), launchProgram('memory', '/bin/false')];
  await stage.store.replaceOffers(enrolled.workstation, offersOf(before), Date.now());
  const known: { offers?: readonly Offer[] } = {};
  let noted: readonly string[] = [];
  const at = Date.now();
  const bridge = stage.bridge(enrolled, {
    offers: () => known.offers,
    reports: () => [{ event: 'host_undone', host: 'codex', id: newId(at), at }],
    onNoted: (ids) => (noted = ids),
  });
  // what is said after the offers is answered: the gateway server has read all that came before it
  await until(() => noted.length > 0);
  expect(await stage.store.offers()).toMatchObject([{ fingerprint: before.fingerprint }]);
  known.offers = offersOf(now);
  bridge.offersChanged();
  await until(async () => (await stage.store.offers())[0]?.fingerprint === now.fingerprint);
});

describe('an address', () => {
  test.each(['http://gateway.example', 'ftp://127.0.0.1', 'http://127.example.org', 'no address', 'http://10.0.0.1:7070'])(
    '%s is not dialed: only https, or http on loopback',
    (origin) => {
      proves('tunnel.encrypted', {
        file: 'contract/gateway-origin.ts',
        find: "(url.protocol === 'http:' && isLoopback(url.hostname))",
        replace: "url.protocol === 'http:'",
      });
      expect(() => dialTo(origin)).toThrow(expect.objectContaining({ code: 'GATEWAY_UNREACHABLE' }));
    },
  );
});

describe('a refusal', () => {
  test('of a revoked workstation is final until wake()', async () => {
    const gateway = await refusing('WORKSTATION_REVOKED');
    const { tunnel } = dialTo(gateway.origin);
    await until(() => tunnel.state.kind === 'refused');
    expect(tunnel.state).toMatchObject({ code: 'WORKSTATION_REVOKED', retryAtMs: null });
    tunnel.wake();
    await until(() => gateway.dials() === 2 && tunnel.state.kind === 'refused');
  });

  test.each(['PROOF_INVALID', 'TUNNEL_VERSION'] as const)('with %s is asked again after 30 s', async (code) => {
    const gateway = await refusing(code);
    const { tunnel } = dialTo(gateway.origin);
    await until(() => tunnel.state.kind === 'refused');
    const { state } = tunnel;
    expect(state.kind === 'refused' && state.retryAtMs !== null && state.retryAtMs - state.since).toBe(30_000);
  });

  test.each(['BUSY', 'STOPPING', 'AUDIT_UNAVAILABLE'] as const)('with %s is a reason to try again soon', async (code) => {
    const gateway = await refusing(code);
    const { tunnel } = dialTo(gateway.origin, { random: () => 0 });
    await until(() => gateway.dials() >= 3);
    expect(['offline', 'connecting']).toContain(tunnel.state.kind);
  });
});

describe('somebody else at the address', () => {
  test('gets no signature where the challenge names another organization', async () => {
    proves('tunnel.own-organization', {
      file: 'bridge/tunnel/handshake.ts',
      find: "if (organization !== device.organization) throw new Fault('PROOF_INVALID');",
      replace: '',
    });
    const said: string[] = [];
    const other = { version: 1, nonce: 'A'.repeat(43), organization: OrganizationId.parse(newId()) };
    const gateway = await gatewayThat((packet, say) => {
      const { name } = readStep(packet, ['hello', 'proof']);
      said.push(name);
      if (name === 'hello') say(jsonFrame('challenge', 0, other));
    });
    const { tunnel } = dialTo(gateway.origin);
    await until(() => tunnel.state.kind === 'refused' || said.includes('proof'));
    expect(said).toEqual(['hello']);
  });

  test.each([
    ['a welcome without a challenge', jsonFrame('welcome', 0, { organization, messageLimitBytes: 65_536, gateways: [] })],
    ['garbage', Buffer.from('nonsense')],
    ['an unknown version', jsonFrame('challenge', 0, { version: 99, nonce: 'A'.repeat(43), organization })],
  ])('that answers with %s is not a gateway', async (_, packet) => {
    const gateway = await gatewayThat((__, say) => say(packet));
    const { tunnel, states } = dialTo(gateway.origin);
    await until(() => tunnel.state.kind === 'offline' || tunnel.state.kind === 'refused');
    expect(states.map((state) => state.kind)).not.toContain('connected');
  });

  test('that never answers is given up by the deadline', async () => {
    const server = createTcpServer(() => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const { tunnel } = dialTo(`http://127.0.0.1:${port}`, { timing: { handshakeWithinMs: 100 } });
    await until(() => tunnel.state.kind === 'offline');
    expect(tunnel.state).toMatchObject({ reason: expect.stringMatching(/within 100 ms/) });
  });
});

describe('TLS', () => {
  test('a certificate that nobody vouches for is refused, and one of a given authority is taken', async () => {
    proves('tunnel.certificate-checked', {
      file: 'bridge/tunnel/dial.ts',
      find: 'followRedirects: false,',
      replace: 'rejectUnauthorized: false,',
    });
    const made = await makeCertificate(await folder(), 'DNS:localhost,IP:127.0.0.1');
    const cert = await readFile(made.cert, 'utf8');
    const server = createTlsServer({ cert, key: await readFile(made.key, 'utf8') });
    const steps = [
      jsonFrame('challenge', 0, { version: 1, nonce: 'A'.repeat(43), organization }),
      jsonFrame('welcome', 0, { organization, messageLimitBytes: 65_536, gateways: [] }),
    ];
    const gateway = await gatewayThat((_, say) => {
      const step = steps.shift();
      if (step !== undefined) say(step);
    }, server);
    const origin = `https://localhost:${gateway.port}`;
    const unknown = dialTo(origin);
    await until(() => unknown.tunnel.state.kind === 'offline' || unknown.tunnel.state.kind === 'connected');
    expect(unknown.tunnel.state).toMatchObject({ kind: 'offline', reason: expect.stringMatching(/certificate/) });
    const known = dialTo(origin, { ca: cert });
    await until(() => known.tunnel.state.kind === 'connected');
  });
});

test('coming back over TLS takes up the session of before, so nothing is signed or looked at anew', async () => {
  proves('tunnel.tls-resumed', {
    file: 'bridge/tunnel/secure.ts',
    find: '(session = given)',
    replace: 'void given',
  });
  const made = await makeCertificate(await folder(), 'DNS:localhost,IP:127.0.0.1');
  const cert = await readFile(made.cert, 'utf8');
  const server = createTlsServer({ cert, key: await readFile(made.key, 'utf8') });
  const resumed: boolean[] = [];
  server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()));
  const gateway = await gatewayThat(welcoming(), server);
  const { tunnel, states } = dialTo(`https://localhost:${gateway.port}`, { ca: cert });
  const connected = (times: number) => until(() => states.filter(({ kind }) => kind === 'connected').length === times);
  await connected(1);
  tunnel.wake();
  await connected(2);
  expect(resumed).toEqual([false, true]);
});

test('a gateway that is slow at each step is waited for, as long as each comes in time', async () => {
  proves('tunnel.patient', {
    file: 'bridge/tunnel/dial.ts',
    find: '      deadline.refresh();\n      shakeHands(',
    replace: '      shakeHands(',
  });
  const handshakeWithinMs = 1000;
  const slowMs = 0.6 * handshakeWithinMs;
  const server = createServer();
  const emit = server.emit.bind(server);
  server.emit = (name: string, ...of: unknown[]) => {
    if (name !== 'upgrade') return emit(name, ...of);
    setTimeout(emit, slowMs, name, ...of);
    return true;
  };
  const answer = welcoming();
  let answers = 0;
  const gateway = await gatewayThat(
    (packet, say) => answer(packet, (one) => void setTimeout(say, answers++ % 2 === 0 ? 0 : slowMs, one)),
    server,
  );
  const { tunnel } = dialTo(gateway.origin, { timing: { handshakeWithinMs } });
  await until(() => tunnel.state.kind === 'connected');
});

describe('close()', () => {
  test('ends an attempt and a wait, and nothing is dialed afterwards', async () => {
    const gateway = await refusing('BUSY');
    const { tunnel, states } = dialTo(gateway.origin);
    await until(() => tunnel.state.kind === 'offline');
    await tunnel.close();
    await tunnel.close();
    const dials = gateway.dials();
    tunnel.wake();
    expect([gateway.dials(), states.at(-1)?.kind]).toEqual([dials, 'offline']);
  });
});
