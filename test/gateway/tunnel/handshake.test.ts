// Who may have a tunnel: the handshake of the real gateway against replays, other users, other origins, other versions, silence and floods.
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { closeCode, frameType, tunnelSubprotocol } from '#contract/frame.ts';
import { frame, jsonFrame, readStep } from '#contract/frame-codec.ts';
import { newId, UserId, WorkstationId } from '#contract/id.ts';
import { until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { challenge, helloOf, openRaw, proofOf, shake, typesIn } from './raw-bridge.ts';
import { createStage } from './stage.ts';

describe('a handshake', () => {
  test('that was recorded whole is refused when it is played again', async () => {
    proves('tunnel.no-replay', {
      file: 'gateway/tunnel/handshake.ts',
      find: "randomBytes(32).toString('base64url')",
      replace: "Buffer.alloc(32).toString('base64url')",
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const first = await openRaw(stage.port);
    const hello = helloOf(device);
    const proof = proofOf(device, stage.origin, await challenge(first, hello));
    first.socket.send(proof);
    expect(readStep(await first.next(), ['welcome', 'refuse']).name).toBe('welcome');

    const second = await openRaw(stage.port);
    await challenge(second, hello);
    second.socket.send(proof);
    expect(readStep(await second.next(), ['welcome', 'refuse'])).toMatchObject({
      name: 'refuse',
      body: { code: 'PROOF_INVALID' },
    });
    expect(await second.closed).toBe(closeCode.refused);
    expect(stage.tunnels.count()).toBe(1);
    await until(async () => (await stage.events()).some((one) => one.event === 'proof_refused'));
    expect((await stage.events()).find((one) => one.event === 'proof_refused')).toMatchObject({
      workstation: device.workstation,
      code: 'PROOF_INVALID',
      detail: { reason: 'wrong signature' },
    });
  });

  test('with the key of one user in the name of another is refused', async () => {
    proves('tunnel.key-of-its-user', {
      file: 'gateway/workstation/proof.ts',
      find: "if (member.user.id !== claim.user) return refused(new Fault('PROOF_INVALID'), 'another user');",
      replace: '',
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const other = await stage.device('bob');
    const answer = await shake(await openRaw(stage.port), { ...device, user: other.user }, stage.origin);
    expect(answer).toMatchObject({ name: 'refuse', body: { code: 'PROOF_INVALID' } });
    await until(async () => (await stage.events()).some(({ detail }) => detail['reason'] === 'another user'));
  });

  test('that was signed for another origin is refused, so a gateway in the middle can pass nothing on', async () => {
    proves('tunnel.origin-bound', {
      file: 'gateway/workstation/proof.ts',
      find: 'const text = proofText({ ...claim, origin: deps.publicOrigin });',
      replace:
        "const isAny = (origin: string) => deps.isSigned({ ...workstation, text: proofText({ ...claim, origin }), signature: claim.signature });\n  const text = proofText({ ...claim, origin: (await isAny('https://evil.example')) ? 'https://evil.example' : deps.publicOrigin });",
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const answer = await shake(await openRaw(stage.port), device, 'https://evil.example');
    expect(answer).toMatchObject({ name: 'refuse', body: { code: 'PROOF_INVALID' } });
  });

  test('of a workstation that nobody enrolled is refused in the same words as a wrong key', async () => {
    const stage = await createStage();
    const device = await stage.device('ada');
    const unknown = { ...device, workstation: WorkstationId.parse(newId()) };
    const [one, other] = await Promise.all([
      shake(await openRaw(stage.port), unknown, stage.origin),
      shake(await openRaw(stage.port), { ...device, sign: () => device.sign('something else') }, stage.origin),
    ]);
    expect(one).toEqual(other);
  });

  test.each(['', 'AAAA', 'A'.repeat(86)])('with the signature %j is refused', async (signature) => {
    const stage = await createStage();
    const device = await stage.device('ada');
    const answer = await shake(await openRaw(stage.port), { ...device, sign: () => signature }, stage.origin);
    expect(answer.name).toBe('refuse');
  });

  test('without a common version names both sides', async () => {
    const stage = await createStage();
    const device = await stage.device('ada');
    const bridge = await openRaw(stage.port);
    bridge.socket.send(helloOf(device, [7, 8]));
    const answer = readStep(await bridge.next(), ['refuse']);
    expect(answer.body).toMatchObject({ code: 'TUNNEL_VERSION', message: expect.stringMatching(/here 1, 2, there 7, 8/) });
    await until(async () => (await stage.events()).some(({ code }) => code === 'TUNNEL_VERSION'));
  });

  test('of a newer bridge that also speaks ours is taken', async () => {
    const stage = await createStage();
    const device = await stage.device('ada');
    expect((await challenge(await openRaw(stage.port), helloOf(device, [9, 1]))).version).toBe(1);
  });

  test('that does not come is ended by its deadline', async () => {
    const stage = await createStage({ timing: { handshakeWithinMs: 50 } });
    const bridge = await openRaw(stage.port);
    expect(readStep(await bridge.next(), ['refuse']).body.code).toBe('FRAME_INVALID');
    expect(await bridge.closed).toBe(closeCode.protocol);
  });

  test.each([
    ['another frame first', frame(frameType.ping, 0)],
    ['a hello with a wrong body', jsonFrame('credit', 2, { bytes: 1 })],
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['two frames in one packet', Buffer.concat([frame(frameType.ping, 0), frame(frameType.ping, 0)])],
  ])('that begins with %s is refused', async (_, packet) => {
    const stage = await createStage();
    const bridge = await openRaw(stage.port);
    bridge.socket.send(packet);
    expect(readStep(await bridge.next(), ['refuse']).body.code).toBe('FRAME_INVALID');
    expect(await bridge.closed).toBe(closeCode.protocol);
  });

  test('cannot be crowded out: no more than so many at once, and the rest is told to come back', async () => {
    proves('tunnel.handshakes-bounded', {
      file: 'gateway/tunnel/doorway.ts',
      find: 'if (this.#guests.size >= this.#deps.atMost) return false;',
      replace: '',
    });
    const stage = await createStage({ limits: { handshakes: 0, waiting: 3 } });
    const device = await stage.device('ada');
    const waiting = await Promise.all([openRaw(stage.port), openRaw(stage.port), openRaw(stage.port)]);
    for (const bridge of waiting) {
      bridge.socket.send(proofOf(device, stage.origin, await challenge(bridge, helloOf(device))));
      // After the answer to a ping the proof before it has been heard.
      bridge.socket.ping();
      await once(bridge.socket, 'pong');
    }
    const late = await openRaw(stage.port);
    expect(readStep(await late.next(), ['refuse']).body.code).toBe('BUSY');
    for (const bridge of waiting) bridge.socket.terminate();
    const isAsked = async () =>
      challenge(await openRaw(stage.port), helloOf(device)).then(
        () => true,
        () => false,
      );
    await until(isAsked);
  });

  test('cannot be kept out by connections that say nothing: the one that has been silent the longest makes room', async () => {
    proves('tunnel.silent-make-room', {
      file: 'gateway/tunnel/doorway.ts',
      find: "silent?.fail(new Fault('BUSY', { what: 'a tunnel' }));",
      replace: 'void silent;',
    });
    const stage = await createStage({ limits: { waiting: 3 } });
    const device = await stage.device('ada');
    const first = await openRaw(stage.port);
    await Promise.all([openRaw(stage.port), openRaw(stage.port)]);
    expect((await shake(await openRaw(stage.port), device, stage.origin)).name).toBe('welcome');
    expect(readStep(await first.next(), ['refuse']).body.code).toBe('BUSY');
    expect(await first.closed).toBe(closeCode.stopping);
  });

  test('cannot be held up by peers that say hello and never prove themselves: they hold no turn, and make room', async () => {
    proves('tunnel.unproven-hold-nothing', {
      file: 'gateway/tunnel/doorway.ts',
      find: 'guest.asked = this.#deps.ask(guest, hello);',
      replace: 'guest.asked = this.#deps.ask(guest, hello);\n    this.#served++;',
    });
    const stage = await createStage({
      limits: { handshakes: 2, waiting: 6 },
      timing: { handshakeWithinMs: 5000, tickEveryMs: 20 },
    });
    const [ada, bob] = [await stage.device('ada'), await stage.device('bob')];
    const idle = await Promise.all(Array.from({ length: 6 }, () => openRaw(stage.port)));
    for (const bridge of idle) await challenge(bridge, helloOf(bob));
    expect((await shake(await openRaw(stage.port), ada, stage.origin)).name).toBe('welcome');
    expect(readStep(await idle[0]!.next(), ['refuse']).body.code).toBe('BUSY');
    expect(await idle[0]!.closed).toBe(closeCode.stopping);
    expect(idle.filter(({ socket }) => socket.readyState === socket.OPEN)).toHaveLength(5);
  });

  test('whose turn does not come in time is told to come back, and that is on no record', async () => {
    const stage = await createStage({ limits: { handshakes: 0 }, timing: { handshakeWithinMs: 1000, tickEveryMs: 20 } });
    const device = await stage.device('ada');
    const bridge = await openRaw(stage.port);
    bridge.socket.send(proofOf(device, stage.origin, await challenge(bridge, helloOf(device))));
    expect(readStep(await bridge.next(), ['refuse']).body.code).toBe('BUSY');
    expect(await bridge.closed).toBe(closeCode.stopping);
    expect((await stage.events()).map((one) => one.event)).toEqual(['workstation_enrolled']);
  });

  test('is not answered to anything but a bridge', async () => {
    const stage = await createStage();
    const statusOf = (protocols: string[], headers: Record<string, string>) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${stage.port}/tunnel`, protocols, { headers });
        socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
        socket.on('error', () => undefined);
        socket.on('open', () => resolve('open'));
      });
    expect(await statusOf([], {})).toBe(426);
    expect(await statusOf([tunnelSubprotocol], { Origin: 'https://page.example' })).toBe(426);
  });

  test('frames of a user that a record names are not taken from the wire', async () => {
    const stage = await createStage();
    const bridge = await openRaw(stage.port);
    const nobody = { workstation: WorkstationId.parse(newId()), user: UserId.parse(newId()), sign: () => 'AAAA' };
    await shake(bridge, nobody, stage.origin);
    await until(async () => (await stage.events()).length === 1);
    expect((await stage.events())[0]).toMatchObject({ event: 'proof_refused', user: null, workstation: null });
  });
});

describe('one key', () => {
  test('used twice cuts the older tunnel, and both are on record', async () => {
    proves('tunnel.one-per-key', {
      file: 'gateway/tunnel/tunnels.ts',
      find: "older.cut(new Fault('TUNNEL_REPLACED'), closeCode.replaced);",
      replace: '',
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const older = await openRaw(stage.port);
    expect((await shake(older, device, stage.origin)).name).toBe('welcome');
    const newer = await openRaw(stage.port);
    expect((await shake(newer, device, stage.origin)).name).toBe('welcome');
    expect(readStep(await older.next(), ['refuse']).body.code).toBe('TUNNEL_REPLACED');
    expect(await older.closed).toBe(closeCode.replaced);
    expect([stage.tunnels.count(), stage.tunnels.presences(device.user).length]).toEqual([1, 1]);
    await until(async () => (await stage.events()).some((one) => one.event === 'tunnel_closed'));
    const events = (await stage.events()).filter((one) => one.workstation === device.workstation).map((one) => one.event);
    expect(events.toSorted()).toEqual([
      'tunnel_closed',
      'tunnel_opened',
      'tunnel_opened',
      'tunnel_replaced',
      'workstation_enrolled',
    ]);
  });
});

describe('a tunnel after its welcome', () => {
  test.each([
    ['a frame of the handshake', jsonFrame('proof', 0, { signature: 'AAAA' })],
    ['data on a channel that was never opened', frame(frameType.dataEnd, 2, Buffer.from('x'))],
    ['a channel of the wrong parity', jsonFrame('close', 4, {})],
    ['text', 'hello'],
  ])('that sends %s is closed, with the reason said first', async (_, packet) => {
    const stage = await createStage();
    const device = await stage.device('ada');
    const bridge = await openRaw(stage.port);
    await shake(bridge, device, stage.origin);
    bridge.socket.send(packet);
    expect(readStep(await bridge.next(), ['refuse']).body.code).toBe('FRAME_INVALID');
    expect(await bridge.closed).toBe(closeCode.protocol);
    await until(() => stage.tunnels.count() === 0);
  });

  test('is told when the gateway server stops', async () => {
    const stage = await createStage();
    const device = await stage.device('ada');
    const bridge = await openRaw(stage.port);
    await shake(bridge, device, stage.origin);
    const stopped = stage.tunnels.close();
    expect(readStep(await bridge.next(), ['refuse']).body.code).toBe('STOPPING');
    expect(await bridge.closed).toBe(closeCode.stopping);
    await stopped;
  });

  test('answers pings', async () => {
    const stage = await createStage();
    const bridge = await openRaw(stage.port);
    await shake(bridge, await stage.device('ada'), stage.origin);
    bridge.socket.send(frame(frameType.ping, 0));
    expect(typesIn(await bridge.next())).toEqual([frameType.pong]);
  });
});

describe('without a record', () => {
  test('no tunnel is opened', async () => {
    proves('tunnel.opened-on-record', {
      file: 'gateway/tunnel/tunnels.ts',
      find: "await recordOpened(eventRecord({ event: 'tunnel_opened', ...whoOf(hands), detail }, now()));",
      replace: "recordOpened(eventRecord({ event: 'tunnel_opened', ...whoOf(hands), detail }, now())).catch(() => undefined);",
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    await stage.recorder.close();
    const answer = await shake(await openRaw(stage.port), device, stage.origin);
    expect(answer).toMatchObject({ name: 'refuse', body: { code: 'AUDIT_UNAVAILABLE' } });
    expect(stage.tunnels.count()).toBe(0);
  });
});
