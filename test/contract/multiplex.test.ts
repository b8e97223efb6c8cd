// Both ends of the tunnel as pure state machines: whatever the order of events, messages arrive whole and in order, in turn, and within bounds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { channelLimit, chunkBytes, creditLimitBytes, frameType, initialCreditBytes, packetTargetBytes } from '#contract/frame.ts';
import { frame, jsonFrame, readFrames } from '#contract/frame-codec.ts';
import { proves } from '../requirement.ts';
import { aServer, ChannelLog, createPair } from './pair.ts';

const bytes = (length: number): Buffer => Buffer.alloc(length, 7);

/** Bytes that differ by message and by place in it. */
function marked(length: number, mark: number): Buffer {
  const message = Buffer.alloc(length, mark % 251);
  for (let at = 0; at < length; at += 1000) message[at] = (at / 1000) % 256;
  return message;
}

describe('messages', () => {
  test('random interleavings with random credit deliver every message whole and in order, and hold no more than credit allows', () => {
    proves('tunnel.whole-in-order', {
      file: 'contract/channel.ts',
      find: 'message.subarray(this.#offset, end)',
      replace: 'message.subarray(0, end - this.#offset)',
    });
    const size = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: chunkBytes - 2, max: chunkBytes * 3 + 2 }));
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), channel: fc.nat({ max: 2 }), near: fc.boolean(), size }),
      fc.record({ do: fc.constant('flush' as const), near: fc.boolean() }),
      fc.record({ do: fc.constant('deliver' as const), near: fc.boolean() }),
      fc.record({
        do: fc.constant('grant' as const),
        channel: fc.nat({ max: 2 }),
        near: fc.boolean(),
        count: fc.nat({ max: 9 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const pair = createPair();
        const channels = [0, 1, 2].map(() => pair.open());
        const ends = channels.map((one) => ({
          near: { end: one.near, log: one.log, sent: [] as Buffer[], granted: 0 },
          far: { end: one.far, log: one.farLog, sent: [] as Buffer[], granted: 0 },
        }));
        for (const one of ends) {
          one.near.log.grants = false;
          one.far.log.grants = false;
        }
        const grant = (of: { end: (typeof channels)[number]['near']; log: ChannelLog; granted: number }, count: number): void => {
          for (const { chunk } of of.log.chunks.slice(of.granted, of.granted + count)) {
            of.end.grant(chunk.length);
            of.granted++;
          }
        };
        let fill = 0;
        for (const one of steps) {
          const side = one.near ? pair.gateway : pair.bridge;
          if (one.do === 'flush') side.multiplex.flush();
          if (one.do === 'deliver') {
            const packet = side.outgoing.shift();
            if (packet !== undefined) (one.near ? pair.bridge : pair.gateway).multiplex.receive(packet);
          }
          if (one.do !== 'send' && one.do !== 'grant') continue;
          const of = ends[one.channel]?.[one.near ? 'near' : 'far'];
          if (of === undefined) continue;
          if (one.do === 'grant') grant(of, one.count);
          else {
            const message = marked(one.size, ++fill);
            of.sent.push(message);
            of.end.send(message);
          }
          for (const { near, far } of ends)
            for (const held of [near, far]) {
              const waiting = held.log.chunks.slice(held.granted).reduce((sum, { chunk }) => sum + chunk.length, 0);
              expect(waiting).toBeLessThanOrEqual(initialCreditBytes);
            }
        }
        for (let round = 0; round < 400; round++) {
          pair.settle();
          for (const { near, far } of ends) for (const held of [near, far]) grant(held, Number.POSITIVE_INFINITY);
        }
        for (const { near, far } of ends) {
          expect(Buffer.compare(Buffer.concat(far.log.messages), Buffer.concat(near.sent))).toBe(0);
          expect(Buffer.compare(Buffer.concat(near.log.messages), Buffer.concat(far.sent))).toBe(0);
          expect(far.log.messages.map((one) => one.length)).toEqual(near.sent.map((one) => one.length));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a message of the limit arrives, one byte more is refused where it is sent', () => {
    const { open, settle } = createPair();
    const { near, farLog } = open();
    near.send(bytes(8 * 1024 * 1024));
    settle();
    expect(farLog.messages.map((one) => one.length)).toEqual([8 * 1024 * 1024]);
    expect(() => near.send(bytes(8 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
  });

  test('frames of one turn are one packet, and it is asked for once', () => {
    proves('tunnel.one-write-a-turn', {
      file: 'contract/multiplex.ts',
      find: 'this.#turnMessages > 1 ? 0 : this.#loneTurns + 1',
      replace: 'this.#loneTurns + 1',
    });
    const { open, settle, gateway } = createPair();
    const channels = Array.from({ length: 20 }, () => open());
    settle();
    const sendMany = (): void => channels.forEach(({ near }) => Array.from({ length: 10 }, () => near.send(bytes(200))));
    sendMany();
    gateway.multiplex.flush();
    gateway.outgoing.length = 0;
    gateway.scheduled = 0;
    sendMany();
    expect(gateway.scheduled).toBe(1);
    gateway.multiplex.flush();
    expect(gateway.outgoing).toHaveLength(1);
  });

  test('it is said to be busy where the last packet held several messages, and not where that was one, however large', () => {
    const { open, settle, gateway } = createPair();
    const { near } = open();
    const busyAfter = (...sizes: number[]): boolean => {
      for (const size of sizes) near.send(bytes(size));
      settle();
      near.send(bytes(1));
      const isBusy = gateway.wasBusy;
      settle();
      return isBusy;
    };
    expect(busyAfter(200)).toBe(false);
    expect(busyAfter(200, 200)).toBe(true);
    expect(busyAfter()).toBe(false);
    expect(busyAfter(1024 * 1024)).toBe(false);
  });

  test('where turns have one frame it leaves at once, and what comes after it in its turn leaves together at the end', () => {
    proves('tunnel.lone-frame-at-once', {
      file: 'contract/multiplex.ts',
      find: 'if (this.#loneTurns > 1 && !this.#isWriting',
      replace: 'if (this.#loneTurns > 1 && this.#isWriting',
    });
    const { open, settle, gateway } = createPair();
    const { near, farLog } = open();
    settle();
    gateway.scheduled = 0;
    for (let turn = 0; turn < 3; turn++) {
      near.send(bytes(200));
      expect(gateway.outgoing).toHaveLength(1);
      settle();
    }
    near.send(bytes(1));
    for (let i = 2; i < 10; i++) near.send(bytes(i));
    expect(gateway.outgoing).toHaveLength(1);
    gateway.multiplex.flush();
    expect(gateway.outgoing).toHaveLength(2);
    expect(gateway.scheduled).toBe(4);
    near.send(bytes(10));
    expect(gateway.outgoing).toHaveLength(2);
    settle();
    expect(farLog.messages.map((one) => one.length)).toEqual([200, 200, 200, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('a large message does not hold small ones back', () => {
    proves('tunnel.fair', {
      file: 'contract/multiplex.ts',
      find: 'while (spent < chunkBytes && channel.canSend) spent += channel.sendNext();',
      replace: 'while (channel.canSend) spent += channel.sendNext();',
    });
    const pair = createPair();
    const large = pair.open();
    const small = pair.open();
    large.near.send(bytes(8 * 1024 * 1024));
    for (let i = 0; i < 50; i++) small.near.send(bytes(200));
    pair.gateway.multiplex.flush();
    const [first] = pair.gateway.outgoing;
    let seen = 0;
    readFrames(first ?? Buffer.alloc(0), { frame: (_, channel) => void (channel === small.near.id && seen++) });
    expect(seen).toBe(50);
  });

  test('a packet is not much larger than its target', () => {
    const pair = createPair();
    const channels = Array.from({ length: 10 }, () => pair.open());
    for (const { near } of channels) near.send(bytes(900_000));
    pair.gateway.multiplex.flush();
    expect(pair.gateway.outgoing.length).toBeGreaterThan(10);
    for (const packet of pair.gateway.outgoing) expect(packet.length).toBeLessThanOrEqual(packetTargetBytes + chunkBytes + 9);
  });

  test('a full socket stops packing, and resume() goes on when there is room', () => {
    const pair = createPair();
    const { near, farLog } = pair.open();
    pair.gateway.room = false;
    near.send(bytes(10));
    pair.gateway.multiplex.flush();
    expect(pair.gateway.outgoing).toHaveLength(0);
    pair.gateway.room = true;
    pair.gateway.multiplex.resume();
    expect(pair.gateway.outgoing).toHaveLength(1);
    pair.settle();
    expect(farLog.messages).toHaveLength(1);
  });
});

describe('bounds', () => {
  test('what waits on a channel and on all of them has a bound, and the rest is refused as BUSY', () => {
    proves('tunnel.bounded-queues', {
      file: 'contract/multiplex.ts',
      find: 'if (this.#queuedBytes + cost > totalQueueBytes)',
      replace: 'if (cost > totalQueueBytes)',
    });
    const pair = createPair({ channelQueueBytes: 1000, totalQueueBytes: 1500 });
    const one = pair.open();
    const two = pair.open();
    pair.gateway.room = false;
    one.near.send(bytes(600));
    expect(() => one.near.send(bytes(600))).toThrow(expect.objectContaining({ code: 'BUSY' }));
    two.near.send(bytes(600));
    expect(() => two.near.send(bytes(400))).toThrow(expect.objectContaining({ code: 'BUSY' }));
    pair.gateway.room = true;
    pair.settle();
    pair.gateway.room = false;
    two.near.send(bytes(400));
    expect([one.near.queuedBytes, two.near.queuedBytes]).toEqual([0, 400]);
  });

  test('a side opens no more channels than the limit', () => {
    const pair = createPair();
    for (let i = 0; i < channelLimit; i++) pair.gateway.multiplex.open(aServer, new ChannelLog());
    expect(() => pair.gateway.multiplex.open(aServer, new ChannelLog())).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });

  test('closed channels are forgotten on both sides', () => {
    const pair = createPair();
    for (let i = 0; i < 3 * channelLimit; i++) {
      const { near, far } = pair.open();
      if (i % 2 === 0) near.close();
      else far.close();
      pair.settle();
    }
    expect([pair.gateway.multiplex.size, pair.bridge.multiplex.size]).toEqual([0, 0]);
  });
});

describe('a breach of the protocol', () => {
  const data = (channel: number, length = 1): Buffer => frame(frameType.dataEnd, channel, bytes(length));
  const opens = (channel: number): Buffer => jsonFrame('open', channel, aServer);
  const credit = (channel: number, amount: number): Buffer => jsonFrame('credit', channel, { bytes: amount });

  test.each([
    ['data on a channel that was never opened', [data(2)]],
    ['data before the channel is open', [opens(2), data(2)], false],
    ['credit before the channel is open', [opens(2), credit(2, 1)], false],
    ['abort before the channel is open', [opens(2), jsonFrame('abort', 2, { code: 'BUSY', message: '' })], false],
    ['a channel of the wrong parity', [opens(3)]],
    ['a channel of the wrong kind', [jsonFrame('open', 2, { kind: 'host', host: 'x', gateway: aServer.server })]],
    ['a channel number that was used before', [opens(4), opens(4)]],
    ['a channel number that goes back', [opens(4), opens(2)]],
    ['opened for a channel that the peer opened', [opens(2), jsonFrame('opened', 2, {})], false],
    ['credit beyond belief', [opens(2), credit(2, creditLimitBytes)]],
    ['close of a channel that is closed', [opens(2), jsonFrame('close', 2, {}), jsonFrame('close', 2, {})]],
    ['a frame of the handshake', [jsonFrame('proof', 0, { signature: 'AAAA' })]],
    ['a frame of the other side', [jsonFrame('offer', 0, { offers: [] })]],
    ['too many channels', Array.from({ length: channelLimit + 1 }, (_, index) => opens(2 * index + 2))],
  ])('%s ends the tunnel', (_, frames, accepts = true) => {
    const { bridge } = createPair({}, accepts);
    expect(() => bridge.multiplex.receive(Buffer.concat(frames))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
  });

  test('data beyond the credit ends the tunnel', () => {
    proves('tunnel.credit-enforced', {
      file: 'contract/multiplex.ts',
      find: "if (channel.window < 0) throw invalid('data beyond the credit');",
      replace: '',
    });
    const { bridge } = createPair();
    bridge.multiplex.receive(opens(2));
    for (const { log } of bridge.accepted) log.grants = false;
    const chunk = frame(frameType.data, 2, bytes(chunkBytes));
    for (let sent = 0; sent < initialCreditBytes; sent += chunkBytes) bridge.multiplex.receive(chunk);
    expect(() => bridge.multiplex.receive(data(2))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
  });

  test('tiny messages cost credit too, so that a flood of them is bounded', () => {
    const { bridge } = createPair();
    bridge.multiplex.receive(opens(2));
    for (const { log } of bridge.accepted) log.grants = false;
    const flood = Buffer.concat(Array.from({ length: 5000 }, () => data(2)));
    expect(() => bridge.multiplex.receive(flood)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
    expect(bridge.accepted[0]?.log.chunks.length).toBe(initialCreditBytes / 256);
  });

  test('a peer that opens and closes without end and reads nothing ends the tunnel', () => {
    const { bridge } = createPair();
    bridge.room = false;
    const flood = (): void => {
      for (let id = 2; id < 1e6; id += 2)
        bridge.multiplex.receive(Buffer.concat([jsonFrame('open', id, aServer), jsonFrame('close', id, {})]));
    };
    expect(flood).toThrow(/does not read/);
  });

  test('what a peer may still say after we closed a channel is ignored', () => {
    const pair = createPair();
    const { near, far, log } = pair.open();
    far.send(bytes(10));
    far.abort(new Fault('BUSY', { what: 'it' }));
    pair.bridge.multiplex.flush();
    near.close();
    pair.settle();
    expect([log.chunks.length, log.aborted.length, log.closed.length]).toEqual([0, 0, 0]);
    expect(pair.gateway.multiplex.size).toBe(0);
  });
});

describe('messages given up', () => {
  test('are told with what is left of them, and do not pile up where the peer does not read', () => {
    const pair = createPair();
    const { far, log } = pair.open();
    const fault = new Fault('MESSAGE_TOO_LARGE', { limitBytes: 1 });
    for (let i = 0; i < 200; i++) far.abort(fault, { head: `{"id":${i}`, tail: '}' });
    pair.settle();
    expect(log.remnants.length).toBeLessThan(100);
    expect(log.remnants[0]).toEqual({ head: '{"id":0', tail: '}' });
    far.abort(fault, { head: 'later' });
    pair.settle();
    expect(log.remnants.at(-1)).toEqual({ head: 'later' });
  });
});

describe('closing', () => {
  test('a channel that drains sends what waits before it closes', () => {
    const pair = createPair();
    const { far, log } = pair.open();
    far.send(bytes(3 * 1024 * 1024));
    far.abort(new Fault('MESSAGE_TOO_LARGE', { limitBytes: 1 }));
    far.close(new Fault('SERVER_EXITED', { server: 'x', how: 'code 1', stderr: '' }), 'drain');
    pair.settle();
    expect(log.messages.map((one) => one.length)).toEqual([3 * 1024 * 1024]);
    expect(log.aborted.map((one) => one.code)).toEqual(['MESSAGE_TOO_LARGE']);
    expect(log.closed.map((one) => one?.code)).toEqual(['SERVER_EXITED']);
  });

  test('a channel that closes now drops what waits, and who waits for it is told', () => {
    const pair = createPair();
    const { near, farLog } = pair.open();
    let sent = 0;
    near.send(bytes(3 * 1024 * 1024), () => sent++);
    near.close();
    pair.settle();
    expect([sent, farLog.messages.length, farLog.closed.length]).toEqual([1, 0, 1]);
    expect(() => near.send(bytes(1))).toThrow(expect.objectContaining({ code: 'TUNNEL_LOST' }));
  });

  test('both sides closing at once is no breach', () => {
    const pair = createPair();
    const { near, far } = pair.open();
    near.close();
    far.close();
    pair.settle();
    expect([pair.gateway.multiplex.size, pair.bridge.multiplex.size]).toEqual([0, 0]);
  });

  test('the end of the tunnel closes every channel once, also where one of them throws', () => {
    const pair = createPair();
    const logs = [pair.open().log, pair.open().log, pair.open().log];
    const [first] = logs;
    if (first !== undefined)
      first.onClosed = () => {
        throw new Error('mine');
      };
    expect(() => pair.gateway.multiplex.end(new Fault('TUNNEL_LOST'))).toThrow(AggregateError);
    pair.gateway.multiplex.end(new Fault('TUNNEL_LOST'));
    expect(logs.slice(1).map((log) => log.closed.map((fault) => fault?.code))).toEqual([['TUNNEL_LOST'], ['TUNNEL_LOST']]);
    expect(() => pair.gateway.multiplex.open(aServer, new ChannelLog())).toThrow(
      expect.objectContaining({ code: 'TUNNEL_LOST' }),
    );
  });
});

describe('frames of the tunnel itself', () => {
  test('a flood of pings is answered once', () => {
    const pair = createPair();
    pair.bridge.multiplex.receive(Buffer.concat(Array.from({ length: 1000 }, () => frame(frameType.ping, 0))));
    pair.bridge.multiplex.flush();
    expect(pair.bridge.outgoing.map((packet) => packet.length)).toEqual([9]);
  });

  test("only the newest of the tunnel's own frames is sent", () => {
    const pair = createPair();
    for (let i = 0; i < 100; i++) pair.gateway.multiplex.tell({ name: 'verdict', body: { verdicts: [], i } });
    pair.settle();
    expect(pair.bridge.told).toEqual([{ name: 'verdict', body: { verdicts: [], i: 99 } }]);
  });
});
