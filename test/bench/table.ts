// The result for people: one table a cell, aligned, then the verdicts. Medians of the rounds.
// `gen cpu` is what the load generator itself needed per call, `others` the share of the machine that went to processes outside the bench,
// `quiet` in how many rounds that was little: the figures are the medians of those, where there are any.
import type { Verdict } from './goal.ts';
import { keyOf, type Row } from './row.ts';
import { isQuiet, medianOf, ratioOf } from './summary.ts';

const heads = [
  '',
  'calls/s',
  'p50 ms',
  'p99 ms',
  'cpu ms/call',
  'x floor',
  'cpu x floor',
  'x chain',
  'gen cpu',
  'others',
  'errors',
];

export function renderCell(cell: { callers: number; payloadBytes: number }, rows: readonly Row[]): string {
  const key = keyOf(cell);
  const roundsOf = (name: string) => rows.find((row) => row.name === name)?.measured.get(key);
  const lines = rows.map((row) => {
    const rounds = row.measured.get(key);
    const reason = row.failed.get('start') ?? row.failed.get(key);
    if (rounds === undefined) return [row.name, reason?.split('\n')[0] ?? 'not measured'];
    return [
      row.name,
      digits(medianOf(rounds, 'callsPerSecond')),
      digits(medianOf(rounds, 'p50Ms')),
      digits(medianOf(rounds, 'p99Ms')),
      digits(medianOf(rounds, 'cpuMs')),
      ratio(ratioOf(rounds, roundsOf('floor'), 'callsPerSecond')),
      ratio(ratioOf(rounds, roundsOf('floor'), 'cpuMs')),
      ratio(ratioOf(rounds, roundsOf('chain'), 'callsPerSecond')),
      digits(medianOf(rounds, 'generatorCpuMs')),
      `${(medianOf(rounds, 'foreignShare') * 100).toFixed(0)} %`,
      `${rounds.filter(isQuiet).length}/${rounds.length}`,
      String(rounds.reduce((sum, round) => sum + round.errors, 0)) + (reason === undefined ? '' : ' (later failed)'),
    ];
  });
  return `${cell.callers} ${cell.callers === 1 ? 'caller' : 'callers'}, ${cell.payloadBytes} B\n${align([heads, ...lines])}`;
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return align(
    verdicts.map(({ kind, outcome, ratio: found, text }) => [outcome.toUpperCase(), ratio(found), kind, text]),
    3,
  );
}

/** Columns of one width; the first and those from `leftFrom` on stand left. */
function align(lines: readonly (readonly string[])[], leftFrom = Infinity): string {
  const widths: number[] = [];
  for (const line of lines.filter(({ length }) => length > 2))
    line.forEach((text, i) => (widths[i] = Math.max(widths[i] ?? 0, text.length)));
  const isLeft = (i: number): boolean => i === 0 || i >= leftFrom;
  const pad = (text: string, i: number): string => (isLeft(i) ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0));
  return lines.map((line) => `  ${line.map(pad).join('  ').trimEnd()}`).join('\n');
}

/** Three significant digits, never an exponent. */
function digits(value: number): string {
  if (Number.isNaN(value)) return '-';
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(2);
}
