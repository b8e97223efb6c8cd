// What the benchmark's command line asks for.
import { expect, test } from 'vitest';
import { keyOf } from '../bench/cell.ts';
import { planOf } from '../bench/plan.ts';

test('a run is quick by default and has everything with --whole', () => {
  const [quick, whole] = [planOf([]), planOf(['--whole'])];
  expect(quick?.cells.map(keyOf)).toEqual(['c1 200 B', 'c16 200 B', 'c1 65536 B', 'c16 65536 B', '1000/s 200 B']);
  expect(whole?.cells).toHaveLength(3 * 3 + 1);
  expect([quick?.tunnels, whole?.tunnels]).toEqual([1000, 10_000]);
  expect([quick?.rules, planOf(['--rules', '200'])?.rules]).toEqual([0, 200]);
});

test('parts of a run can be asked for alone', () => {
  expect(planOf(['--part', 'open,starts'])?.cells.map(keyOf)).toEqual(['1000/s 200 B']);
  expect(planOf(['--part', 'starts', '--only', 'floor,chain'])).toMatchObject({ cells: [], only: ['floor', 'chain'] });
});

test.each([['--help'], ['--seconds', '0'], ['--callers', 'many'], ['--part', 'nothing'], ['--rules', '5'], ['--unknown']])(
  '%s %s is answered with the usage',
  (...args) => {
    expect(planOf(args)).toBeUndefined();
  },
);
