// Prints a run: per suite its scenarios side by side, then what falls short in words, then one line.
import type { Scenario, SuiteName } from './suite.ts';
import { isMeant, type Judged, passed, type Place, scoreOf } from './verdict.ts';

export interface SuiteRun {
  readonly suite: SuiteName;
  /** Undefined where there is no such way: what the gateway server is itself. */
  readonly direct: readonly Scenario[] | undefined;
  readonly places: ReadonlyMap<Place, readonly Judged[]>;
  readonly surprises: readonly string[];
}

function headOf(place: Place): string {
  if (place === 'authorization') return 'gateway';
  return place.endsWith(' across') ? 'across eras' : 'through';
}

export function tableOf({ suite, direct, places }: SuiteRun): string {
  const columns = [...places.values()];
  const meant = columns[0] ?? [];
  const rows = meant.map(({ scenario: name, isScored }) => [
    `${name}${isScored ? '' : ' (not scored)'}`,
    ...(direct ?? []).filter((one) => one.name === name).map((one) => (passed(one) ? 'passes' : 'FAILS')),
    ...columns.map((judged) => cellOf(judged.find((one) => one.scenario === name))),
  ]);
  const head = [suite, ...(direct ? ['direct'] : []), ...[...places.keys()].map((place) => headOf(place))];
  const scores = columns.map((judged) => fraction(scoreOf(judged)));
  const foot = ['score', ...(direct ? [fraction(directScore(direct))] : []), ...scores];
  const all = [head, ...rows, foot];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const left = (direct ?? []).filter((scenario) => !isMeant(scenario)).map(({ name }) => name);
  const note = [
    ...(meant.some(({ isScored }) => !isScored) ? [notScored] : []),
    ...(left.length === 0 ? [] : [`not scored, and not served by the fixture: ${left.join(', ')}`]),
  ];
  return [line(head), rule, ...rows.map(line), rule, line(foot), ...note].join('\n');
}

/** By the suite's own files of requirements (`not_scored`, the reasons added-after-release and pending). */
const notScored =
  'not scored: the suite runs it and counts it for nothing, because it is newer than the requirements or its own reference server does not pass it yet';

/** What falls short, with its reason, and what fails. */
export function shortfallsOf({ places }: SuiteRun): string {
  const lines: string[] = [];
  for (const [place, judged] of places)
    for (const { scenario, short, reason } of judged) {
      if (short.size === 0) continue;
      lines.push(`${place}: ${scenario} (${reason ?? 'NOT EXPECTED'})`);
      for (const [id, words] of short) lines.push(`    ${id}: ${words.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
    }
  return lines.join('\n');
}

export function summaryOf(runs: readonly SuiteRun[]): string {
  const parts = runs.map(({ suite, direct, places }) => {
    const scores = [...places].map(([place, judged]) => `${headOf(place)} ${fraction(scoreOf(judged))}`);
    return `${suite}: ${[...(direct ? [`direct ${fraction(directScore(direct))}`] : []), ...scores].join(', ')}`;
  });
  const short = runs.flatMap(({ places }) => [...places.values()].flat()).filter((one) => one.short.size > 0).length;
  const surprises = runs.flatMap((run) => run.surprises).length;
  return `conformance: ${parts.join('; ')}; ${short} fall short, ${surprises === 0 ? 'all as listed' : `${surprises} NOT as listed`}`;
}

function cellOf(judged: Judged | undefined): string {
  if (!judged) return 'NOT RUN';
  if (judged.short.size === 0) return 'passes';
  const outcome = judged.passed ? 'passes in part' : 'fails';
  return judged.surprises.length > 0 ? `${outcome.toUpperCase()}, not as listed` : outcome;
}

function directScore(direct: readonly Scenario[]): { passed: number; of: number } {
  return scoreOf(direct.map((scenario) => ({ isScored: scenario.isScored, passed: passed(scenario) })));
}

function fraction({ passed: count, of }: { passed: number; of: number }): string {
  return `${count}/${of}`;
}
