// When a run of the benchmark proves something, and what.
import { describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { keyOf, largeBytes, openLoop, smallBytes, type CellName } from '../bench/cell.ts';
import { judge, voidReasons } from '../bench/goal.ts';
import type { Measurement } from '../bench/load/window.ts';
import type { Reading, ReadingName } from '../bench/reading.ts';
import type { Row } from '../bench/row.ts';

const cell: CellName = { callers: 16, payloadBytes: smallBytes };
const none = new Map<ReadingName, Reading>();
const round = (callsPerSecond: number, cpuMs: number, more: Partial<Measurement> = {}): Measurement => ({
  callsPerSecond,
  cpuMs,
  laterCpuMs: 0,
  p50Ms: 1,
  p99Ms: 2,
  generatorCpuMs: 0.01,
  foreignShare: 0,
  calls: 1000,
  errors: 0,
  ...more,
});
const rowIn = (of: CellName, name: string, ...rounds: Measurement[]): Row => ({
  name,
  measures: () => true,
  measured: new Map([[keyOf(of), rounds]]),
  failed: new Map(),
  run: () => Promise.resolve(),
  close: () => Promise.resolve(),
});
const row = (name: string, ...rounds: Measurement[]): Row => rowIn(cell, name, ...rounds);
const sound = [row('direct stdio', round(100_000, 0.004)), row('floor', round(20_000, 0.05))];
const goalsOf = (rows: readonly Row[], of: CellName, words: string) =>
  judge(rows, [of], none).filter(({ kind, text }) => kind === 'goal' && text.includes(words));

describe('a run', () => {
  test('with a floor that is too slow or with wrong answers is void', () => {
    proves('bench.void', { file: 'test/bench/goal.ts', find: 'share < leastFloorOfDirect', replace: 'false' });
    expect(voidReasons(sound)).toEqual([]);
    expect(voidReasons([row('direct stdio', round(100_000, 0.004)), row('floor', round(7_900, 0.05))])).toEqual([
      'the floor reached only 0.079 x direct stdio (least: 0.08)',
    ]);
    expect(voidReasons([...sound, row('chain', round(5_000, 0.5), round(9_000, 0.1, { errors: 3 }))])).toEqual([
      'chain gave 3 wrong answers',
    ]);
  });

  test('is judged by the median of the ratios within its rounds', () => {
    const floor = row('floor', round(20_000, 0.05), round(10_000, 0.1), round(5_000, 0.2));
    const http = row('drawbridge http', round(12_000, 0.07), round(4_000, 0.3), round(2_750, 0.3));
    expect(goalsOf([floor, http], cell, 'x floor').map(({ outcome, found }) => [outcome, found.toFixed(2)])).toEqual([
      ['pass', '1.50'],
      ['miss', '0.55'],
    ]);
  });

  test('is judged by its quiet rounds, where there are any', () => {
    const [noisy, quiet] = [round(1_000, 2), round(12_000, 0.08)];
    const http = row('drawbridge http', { ...noisy, foreignShare: 0.6 }, quiet);
    const floor = row('floor', round(20_000, 0.05), round(20_000, 0.05));
    expect(goalsOf([floor, http], cell, 'calls/s at least 0.60 x floor').map(({ found }) => found)).toEqual([0.6]);
  });

  test('holds a call through the product to the milliseconds above direct stdio', () => {
    const one: CellName = { callers: 1, payloadBytes: smallBytes };
    const direct = rowIn(one, 'direct stdio', round(10_000, 0.01, { p50Ms: 0.06 }));
    const http = rowIn(one, 'drawbridge http', round(1_000, 0.1, { p50Ms: 0.5 }));
    const batched = rowIn(one, 'drawbridge http, audit batched', round(1_000, 0.1, { p50Ms: 0.5 }));
    expect(goalsOf([direct, http, batched], one, 'above').map(({ outcome, found }) => [outcome, found.toFixed(2)])).toEqual([
      ['miss', '0.44'],
      ['pass', '0.44'],
    ]);
  });

  test('says what a time would be where its goal was set, and judges the time itself', () => {
    const one: CellName = { callers: 1, payloadBytes: smallBytes };
    const direct = rowIn(one, 'direct stdio', round(10_000, 0.01, { p50Ms: 0.06 }));
    const http = rowIn(one, 'drawbridge http, audit batched', round(1_000, 0.1, { p50Ms: 0.5 }));
    const [verdict] = goalsOf([direct, http, row('floor', round(9_000, 0.096))], one, 'above');
    expect(verdict?.outcome).toBe('miss');
    expect(verdict?.text).toMatch(/; 2\.00 x the reference's CPU per call of floor, by which it is 0\.22 ms$/);
  });

  test('judges the tail by the open loop', () => {
    const floor = rowIn(openLoop, 'floor', round(1_000, 0.1, { p99Ms: 2, missed: 0 }));
    const http = rowIn(openLoop, 'drawbridge http', round(1_000, 0.1, { p99Ms: 5, missed: 0 }));
    expect(goalsOf([floor, http], openLoop, 'p99').map(({ outcome, found }) => [outcome, found])).toEqual([['miss', 2.5]]);
  });

  test('judges what was read once, and says that it holds on this machine only', () => {
    const readings = new Map<ReadingName, Reading>([
      ['sessionKb', { value: 9 }],
      ['tunnelsMb', { value: 300, note: '10000 tunnels' }],
    ]);
    expect(judge([], [], readings).map(({ number, outcome, text }) => [number, outcome, text])).toEqual([
      [
        8,
        'miss',
        'idle tunnels, PSS of the gateway server above an empty one: at most 250 MB (this machine only; 10000 tunnels)',
      ],
      [9, 'pass', 'an idle 2025-11-25 session, PSS of the gateway server: at most 10 KB (this machine only)'],
    ]);
  });

  test('does not judge by fewer tunnels than the goal names', () => {
    proves('bench.real-count', { file: 'test/bench/goal.ts', find: '|| found.isShort', replace: '' });
    const readings = new Map<ReadingName, Reading>([['tunnelsMb', { value: 3, isShort: true }]]);
    expect(judge([], [], readings).map(({ number, outcome }) => [number, outcome])).toEqual([[8, 'not measured']]);
  });

  test('without one of the two rows says that the goal was not measured; a goal whose cell was not asked for is not named', () => {
    expect(judge(sound, [cell], none).map(({ outcome }) => outcome)).toContain('not measured');
    expect(judge(sound, [{ callers: 16, payloadBytes: largeBytes }], none).some(({ text }) => text.includes('c64'))).toBe(false);
  });
});
