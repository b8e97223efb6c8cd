// Medians over the rounds of a run, and ratios between rows. Ratios are taken within each round first: neighbors in time share the noise of the machine.
import type { Measurement } from './load/window.ts';
import type { Row } from './row.ts';

export type Figure = 'callsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuMs' | 'generatorCpuMs' | 'foreignShare';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** A cell's median of one figure; NaN where nothing was measured. */
export function medianOf(rounds: readonly Measurement[] | undefined, figure: Figure): number {
  return median((rounds ?? []).map((round) => round[figure]));
}

/** The median over the rounds of `above / below`; NaN where one of them has nothing. */
export function ratioOf(
  above: readonly Measurement[] | undefined,
  below: readonly Measurement[] | undefined,
  figure: Figure,
): number {
  const ratios = (above ?? []).map((round, i) => round[figure] / (below?.[i]?.[figure] ?? Number.NaN));
  return median(ratios.filter((ratio) => Number.isFinite(ratio)));
}

export function errorsOf(row: Row): number {
  return [...row.measured.values()].flat().reduce((sum, round) => sum + round.errors, 0);
}
