// The result for people: one table a cell, aligned, then what was read once, then the verdicts. Medians of the rounds.
// `later` is the part of the CPU that a target used after its last answer, until it was at rest; `gen cpu` what the load generator itself needed per call,
// `others` the share of the machine that went to processes outside the bench, `quiet` in how many rounds that was little: the figures are medians of those,
// where there are any.
import { keyOf, type CellName } from './cell.ts';
import type { Verdict } from './goal.ts';
import type { Measurement } from './load/window.ts';
import { readingOf, type Readings } from './reading.ts';
import type { Row } from './row.ts';
import { isQuiet, median, medianOf, ratioOf } from './summary.ts';

/** From this payload on, what matters is how many bytes arrive. */
const bulkBytes = 65_536;

type RoundsOf = (name: string) => readonly Measurement[] | undefined;
interface Column {
  readonly head: string;
  readonly show: (rounds: readonly Measurement[], roundsOf: RoundsOf) => string;
}

const calls: Column = { head: 'calls/s', show: (rounds) => digits(medianOf(rounds, 'callsPerSecond')) };
const bulk = ({ payloadBytes }: CellName): Column => ({
  head: 'MiB/s',
  show: (rounds) => digits((medianOf(rounds, 'callsPerSecond') * payloadBytes) / 2 ** 20),
});
const latency: readonly Column[] = [
  { head: 'p50 ms', show: (rounds) => digits(medianOf(rounds, 'p50Ms')) },
  { head: 'p99 ms', show: (rounds) => digits(medianOf(rounds, 'p99Ms')) },
];
const late: readonly Column[] = [
  { head: 'x floor p99', show: (rounds, roundsOf) => ratio(ratioOf(rounds, roundsOf('floor'), 'p99Ms')) },
  { head: 'missed', show: (rounds) => String(rounds.reduce((sum, { missed = 0 }) => sum + missed, 0)) },
  { head: 'gen late p99', show: (rounds) => digits(median(rounds.map(({ lateMs = Number.NaN }) => lateMs))) },
];
const cost: readonly Column[] = [
  { head: 'cpu ms/call', show: (rounds) => digits(medianOf(rounds, 'cpuMs')) },
  { head: 'later', show: (rounds) => digits(medianOf(rounds, 'laterCpuMs')) },
];
const beside: readonly Column[] = [
  { head: 'x floor', show: (rounds, roundsOf) => ratio(ratioOf(rounds, roundsOf('floor'), 'callsPerSecond')) },
  { head: 'cpu x floor', show: (rounds, roundsOf) => ratio(ratioOf(rounds, roundsOf('floor'), 'cpuMs')) },
  { head: 'x chain', show: (rounds, roundsOf) => ratio(ratioOf(rounds, roundsOf('chain'), 'callsPerSecond')) },
];
const circumstances: readonly Column[] = [
  { head: 'gen cpu', show: (rounds) => digits(medianOf(rounds, 'generatorCpuMs')) },
  { head: 'others', show: (rounds) => `${(medianOf(rounds, 'foreignShare') * 100).toFixed(0)} %` },
  { head: 'quiet', show: (rounds) => `${rounds.filter(isQuiet).length}/${rounds.length}` },
  { head: 'errors', show: (rounds) => String(rounds.reduce((sum, round) => sum + round.errors, 0)) },
];

export function renderCell(cell: CellName, rows: readonly Row[]): string {
  const key = keyOf(cell);
  const columns = columnsFor(cell);
  const roundsOf: RoundsOf = (name) => rows.find((row) => row.name === name)?.measured.get(key);
  const lines = rows
    .filter((row) => row.measures(cell))
    .map((row) => {
      const rounds = row.measured.get(key);
      const reason = row.failed.get('start') ?? row.failed.get(key);
      if (rounds === undefined) return [row.name, reason?.split('\n')[0]?.slice(0, 120) ?? 'not measured'];
      const failed = reason === undefined ? '' : ' (later failed)';
      return [row.name, ...columns.map(({ show }) => show(rounds, roundsOf))].map((text, i, all) =>
        i === all.length - 1 ? text + failed : text,
      );
    });
  return `${titleOf(cell)}\n${align([['', ...columns.map(({ head }) => head)], ...lines])}`;
}

function titleOf({ callers, payloadBytes, ratePerSecond }: CellName): string {
  if (ratePerSecond !== undefined)
    return `open loop, ${ratePerSecond} calls/s whatever comes back, ${payloadBytes} B; latency from the moment a call was due`;
  return `${callers} ${callers === 1 ? 'caller' : 'callers'}, ${payloadBytes} B`;
}

function columnsFor(cell: CellName): readonly Column[] {
  if (cell.ratePerSecond !== undefined) return [...latency, ...late, ...cost, ...circumstances];
  const amount = cell.payloadBytes >= bulkBytes ? [calls, bulk(cell)] : [calls];
  return [...amount, ...latency, ...cost, ...beside, ...circumstances];
}

export function renderReadings(readings: Readings): string {
  const lines = [...readings].map(([name, { value, note = '' }]) => {
    const { words, unit } = readingOf(name);
    return ['', `${digits(value)} ${unit}`.trimEnd(), words + (note === '' ? '' : ` (${note})`)];
  });
  return lines.length === 0 ? '' : `read once, on this machine\n${align(lines, 2)}`;
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return align(
    verdicts.map(({ number, kind, outcome, found, text }) => [outcome.toUpperCase(), digits(found), `${kind} ${number}`, text]),
    2,
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
  if (Math.abs(value) >= 100 || value === 0) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3);
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(2);
}
