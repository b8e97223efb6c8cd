// The end of a run: tables, readings and verdicts on stdout, all figures in a file where one is named, and the exit code.
import { availableParallelism } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { judge, voidReasons } from './goal.ts';
import type { Churn } from './leak/churn.ts';
import { renderGrowth } from './leak/growth.ts';
import type { Plan } from './plan.ts';
import type { Readings } from './reading.ts';
import type { Row } from './row.ts';
import { renderCell, renderReadings, renderVerdicts } from './table.ts';

export interface Result {
  readonly plan: Plan;
  readonly rows: readonly Row[];
  readonly readings: Readings;
  /** Parts of the run that came to nothing, with their reasons. */
  readonly failures: readonly string[];
  /** Of short sessions, where the run had them. */
  readonly leak: Churn | undefined;
}

/** 0 where the run is sound, whatever it found; 1 where it proves nothing, and where short sessions left something behind. */
export async function conclude({ plan, rows, readings, failures, leak }: Result): Promise<number> {
  const machine = { node: process.version, platform: process.platform, cores: availableParallelism() };
  const { seconds, rounds, cells, rules } = plan;
  const verdicts = judge(rows, cells, readings);
  const reasons = voidReasons(rows);
  const about = `Node ${machine.node}, ${machine.cores} cores, loopback; ${rounds} rounds of ${seconds} s a cell, interleaved; medians of the quiet rounds${rules === 0 ? '' : `; ${rules} rules on the product's gateway`}`;
  const tables = cells.map((cell) => renderCell(cell, rows));
  const failed = rows.flatMap((row) => [...row.failed].map(([key, reason]) => `${row.name} (${key}): ${reason}`));
  const wrong = rows.flatMap((row) => {
    const first = [...row.measured.values()].flat().find(({ firstError }) => firstError !== undefined);
    return first === undefined ? [] : [`${row.name}: ${first.firstError}`];
  });
  const end = reasons.length === 0 ? '' : `The run is VOID: ${reasons.join('; ')}`;
  const parts = [
    about,
    ...tables,
    renderReadings(readings),
    renderVerdicts(verdicts),
    renderLeak(leak),
    ...failed,
    ...wrong,
    ...failures,
    end,
  ];
  process.stdout.write(`\n${parts.filter((part) => part !== '').join('\n\n')}\n`);
  if (plan.json !== undefined) {
    const figures = rows.map((row) => ({
      name: row.name,
      cells: Object.fromEntries(row.measured),
      failed: Object.fromEntries(row.failed),
    }));
    const read = Object.fromEntries(readings);
    const result = {
      version: 2,
      machine,
      seconds,
      rounds,
      rules,
      voidReasons: reasons,
      verdicts,
      readings: read,
      leak,
      rows: figures,
    };
    await writeFile(plan.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  const isLeakFound = plan.parts.has('leak') && !leak?.growth.every(({ isFlat }) => isFlat);
  return reasons.length === 0 && !isLeakFound ? 0 : 1;
}

function renderLeak(leak: Churn | undefined): string {
  if (leak === undefined) return '';
  const { sessions, refused, seconds, growth } = leak;
  const grew = growth.filter(({ isFlat }) => !isFlat).map(({ what }) => what);
  const verdict = grew.length === 0 ? 'nothing grew' : `GREW: ${grew.join(', ')}`;
  const about = `after ${sessions} more short sessions of 2025-11-25 and as many requests of 2026-07-28 (${seconds.toFixed(0)} s in all; ${refused} sessions above what one person may have): ${verdict}`;
  return `${about}\n${renderGrowth(growth)}`;
}
