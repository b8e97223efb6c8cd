// Medians over the rounds of a run, and ratios between rows. Ratios are taken within each round first: neighbors in time share the noise of the machine.
import type { Measurement } from './load/window.ts';
import type { Row } from './row.ts';

export type Figure = 'callsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuMs' | 'laterCpuMs' | 'generatorCpuMs' | 'foreignShare';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Up to this share of the machine others may use without spoiling a round. */
const quietShare = 0.15;

export function isQuiet({ foreignShare }: Measurement): boolean {
  return foreignShare <= quietShare;
}

/** A cell's median of one figure over its quiet rounds, or over all where there is none; NaN where nothing was measured. */
export function medianOf(rounds: readonly Measurement[] | undefined, figure: Figure): number {
  return median(preferQuiet(rounds ?? [], isQuiet).map((round) => round[figure]));
}

/** The median of `above / below` over the rounds that were quiet for both, or over all; NaN where one of them has nothing. */
export function ratioOf(
  above: readonly Measurement[] | undefined,
  below: readonly Measurement[] | undefined,
  figure: Figure,
): number {
  return compare(above, below, (upper, lower) => upper[figure] / lower[figure]);
}

/** The median of `above - below`, by the same rules. */
export function differenceOf(
  above: readonly Measurement[] | undefined,
  below: readonly Measurement[] | undefined,
  figure: Figure,
): number {
  return compare(above, below, (upper, lower) => upper[figure] - lower[figure]);
}

function compare(
  above: readonly Measurement[] | undefined,
  below: readonly Measurement[] | undefined,
  by: (upper: Measurement, lower: Measurement) => number,
): number {
  const pairs = (above ?? []).flatMap((upper, round) => {
    const lower = below?.[round];
    return lower === undefined ? [] : [{ upper, lower }];
  });
  const found = preferQuiet(pairs, ({ upper, lower }) => isQuiet(upper) && isQuiet(lower)).map(({ upper, lower }) =>
    by(upper, lower),
  );
  return median(found.filter((value) => Number.isFinite(value)));
}

function preferQuiet<T>(all: readonly T[], isQuietOne: (one: T) => boolean): readonly T[] {
  const quiet = all.filter(isQuietOne);
  return quiet.length > 0 ? quiet : all;
}

export function errorsOf(row: Row): number {
  return [...row.measured.values()].flat().reduce((sum, round) => sum + round.errors, 0);
}
