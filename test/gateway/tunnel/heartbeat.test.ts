// Which tunnels a tick looks at: those that are due, each in its time, and nothing that is over.
import { expect, test } from 'vitest';
import { Heartbeats, type Pulse } from '../../../gateway/tunnel/heartbeat.ts';
import { proves } from '../../requirement.ts';

/** Due at a time, and again so much later after each look. */
function createPulse(dueMs: number | undefined, againMs: number | undefined): Pulse & { looks: number } {
  const pulse = {
    dueMs,
    looks: 0,
    tick() {
      pulse.looks++;
      pulse.dueMs = againMs === undefined || pulse.dueMs === undefined ? undefined : pulse.dueMs + againMs;
    },
  };
  return pulse;
}

test('a tunnel is looked at in the tick in which it is due, never before and never twice, and then when it is due again', () => {
  proves('tunnel.tick-looks-at-what-is-due', {
    file: 'gateway/tunnel/heartbeat.ts',
    find: 'if (place * this.#everyMs > nowMs) continue;',
    replace: '',
  });
  const heartbeats = new Heartbeats(1000);
  const soon = createPulse(1500, 20_000);
  const late = createPulse(30_000, undefined);
  const over = createPulse(undefined, undefined);
  for (const pulse of [soon, late, over]) heartbeats.add(pulse);
  const looksAt = (nowMs: number) => {
    heartbeats.tick(nowMs);
    return [soon.looks, late.looks, over.looks];
  };
  expect(looksAt(1499)).toEqual([0, 0, 0]);
  expect(looksAt(2000)).toEqual([1, 0, 0]);
  expect(looksAt(21_000)).toEqual([1, 0, 0]);
  expect(looksAt(22_000)).toEqual([2, 0, 0]);
  expect(looksAt(30_000)).toEqual([2, 1, 0]);
  // the machine slept: what was due meanwhile is looked at once
  expect(looksAt(3_600_000)).toEqual([3, 1, 0]);
});

test('a tunnel that ended is not looked at', () => {
  const heartbeats = new Heartbeats(1000);
  const [gone, stays] = [createPulse(1000, 1000), createPulse(1000, 1000)];
  heartbeats.add(gone);
  heartbeats.add(stays);
  heartbeats.remove(gone);
  heartbeats.remove(gone);
  heartbeats.tick(1000);
  expect([gone.looks, stays.looks]).toEqual([0, 1]);
});

test('those that end while others are looked at, or stood among them, take no look from another', () => {
  const heartbeats = new Heartbeats(1000);
  const all = Array.from({ length: 6 }, () => createPulse(1000, 1000));
  for (const pulse of all) heartbeats.add(pulse);
  const [first, second, third, fourth, fifth, sixth] = all;
  if (!first || !second || !third || !fourth || !fifth || !sixth) throw new Error('there are six');
  heartbeats.remove(second);
  heartbeats.remove(sixth);
  const look = first.tick;
  first.tick = () => {
    look();
    heartbeats.remove(third);
    heartbeats.remove(first);
  };
  heartbeats.tick(1000);
  heartbeats.tick(2000);
  expect(all.map(({ looks }) => looks)).toEqual([1, 0, 0, 2, 2, 0]);
});
