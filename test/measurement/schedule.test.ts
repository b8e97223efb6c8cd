// How the open loop accounts: by the moment a call was due, whatever came back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { createSchedule } from '../bench/load/schedule.ts';

const options = { startAt: 1000, ratePerSecond: 1000, warmMs: 0, ms: 1000, patienceMs: 1000 };

describe('an open loop', () => {
  test('charges a stall to every call that was due meanwhile', () => {
    proves('bench.open-loop', {
      file: 'test/bench/load/schedule.ts',
      find: 'latencies.push(now - dueAt)',
      replace: 'latencies.push(0)',
    });
    const schedule = createSchedule(options);
    // The target answers at once, but for half a second in which nobody could even send.
    for (let now = 1000; now < 1200; now++) for (const dueAt of schedule.due(now)) schedule.answered(dueAt, now);
    for (let now = 1700; now <= 2000; now++) for (const dueAt of schedule.due(now)) schedule.answered(dueAt, now);
    const { calls, missed, p50Ms, p99Ms } = schedule.result();
    expect({ calls, missed }).toEqual({ calls: 1000, missed: 0 });
    expect(p50Ms).toBeLessThanOrEqual(1);
    expect(p99Ms).toBeGreaterThan(480);
  });

  test('makes each call due exactly once, however rarely somebody looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 900, max: 2500 }), { maxLength: 40 }), (looks) => {
        const schedule = createSchedule(options);
        const due = [...looks.toSorted((a, b) => a - b), 5000].flatMap((now) => schedule.due(now));
        expect(due).toEqual(Array.from({ length: 1000 }, (_, i) => 1000 + i));
        expect(schedule.isOver(5000)).toBe(true);
      }),
    );
  });

  test('never leaves out a call that has no answer or a late one: it is missed, and counts with the patience', () => {
    const schedule = createSchedule(options);
    const due = schedule.due(3000);
    for (const dueAt of due.slice(0, 900)) schedule.answered(dueAt, dueAt + 1);
    for (const dueAt of due.slice(900, 950)) schedule.answered(dueAt, dueAt + 1001);
    expect(schedule.result()).toEqual({ calls: 1000, missed: 100, p50Ms: 1, p99Ms: 1000 });
  });

  test('does not count what was due while it got warm', () => {
    const schedule = createSchedule({ ...options, warmMs: 500, ms: 500 });
    for (const dueAt of schedule.due(5000)) schedule.answered(dueAt, dueAt + (dueAt < 1500 ? 900 : 2));
    expect(schedule.result()).toEqual({ calls: 500, missed: 0, p50Ms: 2, p99Ms: 2 });
  });
});
