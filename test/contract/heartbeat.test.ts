// Heartbeats of the two ends of a tunnel: who pings when, and when a silent peer is over.
import { describe, expect, test } from 'vitest';
import { pingAfterMs } from '#contract/frame.ts';
import { proves } from '../requirement.ts';
import { createPair, type Side } from './pair.ts';

describe('heartbeats', () => {
  test('a side that hears nothing pings, is answered, and 45 s of silence are the end', () => {
    proves('tunnel.one-ping-for-both', {
      file: 'contract/silence.ts',
      find: 'Math.max(this.#heardMs, this.#pingedMs) + pingAfterMs - this.#earlyMs',
      replace: 'this.#pingedMs + pingAfterMs',
    });
    const { gateway, bridge, clock, settle } = createPair();
    const at = (side: Side, nowMs: number): string => {
      clock.nowMs = nowMs;
      return side.multiplex.tick();
    };
    const pings = (side: Side): number => side.outgoing.length;
    expect(at(gateway, 23_999)).toBe('alive');
    expect(gateway.multiplex.dueMs).toBe(24_000);
    expect(pings(gateway)).toBe(0);
    expect(at(gateway, 24_000)).toBe('alive');
    expect(pings(gateway)).toBe(1);
    settle();
    // that ping and its answer were heard: neither side has to ask before its time is over again
    expect(bridge.multiplex.dueMs).toBe(49_000);
    expect(gateway.multiplex.dueMs).toBe(48_000);
    expect(at(bridge, 25_000)).toBe('alive');
    expect(pings(bridge)).toBe(0);
    // the gateway is not heard any more
    expect(at(bridge, 48_999)).toBe('alive');
    expect(pings(bridge)).toBe(0);
    expect(at(bridge, 49_000)).toBe('alive');
    expect(pings(bridge)).toBe(1);
    expect(bridge.multiplex.dueMs).toBe(69_000);
    expect(at(bridge, 68_999)).toBe('alive');
    expect(at(bridge, 69_000)).toBe('silent');
    expect(at(gateway, 69_000)).toBe('silent');
  });

  test.each([
    ['a gateway server that pings earlier', { gateway: 20_000, bridge: 25_000 }],
    ['a gateway server that pings later', { gateway: 30_000, bridge: 25_000 }],
    ['a bridge that pings as early', { gateway: 20_000, bridge: 20_000 }],
    ['a bridge that pings before the gateway server does', { gateway: pingAfterMs.gateway, bridge: 20_000 }],
  ])('%s, as older ones do, changes nothing: both ends live on, and ping no more often', (_, older) => {
    const { gateway, bridge, clock, settle } = createPair({}, true, older);
    let pings = 0;
    for (clock.nowMs = 0; clock.nowMs <= 600_000; clock.nowMs += 250) {
      for (const side of [gateway, bridge]) {
        expect(side.multiplex.tick()).toBe('alive');
        pings += side.outgoing.length;
      }
      settle();
    }
    expect(pings).toBeLessThanOrEqual(60);
  });

  test('tunnels that came together are pinged apart: the first ping comes early, each by its own part', () => {
    proves('tunnel.pings-spread', {
      file: 'contract/silence.ts',
      find: ' + pingAfterMs - this.#earlyMs',
      replace: ' + pingAfterMs',
    });
    const { gateway, clock, settle } = createPair({ firstPingEarly: () => 0.75 });
    expect(gateway.multiplex.dueMs).toBe(6_000);
    clock.nowMs = 6_000;
    expect(gateway.multiplex.tick()).toBe('alive');
    expect(gateway.outgoing).toHaveLength(1);
    settle();
    // from then on in its time
    expect(gateway.multiplex.dueMs).toBe(30_000);
  });
});
