// Pongs that are seen before ws reads them: whatever a peer sends, cut as it may be, it is heard and answered as by ws alone.
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { frame, pingFrame, pongFrame } from '#contract/frame-codec.ts';
import { frameType } from '#contract/frame.ts';
import { Pongs } from '../../../gateway/tunnel/pong.ts';
import { proves } from '../../requirement.ts';

const aKey = Buffer.from([7, 0, 200, 255]);

/** A client's WebSocket frame. */
function sent(payload: Buffer, { first = 0x82, key = aKey, wide = false } = {}): Buffer {
  const { length } = payload;
  const head = length > 0xffff || wide ? [0x80 | 127, 0, 0, 0, 0] : length > 125 ? [0x80 | 126] : [0x80 | length];
  const rest = length > 0xffff || wide ? 4 : length > 125 ? 2 : 0;
  const size = Buffer.alloc(rest);
  if (rest === 4) size.writeUInt32BE(length);
  else if (rest === 2) size.writeUInt16BE(length);
  const hidden = payload.map((byte, at) => byte ^ (key[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, ...head]), size, key, hidden]);
}

/** What is heard, and written, where these pieces arrive one after the other. `hearsAt`: before which piece the pongs have somebody who hears them; absent: ws alone. */
async function heardOf(pieces: readonly Buffer[], hearsAt: number | undefined): Promise<string[]> {
  const heard: string[] = [];
  const [far, near] = duplexPair();
  const request = new IncomingMessage(new Socket());
  const headers = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' };
  Object.assign(request, { method: 'GET', headers: { ...headers, 'sec-websocket-key': 'ZHJhd2JyaWRnZS1iZW5jaA==' } });
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 100_000 });
  const written: Buffer[] = [];
  far.on('data', (bytes: Buffer) => written.push(bytes));
  const note = (...what: unknown[]): void => void heard.push(what.join(' '));
  let pongs: Pongs | undefined;
  server.handleUpgrade(request, near, Buffer.alloc(0), (socket) => {
    if (hearsAt !== undefined) pongs = new Pongs(near);
    socket.on('message', (data: Buffer, isBinary) => note('message', isBinary, data.toString('hex')));
    socket.on('ping', (data) => note('ping', data.toString('hex')));
    socket.on('error', (error) => note('error', error.message));
    socket.on('close', (code) => note('close', code));
  });
  near.on('error', (error) => note('stream', error.message));
  for (const [index, piece] of pieces.entries()) {
    if (index === hearsAt && pongs !== undefined)
      pongs.hearer = { onPong: () => note('message', true, pongFrame.toString('hex')) };
    // ws unmasks in place
    far.write(Buffer.from(piece));
    if (index % 3 === 0) await nextTurn();
  }
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  near.destroy();
  await nextTurn();
  return [...heard, Buffer.concat(written).toString('hex')];
}

const keys = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((key) => Buffer.from(key));
const pong = sent(pongFrame);
const messages: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: keys.map((key) => sent(pongFrame, { key })) },
  { weight: 2, arbitrary: fc.constantFrom(sent(pingFrame), sent(Buffer.concat([pongFrame, pongFrame])), sent(Buffer.alloc(0))) },
  // in which pongs stand, whole and in pieces
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 2, 9, 5000).map((count) => sent(Buffer.alloc(count * 15, pong), { key: Buffer.alloc(4) })),
  },
  { weight: 2, arbitrary: fc.constantFrom(125, 126, 300, 65_535, 65_536, 99_000).map((size) => sent(Buffer.alloc(size, 3))) },
  { weight: 1, arbitrary: fc.constantFrom(true, false).map((wide) => sent(pongFrame, { wide })) },
  {
    weight: 1,
    // what no bridge sends: text, parts of a message, control frames, and what is no frame of a client at all
    arbitrary: fc.constantFrom(
      ...[0x81, 0x02, 0x80, 0x00, 0x89, 0x8a, 0xc2, 0x92, 0x8b].map((first) => sent(Buffer.from('{"a":12}'), { first })),
      sent(Buffer.from([0x03, 0xe8]), { first: 0x88 }),
      sent(pongFrame, { first: 0x8a }),
      Buffer.concat([Buffer.from([0x82, pongFrame.length]), pongFrame]),
      sent(Buffer.alloc(100_001)),
      Buffer.from([0x82]),
    ),
  },
);
/** Bytes of some messages, cut between them, anywhere, or where a pong begins or ends. */
const pieces = fc
  .array(fc.tuple(messages, fc.boolean(), fc.array(fc.nat(120), { maxLength: 3 })), { minLength: 1, maxLength: 14 })
  .map((all) => {
    const made: Buffer[] = [];
    for (const [message, isJoined, cuts] of all) {
      let rest = isJoined ? Buffer.concat([made.pop() ?? Buffer.alloc(0), message]) : message;
      for (const cut of [...cuts, 15].slice(isJoined ? 0 : 1)) {
        if (cut === 0 || cut >= rest.length) continue;
        made.push(rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      made.push(rest);
    }
    return made;
  });

describe('pongs that come alone', () => {
  test('are heard without ws, in whatever key', async () => {
    const near = duplexPair();
    const passed: Buffer[] = [];
    near[1].on('data', (bytes: Buffer) => passed.push(bytes));
    const pongs = new Pongs(near[1]);
    let heard = 0;
    const come = async (bytes: Buffer): Promise<void> => {
      near[0].write(bytes);
      await nextTurn();
    };
    await come(pong);
    expect(passed).toEqual([pong]);
    pongs.hearer = { onPong: () => heard++ };
    for (const key of [aKey, Buffer.alloc(4), Buffer.alloc(4, 255)]) await come(sent(pongFrame, { key }));
    expect([heard, passed.length]).toEqual([3, 1]);
    for (const other of [sent(pingFrame), sent(frame(frameType.pong, 1)), pong.subarray(0, 14), pong.subarray(14)])
      await come(other);
    expect([heard, passed.length]).toEqual([3, 5]);
    await come(pong);
    expect([heard, passed.length]).toEqual([4, 5]);
    // also behind messages of every length, cut in their heads
    let expected = heard;
    for (const size of [0, 125, 126, 300, 65_535, 65_536, 99_000])
      for (const cut of [1, 2, 3, 9, 15]) {
        const message = sent(Buffer.alloc(size, 3));
        await come(message.subarray(0, cut));
        if (cut < message.length) await come(message.subarray(cut));
        await come(pong);
        expect([size, cut, heard]).toEqual([size, cut, ++expected]);
      }
  });

  test('are not seen in the middle of a message, or of one in parts', async () => {
    proves('tunnel.pong-alone', {
      file: 'gateway/tunnel/pong.ts',
      find: 'this.#left === 0 && this.#headAt === 0 && ',
      replace: '',
    });
    const message = sent(Buffer.concat([Buffer.from('abc'), pong, Buffer.from('def')]), { key: Buffer.alloc(4) });
    const inMessage = [message.subarray(0, 9), message.subarray(9, 24), message.subarray(24), pong];
    const inParts = [sent(Buffer.from('abc'), { first: 0x02 }), pong, sent(Buffer.from('def'), { first: 0x80 })];
    for (const all of [inMessage, inParts]) expect(await heardOf(all, 0)).toEqual(await heardOf(all, undefined));
  });

  test('whatever comes, what is heard and answered is as by ws alone', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(6), async (all, hearsAt) => {
        expect(await heardOf(all, hearsAt)).toEqual(await heardOf(all, undefined));
      }),
      { numRuns: Number(process.env['RUNS'] ?? 300) },
    );
  });
});
