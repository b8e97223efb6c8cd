// A gateway server that means ill: it takes a real bridge's handshake, then throws every type of frame at it, valid, mutated and out of order,
// with the one aim to make it run a command. A seed makes each run repeatable.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { chunkBytes, frameType, tunnelSubprotocol } from '#contract/frame.ts';
import { frame } from '#contract/frame-codec.ts';
import type { OrganizationId } from '#contract/id.ts';
import type { Offer } from '#contract/server.ts';

export interface HostileGateway {
  readonly origin: string;
  /** Frames thrown, by type; tunnels that it had; channels that it asked to open with a real offer. */
  readonly thrown: Map<number, number>;
  readonly tunnels: () => number;
  readonly opens: () => number;
  close(): Promise<void>;
}

type Dice = () => number;

/** mulberry32: small, and the same everywhere. */
export function diceOf(seed: number): Dice {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const types = Object.values(frameType);
const everyMs = 2;

export async function openHostileGateway(options: {
  readonly seed: number;
  readonly organization: OrganizationId;
  /** What it knows of the device: the very server and fingerprint that the device offers. */
  readonly offers: readonly Offer[];
}): Promise<HostileGateway> {
  const dice = diceOf(options.seed);
  const thrown = new Map<number, number>();
  let tunnels = 0;
  let opens = 0;
  /** Every type has its turn. */
  let turn = 0;
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => tunnelSubprotocol });
  sockets.on('connection', (socket) => {
    tunnels++;
    socket.on('error', () => undefined);
    socket.once('message', () => greet(socket));
  });

  function pick<T>(from: readonly [T, ...T[]]): T {
    return from[Math.floor(dice() * from.length)] ?? from[0];
  }

  /** Mostly honest, so that the bridge comes as far as the steady state. */
  function greet(socket: WebSocket): void {
    if (dice() < 0.05) return attack(socket);
    const { organization } = options;
    socket.send(json(frameType.challenge, 0, { version: 1, nonce: randomBytes(32).toString('base64url'), organization }));
    socket.once('message', () => {
      if (dice() < 0.05) return attack(socket);
      socket.send(json(frameType.welcome, 0, { organization, messageLimitBytes: 8 * 1024 * 1024, gateways: [] }));
      attack(socket);
    });
  }

  /** Half of the attacks keep to the protocol, so that a tunnel lives long enough for what is well-formed and unwanted. */
  function attack(socket: WebSocket): void {
    let next = 2;
    const isPolite = dice() < 0.5;
    const closable: number[] = [];
    const advance = (): number => {
      closable.push(next);
      next += 2;
      return next - 2;
    };
    const id = (): number => pick([next, next, next - 2, 0, 1, 2, Math.floor(dice() * 2 ** 32)]);
    const timer = setInterval(() => {
      if (socket.bufferedAmount > 4_000_000) return;
      const burst = Array.from({ length: 1 + Math.floor(dice() * 8) }, () => {
        if (isPolite) return politeFrame(advance, closable);
        const bytes = oneFrame(id, advance);
        return dice() < 0.1 ? mutated(bytes) : bytes;
      });
      if (isPolite) socket.send(Buffer.concat(burst));
      else if (dice() < 0.02) socket.send('text');
      else if (dice() < 0.01) socket.send(randomBytes(2_000_000));
      else if (dice() < 0.04) socket.send(randomBytes(Math.floor(dice() * 200)));
      else socket.send(Buffer.concat(burst));
      if (dice() < (isPolite ? 0.05 : 0.005)) socket.terminate();
    }, everyMs);
    socket.on('close', () => clearInterval(timer));
  }

  function politeFrame(advance: () => number, closable: number[]): Buffer {
    if (dice() < 0.5) return goodOpen(advance);
    const closing = closable.shift();
    if (closing !== undefined) return json(frameType.close, closing, pick<unknown>([{}, { code: 'BUSY', message: 'x' }]));
    if (dice() < 0.5) return frame(frameType.ping, 0);
    return json(frameType.verdict, 0, { verdicts: options.offers.map((offer) => ({ ...offer, decision: 'approved' })) });
  }

  function oneFrame(id: () => number, advance: () => number): Buffer {
    // A good open is thrown often: it is the frame that must not succeed.
    if (dice() < 0.3) return goodOpen(advance);
    const type = types[turn++ % types.length] ?? frameType.ping;
    thrown.set(type, (thrown.get(type) ?? 0) + 1);
    const where = dice() < 0.9 ? (isTunnels(type) ? 0 : id()) : Math.floor(dice() * 8);
    if (type === frameType.data) return frame(type, where, Buffer.alloc(chunkBytes, 123));
    if (type === frameType.dataEnd) return frame(type, where, randomBytes(1 + Math.floor(dice() * 300)));
    if (type === frameType.ping || type === frameType.pong) return frame(type, where);
    return json(type, where, bodyFor(type));
  }

  function goodOpen(advance: () => number): Buffer {
    const channel = advance();
    opens++;
    thrown.set(frameType.open, (thrown.get(frameType.open) ?? 0) + 1);
    const offer = options.offers[Math.floor(dice() * options.offers.length)];
    const extra = dice() < 0.3 ? { command: '/bin/sh', args: ['-c', 'id'], env: { PATH: '/tmp' }, source: { line: {} } } : {};
    return json(frameType.open, channel, { kind: 'server', server: offer?.server, fingerprint: offer?.fingerprint, ...extra });
  }

  function bodyFor(type: number): unknown {
    const server = pick(['echo', 'constructor', '__proto__', '../../bin/sh', 'a'.repeat(41), '']);
    const fingerprint = pick([options.offers[0]?.fingerprint ?? '', `sha256:${'0'.repeat(64)}`, 'sha256:', '']);
    const decision = pick(['approved', 'approved', 'denied', 'run']);
    const verdicts = options.offers.map((offer) => ({ server: offer.server, fingerprint: offer.fingerprint, decision }));
    switch (type) {
      case frameType.open:
        return pick<unknown>([
          { kind: 'server', server, fingerprint },
          { kind: 'host', host: 'x', gateway: server },
          { kind: 'shell', command: 'id' },
        ]);
      case frameType.verdict:
        return { verdicts: pick([verdicts, [{ server, fingerprint, decision }], Array(2001).fill(verdicts[0])]) };
      case frameType.offer:
        return { offers: options.offers };
      case frameType.credit:
        return { bytes: pick([1, 0, -1, 2 ** 32 - 1, 65_536, 1.5]) };
      case frameType.welcome:
        return { organization: options.organization, messageLimitBytes: pick([65_536, 1, 2 ** 40]), gateways: [server] };
      case frameType.refuse:
      case frameType.abort:
      case frameType.close:
        return {
          code: pick(['BUSY', 'INTERNAL', 'WORKSTATION_REVOKED', 'PROOF_INVALID', 'NEW_CODE', '__proto__']),
          message: server,
        };
      default:
        return pick<unknown>([{}, [], null, 'x', { versions: [1] }, JSON.parse('{"__proto__":{"kind":"server"}}')]);
    }
  }

  function mutated(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let change = 0; change < 1 + dice() * 4; change++)
      copy[Math.floor(dice() * Math.min(copy.length, 100))] = Math.floor(dice() * 256);
    return dice() < 0.3 ? copy.subarray(0, Math.floor(dice() * copy.length)) : copy;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    thrown,
    tunnels: () => tunnels,
    opens: () => opens,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

function isTunnels(type: number): boolean {
  return type < frameType.open || type >= frameType.offer;
}

function json(type: number, channel: number, body: unknown): Buffer {
  return frame(type, channel, Buffer.from(JSON.stringify(body)));
}
