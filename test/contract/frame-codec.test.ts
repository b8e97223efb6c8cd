// Bytes <-> frames: what is written is read back, and nothing that a peer can send does anything but parse or throw FRAME_INVALID.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { chunkBytes, frameType, jsonLimitBytes } from '#contract/frame.ts';
import { frame, fromWire, jsonFrame, own, readBody, readFrames, readStep, toWire } from '#contract/frame-codec.ts';
import { proves } from '../requirement.ts';

interface Seen {
  readonly type: number;
  readonly channel: number;
  readonly body: Buffer;
}

function framesOf(packet: Buffer): Seen[] {
  const seen: Seen[] = [];
  readFrames(packet, { frame: (type, channel, body) => void seen.push({ type, channel, body }) });
  return seen;
}

/** The Fault that reading throws; fails on anything else that is thrown. */
function refusalOf(read: () => unknown): Fault | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('FRAME_INVALID');
    return error;
  }
}

const channel = fc.integer({ min: 1, max: 0xffffffff });
const full = Buffer.alloc(chunkBytes, 120);
const anyFrame = fc.oneof(
  fc.record({ type: fc.constant(frameType.dataEnd), channel, body: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({ type: fc.constant(frameType.data), channel, body: fc.constant(full) }),
  fc.record({
    type: fc.constantFrom(frameType.ping, frameType.pong),
    channel: fc.constant(0),
    body: fc.constant(Buffer.alloc(0)),
  }),
  fc.record({
    type: fc.constantFrom(frameType.open, frameType.credit, frameType.close, frameType.abort, frameType.opened),
    channel,
    body: fc.json().map((text) => Buffer.from(`{"x":${text}}`)),
  }),
);
const packetOf = (frames: readonly { type: number; channel: number; body: Uint8Array }[]): Buffer =>
  Buffer.concat(frames.map((one) => frame(one.type, one.channel, Buffer.from(one.body))));

describe('frames', () => {
  test('any frames in one packet are read as they were written, in order', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 8 }), (frames) => {
        const seen = framesOf(packetOf(frames));
        expect(seen.map(({ type, channel: id }) => [type, id])).toEqual(frames.map((one) => [one.type, one.channel]));
        for (const [index, one] of frames.entries()) expect(seen[index]?.body.equals(one.body)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('a body is a view into its packet, not a copy', () => {
    const packet = frame(frameType.dataEnd, 2, Buffer.alloc(100));
    expect(framesOf(packet)[0]?.body.buffer).toBe(packet.buffer);
  });

  test('any bytes at all are read or refused, and nothing else happens', () => {
    proves('tunnel.hostile-bytes', {
      file: 'contract/frame-codec.ts',
      find: "if (end - at < headerBytes) throw invalid('cut off in its header');",
      replace: '',
    });
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      // A valid packet that was cut, lengthened, or has some bytes changed.
      fc
        .tuple(
          fc.array(anyFrame, { minLength: 1, maxLength: 3 }),
          fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
          fc.nat({ max: 12 }),
          fc.uint8Array({ maxLength: 12 }),
        )
        .map(([frames, changes, cut, more]) => {
          const packet = packetOf(frames);
          for (const [at, byte] of changes) packet[at % Math.min(packet.length, 64)] = byte;
          return Buffer.concat([packet.subarray(0, packet.length - cut), more]);
        }),
    );
    fc.assert(
      fc.property(soup, (bytes) => {
        const packet = Buffer.from(bytes);
        refusalOf(() =>
          readFrames(packet, {
            frame(type, _, body) {
              if (type === frameType.close) refusalOf(() => readBody('close', body));
              if (type === frameType.open) refusalOf(() => readBody('open', body));
            },
          }),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['an empty packet', Buffer.alloc(0)],
    ['a header cut off', Buffer.from([0, 0, 0, 5, 16, 0, 0, 0])],
    ['a length that does not cover type and channel', Buffer.from([0, 0, 0, 4, 16, 0, 0, 0, 0])],
    ['a length beyond the packet', Buffer.from([0, 0, 0, 9, 35, 0, 0, 0, 2, 120])],
    ['a length of 4 GiB', Buffer.from([255, 255, 255, 255, 35, 0, 0, 0, 2, 120])],
    ['an unknown type', frame(99, 0)],
    ['a ping with a body', frame(frameType.ping, 0, Buffer.from('x'))],
    ['a ping on a channel', frame(frameType.ping, 2)],
    ['data on the tunnel itself', frame(frameType.dataEnd, 0, Buffer.from('x'))],
    ['an empty last chunk', frame(frameType.dataEnd, 2)],
    ['a chunk that is not whole', frame(frameType.data, 2, Buffer.alloc(chunkBytes - 1))],
    ['a chunk over the size', frame(frameType.dataEnd, 2, Buffer.alloc(chunkBytes + 1))],
    ['JSON over the limit', frame(frameType.verdict, 0, Buffer.alloc(jsonLimitBytes + 1, 32))],
  ])('%s is refused', (_, packet) => {
    expect(refusalOf(() => framesOf(packet))).toBeInstanceOf(Fault);
  });
});

describe('JSON bodies', () => {
  test('keys of a newer peer are kept', () => {
    expect(readBody('opened', Buffer.from('{"later":1}'))).toEqual({ later: 1 });
  });

  test('a code of a newer peer counts as INTERNAL, with its own words', () => {
    const body = readBody('close', Buffer.from('{"code":"FROM_THE_FUTURE","message":"words"}'));
    const fault = fromWire({ code: body.code ?? 'BUSY', message: body.message });
    expect([fault.code, fault.message]).toEqual(['INTERNAL', 'words']);
  });

  test('a fault survives the wire with its code and words', () => {
    const fault = new Fault('SERVER_DENIED', { server: 'memory', by: 'the profile' });
    const packet = jsonFrame('abort', 2, toWire(fault));
    const [seen] = framesOf(packet);
    const read = fromWire(readBody('abort', seen?.body ?? Buffer.alloc(0)));
    expect([read.code, read.message]).toEqual([fault.code, fault.message]);
  });

  test.each([
    ['not JSON', 'x'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['a byte order mark', '\ufeff{}'],
    ['not an object', '[]'],
    ['deeply nested', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['a wrong value', '{"bytes":0}'],
  ])('%s is refused', (_, text) => {
    expect(refusalOf(() => readBody('credit', Buffer.from(text)))).toBeInstanceOf(Fault);
  });

  test('a step of the handshake is one frame of an expected name', () => {
    const hello = jsonFrame('refuse', 0, { code: 'BUSY', message: '' });
    expect(readStep(hello, ['challenge', 'refuse']).name).toBe('refuse');
    expect(refusalOf(() => readStep(Buffer.concat([hello, hello]), ['refuse']))).toBeInstanceOf(Fault);
    expect(refusalOf(() => readStep(hello, ['welcome']))).toBeInstanceOf(Fault);
  });

  test('what would be too long for a peer is not written', () => {
    const body = { code: 'BUSY' as const, message: 'x'.repeat(jsonLimitBytes) };
    expect(refusalOf(() => jsonFrame('abort', 2, body))).toBeInstanceOf(Fault);
  });
});

describe('own', () => {
  test('a small view does not keep a large packet in memory, a large view is not copied', () => {
    const packet = Buffer.alloc(chunkBytes * 4);
    expect(own(packet.subarray(0, 10)).buffer).not.toBe(packet.buffer);
    expect(own(packet.subarray(0, chunkBytes)).buffer).toBe(packet.buffer);
  });
});
