// When a run of the benchmark proves something, and what.
import { describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { judge, voidReasons } from '../bench/goal.ts';
import type { Measurement } from '../bench/load/window.ts';
import { keyOf, type Row } from '../bench/row.ts';

const cell = { callers: 16, payloadBytes: 200 };
const round = (callsPerSecond: number, cpuMs: number, errors = 0): Measurement => ({
  callsPerSecond,
  cpuMs,
  p50Ms: 1,
  p99Ms: 2,
  generatorCpuMs: 0.01,
  foreignShare: 0,
  calls: 1000,
  errors,
});
const row = (name: string, ...rounds: Measurement[]): Row => ({
  name,
  measured: new Map([[keyOf(cell), rounds]]),
  failed: new Map(),
  run: () => Promise.resolve(),
  close: () => Promise.resolve(),
});
const sound = [row('direct stdio', round(100_000, 0.004)), row('floor', round(20_000, 0.05))];

describe('a run', () => {
  test('with a floor that is too slow or with wrong answers is void', () => {
    proves('bench.void', { file: 'test/bench/goal.ts', find: 'share < leastFloorOfDirect', replace: 'false' });
    expect(voidReasons(sound)).toEqual([]);
    expect(voidReasons([row('direct stdio', round(100_000, 0.004)), row('floor', round(7_900, 0.05))])).toEqual([
      'the floor reached only 0.079 x direct stdio (least: 0.08)',
    ]);
    expect(voidReasons([...sound, row('chain', round(5_000, 0.5), round(9_000, 0.1, 3))])).toEqual([
      'chain gave 3 wrong answers',
    ]);
  });

  test('is judged by the median of the ratios within its rounds', () => {
    const floor = row('floor', round(20_000, 0.05), round(10_000, 0.1), round(5_000, 0.2));
    const http = row('drawbridge http', round(12_000, 0.09), round(4_000, 0.3), round(2_750, 0.38));
    const verdicts = judge([floor, http], [cell]).filter(({ kind, text }) => kind === 'must' && text.includes('http'));
    expect(verdicts.map(({ outcome, ratio }) => [outcome, ratio])).toEqual([
      ['pass', 0.55],
      ['pass', 1.9],
    ]);
  });

  test('is judged by its quiet rounds, where there are any', () => {
    const [noisy, quiet] = [round(1_000, 2), round(12_000, 0.08)];
    const http = row('drawbridge http', { ...noisy, foreignShare: 0.6 }, quiet);
    const floor = row('floor', round(20_000, 0.05), round(20_000, 0.05));
    const throughput = judge([floor, http], [cell]).find(({ text }) =>
      text.startsWith('drawbridge http c16 200 B: calls/s at least 0.50'),
    );
    expect(throughput?.ratio).toBe(0.6);
  });

  test('without one of the two rows says that the goal was not measured', () => {
    expect(judge(sound, [cell]).map(({ outcome }) => outcome)).toContain('not measured');
  });
});
