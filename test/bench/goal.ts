// What the figures are held to, as ratios within one run. Nothing here is an absolute time: those hold for one machine only.
import { keyOf, type Row } from './row.ts';
import { errorsOf, ratioOf, type Figure } from './summary.ts';

interface Goal {
  readonly row: string;
  readonly figure: Figure;
  readonly against: string;
  readonly callers: number;
  readonly payloadBytes: number;
  readonly bound: 'at least' | 'at most';
  readonly value: number;
  /** `must`: promised now. `aim`: what the design wants in the end. */
  readonly kind: 'must' | 'aim';
}

export interface Verdict {
  readonly text: string;
  readonly kind: Goal['kind'];
  readonly ratio: number;
  readonly outcome: 'pass' | 'miss' | 'not measured';
}

export const smallBytes = 200;
export const largeBytes = 65_536;
const http = 'drawbridge http';
const shim = 'drawbridge shim';
const at = (callers: number, payloadBytes: number) => ({ callers, payloadBytes });

const goals: readonly Goal[] = [
  { row: http, figure: 'callsPerSecond', against: 'floor', ...at(16, smallBytes), bound: 'at least', value: 0.5, kind: 'must' },
  { row: http, figure: 'cpuMs', against: 'floor', ...at(16, smallBytes), bound: 'at most', value: 2, kind: 'must' },
  { row: shim, figure: 'callsPerSecond', against: 'chain', ...at(16, smallBytes), bound: 'at least', value: 4, kind: 'must' },
  { row: http, figure: 'callsPerSecond', against: 'floor', ...at(16, smallBytes), bound: 'at least', value: 0.6, kind: 'aim' },
  { row: http, figure: 'cpuMs', against: 'floor', ...at(16, smallBytes), bound: 'at most', value: 1.6, kind: 'aim' },
  { row: http, figure: 'callsPerSecond', against: 'floor', ...at(64, smallBytes), bound: 'at least', value: 0.6, kind: 'aim' },
  { row: http, figure: 'cpuMs', against: 'floor', ...at(64, smallBytes), bound: 'at most', value: 1.6, kind: 'aim' },
  { row: http, figure: 'cpuMs', against: 'floor', ...at(16, largeBytes), bound: 'at most', value: 1.3, kind: 'aim' },
  { row: shim, figure: 'callsPerSecond', against: 'chain', ...at(1, smallBytes), bound: 'at least', value: 3, kind: 'aim' },
  { row: shim, figure: 'callsPerSecond', against: 'chain', ...at(16, smallBytes), bound: 'at least', value: 6, kind: 'aim' },
  { row: shim, figure: 'cpuMs', against: 'chain', ...at(16, smallBytes), bound: 'at most', value: 1 / 6, kind: 'aim' },
  { row: shim, figure: 'callsPerSecond', against: 'chain', ...at(16, largeBytes), bound: 'at least', value: 1.8, kind: 'aim' },
];

/** A slow floor flatters everything that is compared with it. */
const leastFloorOfDirect = 0.08;

/** Every goal whose cell was part of the run. */
export function judge(rows: readonly Row[], cells: readonly { callers: number; payloadBytes: number }[]): readonly Verdict[] {
  const keys = new Set(cells.map(keyOf));
  return goals.filter((goal) => keys.has(keyOf(goal))).map((goal) => judgeGoal(goal, rows));
}

function judgeGoal(goal: Goal, rows: readonly Row[]): Verdict {
  const ratio = ratioBetween(rows, goal.row, goal.against, keyOf(goal), goal.figure);
  const what = goal.figure === 'cpuMs' ? 'CPU per call' : 'calls/s';
  const text = `${goal.row} ${keyOf(goal)}: ${what} ${goal.bound} ${goal.value.toFixed(2)} x ${goal.against}`;
  const isMet = goal.bound === 'at least' ? ratio >= goal.value : ratio <= goal.value;
  return { text, kind: goal.kind, ratio, outcome: Number.isNaN(ratio) ? 'not measured' : isMet ? 'pass' : 'miss' };
}

/** Why the run proves nothing; empty when it is sound. */
export function voidReasons(rows: readonly Row[]): readonly string[] {
  const reasons = rows.filter((row) => errorsOf(row) > 0).map((row) => `${row.name} gave ${errorsOf(row)} wrong answers`);
  const share = ratioBetween(rows, 'floor', 'direct stdio', keyOf(at(16, smallBytes)), 'callsPerSecond');
  if (share < leastFloorOfDirect)
    reasons.push(`the floor reached only ${share.toFixed(3)} x direct stdio (least: ${leastFloorOfDirect})`);
  return reasons;
}

function ratioBetween(rows: readonly Row[], above: string, below: string, key: string, figure: Figure): number {
  const roundsOf = (name: string) => rows.find((row) => row.name === name)?.measured.get(key);
  return ratioOf(roundsOf(above), roundsOf(below), figure);
}
