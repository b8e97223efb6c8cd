// What the figures are held to: the performance goals by their numbers. Ratios are taken within one run and hold anywhere; a goal with a unit is an
// absolute figure, which holds for one machine only and is printed with that note. Goals of functions (policy, audit records) are not held here.
import { hugeBytes, keyOf, largeBytes, openLoop, smallBytes, type CellName } from './cell.ts';
import { readingOf, type ReadingName, type Readings } from './reading.ts';
import type { Row } from './row.ts';
import { differenceOf, errorsOf, medianOf, ratioOf, type Figure } from './summary.ts';

type Subject =
  /** A row's figure in one cell, divided by that of another row. */
  | { readonly by: 'ratio'; readonly row: string; readonly figure: Figure; readonly against: string; readonly cell: CellName }
  /** A row's figure in one cell, less that of another row; milliseconds. */
  | {
      readonly by: 'difference';
      readonly row: string;
      readonly figure: 'p50Ms';
      readonly against: string;
      readonly cell: CellName;
    }
  /** What was measured once a run: memory, starts. */
  | { readonly by: 'reading'; readonly reading: ReadingName };

interface Goal {
  readonly number: number;
  readonly kind: 'goal' | 'stretch';
  readonly subject: Subject;
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

export interface Verdict {
  readonly number: number;
  readonly kind: Goal['kind'];
  readonly text: string;
  readonly found: number;
  readonly outcome: 'pass' | 'miss' | 'not measured';
}

const http = 'drawbridge http';
const shim = 'drawbridge shim';
const small = (callers: number): CellName => ({ callers, payloadBytes: smallBytes });
const large: CellName = { callers: 16, payloadBytes: largeBytes };
const huge: CellName = { callers: 16, payloadBytes: hugeBytes };

const ratio = (row: string, figure: Figure, against: string, cell: CellName): Subject => ({
  by: 'ratio',
  row,
  figure,
  against,
  cell,
});
const above = (row: string, against: string, cell: CellName): Subject => ({
  by: 'difference',
  row,
  figure: 'p50Ms',
  against,
  cell,
});
const reading = (name: ReadingName): Subject => ({ by: 'reading', reading: name });
const least = (number: number, subject: Subject, value: number, kind: Goal['kind'] = 'goal'): Goal => ({
  number,
  kind,
  subject,
  bound: 'at least',
  value,
});
const most = (number: number, subject: Subject, value: number, kind: Goal['kind'] = 'goal'): Goal => ({
  number,
  kind,
  subject,
  bound: 'at most',
  value,
});

const goals: readonly Goal[] = [
  ...[16, 64].flatMap((callers) => [
    most(1, ratio(http, 'cpuMs', 'floor', small(callers)), 1.6),
    most(1, ratio(http, 'cpuMs', 'floor', small(callers)), 1.2, 'stretch'),
    least(1, ratio(http, 'callsPerSecond', 'floor', small(callers)), 0.6),
    least(1, ratio(http, 'callsPerSecond', 'floor', small(callers)), 0.85, 'stretch'),
    least(2, ratio(shim, 'callsPerSecond', 'chain', small(callers)), 6),
    most(2, ratio(shim, 'cpuMs', 'chain', small(callers)), 1 / 6),
  ]),
  least(2, ratio(shim, 'callsPerSecond', 'chain', small(1)), 3),
  least(2, ratio(shim, 'callsPerSecond', 'chain', large), 1.8),
  least(3, ratio(http, 'callsPerSecond', 'mcp-proxy', small(16)), 3),
  least(3, ratio(http, 'callsPerSecond', 'supergateway', small(16)), 3),
  most(4, above('drawbridge http, audit batched', 'direct stdio', small(1)), 0.25),
  most(4, above(http, 'direct stdio', small(1)), 0.6),
  most(4, ratio(http, 'p99Ms', 'floor', openLoop), 2),
  most(5, ratio(http, 'cpuMs', 'floor', large), 1.3),
  least(5, ratio(http, 'callsPerSecond', 'floor', huge), 0.6),
  least(5, ratio(http, 'callsPerSecond', 'mcp-proxy', huge), 2.5),
  most(8, reading('tunnelsMb'), 250),
  most(8, reading('tunnelsCpu'), 2),
  most(8, reading('backSeconds'), 5),
  most(8, reading('tlsTunnelsMb'), 800),
  most(8, reading('tlsBackSeconds'), 20),
  most(9, reading('sessionKb'), 10),
  most(9, reading('statelessSessions'), 0),
  most(10, reading('listeningMs'), 350),
  most(10, reading('firstCallMs'), 400),
];

/** A slow floor flatters everything that is compared with it. */
const leastFloorOfDirect = 0.08;

/** FLOOR's CPU per call, in ms, on the machine that the absolute figures were set on; there is no other scale that both machines have. */
const referenceFloorMs = 0.048;

/** How much slower this machine is than that one; NaN where the run has no floor. */
function slownessOf(rows: readonly Row[]): number {
  const floor = rows.find(({ name }) => name === 'floor')?.measured.get(keyOf(small(16)));
  return medianOf(floor, 'cpuMs') / referenceFloorMs;
}

/** Every goal whose cell or reading was part of the run. */
export function judge(rows: readonly Row[], cells: readonly CellName[], readings: Readings): readonly Verdict[] {
  const keys = new Set(cells.map(keyOf));
  const isAsked = ({ subject }: Goal): boolean =>
    subject.by === 'reading' ? readings.has(subject.reading) : keys.has(keyOf(subject.cell));
  return goals.filter(isAsked).map((goal) => judgeGoal(goal, rows, readings));
}

function judgeGoal({ number, kind, subject, bound, value }: Goal, rows: readonly Row[], readings: Readings): Verdict {
  const found = foundFor(subject, rows, readings);
  const isMet = bound === 'at least' ? found >= value : found <= value;
  return {
    number,
    kind,
    text: wordsFor(subject, bound, value, readings) + scaledFor(subject, found, rows),
    found,
    outcome: Number.isNaN(found) ? 'not measured' : isMet ? 'pass' : 'miss',
  };
}

function foundFor(subject: Subject, rows: readonly Row[], readings: Readings): number {
  if (subject.by === 'reading') {
    const found = readings.get(subject.reading);
    return found === undefined || found.isShort ? Number.NaN : found.value;
  }
  const key = keyOf(subject.cell);
  const roundsOf = (name: string) => rows.find((row) => row.name === name)?.measured.get(key);
  const compare = subject.by === 'ratio' ? ratioOf : differenceOf;
  return compare(roundsOf(subject.row), roundsOf(subject.against), subject.figure);
}

const figureWords: Readonly<Record<Figure, string>> = {
  callsPerSecond: 'calls/s',
  cpuMs: 'CPU per call',
  laterCpuMs: 'CPU per call after the last answer',
  p50Ms: 'p50',
  p99Ms: 'p99',
  generatorCpuMs: "the generator's CPU",
  foreignShare: 'foreign load',
};
const thisMachine = '(this machine only)';

function wordsFor(subject: Subject, bound: Goal['bound'], value: number, readings: Readings): string {
  if (subject.by === 'reading') {
    const { words, unit } = readingOf(subject.reading);
    const note = readings.get(subject.reading)?.note;
    return `${words}: ${bound} ${value} ${unit} ${note === undefined ? thisMachine : `${thisMachine.slice(0, -1)}; ${note})`}`;
  }
  const { row, figure, against, cell } = subject;
  const what = `${row} ${keyOf(cell)}: ${figureWords[figure]}`;
  if (subject.by === 'difference') return `${what} ${bound} ${value.toFixed(2)} ms above ${against} ${thisMachine}`;
  return `${what} ${bound} ${value.toFixed(2)} x ${against}`;
}

/** What an absolute time would be where it was set, by the floor of this very run; the verdict is on the time itself. */
function scaledFor(subject: Subject, found: number, rows: readonly Row[]): string {
  const slowness = subject.by === 'difference' ? slownessOf(rows) : Number.NaN;
  if (Number.isNaN(slowness) || Number.isNaN(found)) return '';
  return `; ${slowness.toFixed(2)} x the reference's CPU per call of floor, by which it is ${(found / slowness).toFixed(2)} ms`;
}

/** Why the run proves nothing; empty when it is sound. */
export function voidReasons(rows: readonly Row[]): readonly string[] {
  const reasons = rows.filter((row) => errorsOf(row) > 0).map((row) => `${row.name} gave ${errorsOf(row)} wrong answers`);
  const key = keyOf(small(16));
  const roundsOf = (name: string) => rows.find((row) => row.name === name)?.measured.get(key);
  const share = ratioOf(roundsOf('floor'), roundsOf('direct stdio'), 'callsPerSecond');
  if (share < leastFloorOfDirect)
    reasons.push(`the floor reached only ${share.toFixed(3)} x direct stdio (least: ${leastFloorOfDirect})`);
  return reasons;
}
