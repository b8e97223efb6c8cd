// Waits that may be late share a wake: when each of them ends, and how often the process is woken for all of them.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { every, later } from '../../gateway/wake.ts';
import { proves } from '../requirement.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what may be a little late ends in a wake that comes anyway, within what it allows, and never early', async () => {
  proves('gateway-shell.idle-wakes', {
    file: 'gateway/wake.ts',
    find: 'if (one.latestMs < timerMs) arm(one.latestMs);',
    replace: 'arm(one.dueMs);',
  });
  const ends: [string, number][] = [];
  const begun = performance.now();
  const stops = [
    every(() => ends.push(['exact', performance.now() - begun]), 150, 0),
    every(() => ends.push(['loose', performance.now() - begun]), 1000, 250),
    every(() => ends.push(['slow', performance.now() - begun]), 2000, 250),
  ];
  let wakes = 0;
  for (let ms = 0; ms < 6000; ms++) {
    const before = ends.length;
    await vi.advanceTimersByTimeAsync(1);
    if (ends.length > before) wakes++;
  }
  for (const stop of stops) stop();
  expect(wakes).toBe(ends.filter(([name]) => name === 'exact').length);
  expect(ends.filter(([name]) => name === 'exact').map(([, ms]) => ms)).toEqual(
    Array.from({ length: 40 }, (_, i) => 150 * (i + 1)),
  );
  for (const [name, everyMs] of [
    ['loose', 1000],
    ['slow', 2000],
  ] as const) {
    const at = ends.filter(([of]) => of === name).map(([, ms]) => ms);
    expect(at.length).toBeGreaterThanOrEqual(Math.floor(6000 / (everyMs + 250)));
    at.forEach((ms, i) => {
      const since = ms - (at[i - 1] ?? 0);
      expect([since >= everyMs, since <= everyMs + 250]).toEqual([true, true]);
    });
  }
  expect(vi.getTimerCount()).toBe(0);
});

test('alone it ends at the latest that it allows; ended before, never', () => {
  let count = 0;
  later(() => count++, 100, 50);
  const stop = later(() => (count += 10), 400, 0);
  vi.advanceTimersByTime(149);
  expect(count).toBe(0);
  vi.advanceTimersByTime(1);
  expect(count).toBe(1);
  stop();
  stop();
  vi.advanceTimersByTime(1000);
  expect(count).toBe(1);
});

test('one that throws takes nothing from the others', () => {
  let count = 0;
  later(
    () => {
      throw new Error('mine');
    },
    10,
    0,
  );
  const stop = every(() => count++, 10, 0);
  expect(() => vi.advanceTimersByTime(10)).toThrow('mine');
  vi.advanceTimersByTime(30);
  stop();
  expect(count).toBeGreaterThanOrEqual(3);
});

test('one that ends another one, or itself, in the same wake', () => {
  const ran: string[] = [];
  const first = every(
    () => {
      ran.push('first');
      second();
      first();
    },
    10,
    0,
  );
  const second = every(() => ran.push('second'), 10, 0);
  vi.advanceTimersByTime(100);
  expect(ran).toEqual(['first']);
});
