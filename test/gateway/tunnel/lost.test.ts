// What a lost tunnel does at both ends, and how the bridge comes back: cut, black hole, a gateway that is away, sleep.
import { describe, expect, test } from 'vitest';
import { poolOf, runs, until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { createEcho, folder, hear, launchProgram, offersOf, openTo } from './stage.ts';

const short = { pingAfterMs: 100, deadAfterMs: 500, tickEveryMs: 25, handshakeWithinMs: 1500 };

describe('a lost tunnel', () => {
  test('ends 50 open channels at once, each once, with TUNNEL_LOST, and every child', async () => {
    proves('tunnel.lost-at-once', {
      file: 'gateway/tunnel/link.ts',
      find: "socket.on('close', () => this.#end(new Fault('TUNNEL_LOST')));",
      replace: '',
    });
    const { stage, device, launch, pool } = await createEcho();
    const all = Array.from({ length: 50 }, () => hear());
    await Promise.all(all.map((events) => openTo(stage, device, launch, events)));
    const pids = pool.health().flatMap((one) => [...one.pids]);
    expect(pids).toHaveLength(50);
    stage.proxy.mode = 'reset';
    await until(() => all.every((events) => events.closed.length > 0));
    await until(async () => !(await Promise.all(pids.map(runs))).includes(true));
    expect(all.flatMap((events) => events.closed.map((fault) => fault?.code))).toEqual(Array(50).fill('TUNNEL_LOST'));
  });

  test('ends the channels that are being opened, too', async () => {
    const { stage, device, launch } = await createEcho();
    stage.proxy.mode = 'blackhole';
    const opening = Array.from({ length: 50 }, () => openTo(stage, device, launch, hear()));
    stage.proxy.mode = 'reset';
    const outcomes = await Promise.allSettled(opening);
    expect(outcomes.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(Array(50).fill('TUNNEL_LOST'));
  });

  test('in a black hole is noticed by both ends through silence, and the children end', async () => {
    proves('tunnel.silence-noticed', {
      file: 'contract/silence.ts',
      find: "if (nowMs - this.#heardMs >= this.#options.deadAfterMs) return 'silent';",
      replace: '',
    });
    const { stage, device, launch, pool, bridge } = await createEcho({ timing: short }, { timing: short });
    const events = hear();
    await openTo(stage, device, launch, events);
    stage.proxy.mode = 'blackhole';
    await until(() => events.closed.length === 1 && stage.tunnels.count() === 0 && bridge.state.kind !== 'connected');
    expect(events.closed[0]?.code).toBe('TUNNEL_LOST');
    await until(() => pool.health().every(({ pids }) => pids.length === 0));
    stage.proxy.mode = 'pass';
    await bridge.connected();
  });

  test('that lives is kept alive by pings alone', async () => {
    // Long enough that a machine that stands still for a moment is not taken for silence.
    const timing = { ...short, deadAfterMs: 2000 };
    const { stage, bridge } = await createEcho({ timing }, { timing });
    const { since } = bridge.state;
    const enough = Date.now() + 2 * timing.deadAfterMs;
    await until(() => Date.now() > enough);
    expect(bridge.state).toMatchObject({ kind: 'connected', since });
    expect(stage.proxy.connections()).toBe(2);
  });
});

describe('coming back', () => {
  test('a bridge whose gateway was away dials until it is back, and then opens channels again', async () => {
    const { stage, device, launch, bridge } = await createEcho();
    stage.proxy.mode = 'reset';
    await until(() => bridge.states.filter((state) => state.kind === 'offline').length >= 5);
    stage.proxy.mode = 'pass';
    await bridge.connected();
    const events = hear();
    const channel = await openTo(stage, device, launch, events);
    channel.send(Buffer.from('{}'));
    await until(() => events.messages.length === 1);
  });

  test('wake() drops a tunnel that looks well and dials at once', async () => {
    const { stage, device, launch, bridge } = await createEcho();
    const events = hear();
    await openTo(stage, device, launch, events);
    stage.proxy.mode = 'blackhole';
    // Whatever lay in the old connection is gone; a new one gets through.
    stage.proxy.mode = 'pass';
    bridge.wake();
    expect(bridge.state.kind).toBe('connecting');
    await until(() => bridge.state.kind === 'connected');
    await until(() => events.closed.length === 1);
    expect(events.closed[0]?.code).toMatch(/TUNNEL_(?:LOST|REPLACED)/);
  });

  test('wake() does not wait for a back-off', async () => {
    const { stage, bridge } = await createEcho({}, { random: () => 0.999 });
    stage.proxy.mode = 'reset';
    await until(() => bridge.states.filter((state) => state.kind === 'offline').length >= 2);
    stage.proxy.mode = 'pass';
    await until(() => bridge.state.kind === 'offline');
    bridge.wake();
    expect(bridge.state.kind).toBe('connecting');
    await bridge.connected();
  });
});

describe('nothing is sent twice', () => {
  test('a message that was on its way when the tunnel was lost does not reach the next child', async () => {
    const launch = launchProgram('note', '/bin/cat');
    const pool = poolOf([launch], await folder());
    const { stage, device, bridge } = await createEcho({}, { pool, offers: () => offersOf(launch) });
    const first = hear();
    const channel = await openTo(stage, device, launch, first);
    stage.proxy.mode = 'blackhole';
    channel.send(Buffer.from('{"once":1}'));
    stage.proxy.mode = 'reset';
    await until(() => first.closed.length === 1);
    stage.proxy.mode = 'pass';
    await bridge.connected();
    const second = hear();
    const again = await openTo(stage, device, launch, second);
    again.send(Buffer.from('{"twice":2}'));
    await until(() => second.messages.length > 0);
    expect(second.messages.map(String)).toEqual(['{"twice":2}']);
  });
});
