// Judges what a suite said against what it says of the fixture server directly, and against the one list of what is known to fall short. Pure.
// A check falls short where it failed or warned, and where it passed directly but was not even tried through the gateway. What falls short must stand
// on the list, and what stands on the list must fall short: so the list only shrinks.
import type { Check, Scenario, SuiteName } from './suite.ts';

/**
 * Where a suite is held against the product: before a fixture of the suite's own era, or (`across`) before one that speaks only the other era, so that
 * the gateway has to translate.
 */
export type Place = SuiteName | '2025-11-25 across' | '2026-07-28 across';
export interface Shortfall {
  readonly places: readonly Place[];
  readonly scenarios: readonly string[];
  /** Ids of the checks that fall short, all of them; absent where the whole scenario may. */
  readonly checks?: readonly string[];
  /** `spec: <where it says so>` where it can not apply, `run: <why, and what shows it>` where it is so of this run alone, `later: <part of the work>` where it is not built yet. */
  readonly reason: `spec: ${string}` | `run: ${string}` | `later: ${string}`;
}

export interface Judged {
  readonly scenario: string;
  readonly isScored: boolean;
  readonly passed: boolean;
  /** Check id -> what is wrong, in words. */
  readonly short: ReadonlyMap<string, string>;
  readonly reason: string | undefined;
  /** What the list says wrongly of it, in words; empty where it is as expected. */
  readonly surprises: readonly string[];
}

const falls = ({ status }: Check): boolean => status === 'FAILURE' || status === 'WARNING';

/** Passed as the suite counts it: no check failed. */
export function passed(scenario: Scenario): boolean {
  return ![...scenario.checks.values()].some(({ status }) => status === 'FAILURE');
}

/** How many of the scenarios that count passed, of how many. */
export function scoreOf(scenarios: readonly { isScored: boolean; passed: boolean }[]): { passed: number; of: number } {
  const scored = scenarios.filter(({ isScored }) => isScored);
  return { passed: scored.filter((one) => one.passed).length, of: scored.length };
}

/** Scenarios that are not scored and that the fixture itself does not serve say nothing about a gateway before it. */
export function isMeant(direct: Scenario): boolean {
  return direct.isScored || (passed(direct) && [...direct.checks.values()].some(({ status }) => status === 'SUCCESS'));
}

/** Of the fixture server itself nothing may fall short. */
export function judgeDirect(direct: readonly Scenario[]): readonly string[] {
  return direct
    .filter(isMeant)
    .flatMap(({ name, checks }) =>
      [...checks].filter(([, check]) => falls(check)).map(([id, { words }]) => `${name}: ${id} falls short directly: ${words}`),
    );
}

/** `direct`: undefined where there is nothing to hold it against, so that every check has to pass. `listed`: the lines of the list that name this place. */
export function judge(
  direct: readonly Scenario[] | undefined,
  through: readonly Scenario[],
  listed: readonly Shortfall[],
): { readonly judged: readonly Judged[]; readonly surprises: readonly string[] } {
  const judged = (direct ?? through).filter(isMeant).map((reference): Judged => {
    const scenario = through.find(({ name }) => name === reference.name);
    const short = scenario ? shortOf(direct && reference, scenario) : new Map([['not-run', 'the suite did not run it']]);
    const lines = listed.filter(({ scenarios }) => scenarios.includes(reference.name));
    return {
      scenario: reference.name,
      isScored: reference.isScored,
      passed: scenario !== undefined && passed(scenario),
      short,
      reason: lines.map(({ reason }) => reason).join('; ') || undefined,
      surprises: surprisesOf(short, lines),
    };
  });
  const strays = listed
    .flatMap(({ scenarios }) => scenarios)
    .filter((name) => !judged.some(({ scenario }) => scenario === name))
    .map((name) => `${name}: it stands on the list, and the suite has no such scenario`);
  const surprises = judged.flatMap(({ scenario, surprises: found }) => found.map((words) => `${scenario}: ${words}`));
  return { judged, surprises: [...surprises, ...strays] };
}

function shortOf(direct: Scenario | undefined, through: Scenario): ReadonlyMap<string, string> {
  const short = new Map<string, string>();
  for (const [id, check] of through.checks)
    if (falls(check) || (!direct && check.status === 'SKIPPED')) short.set(id, check.words);
  // What is only told is no check: where nothing else was made, nothing passed.
  if (!direct && short.size === 0 && ![...through.checks.values()].some(({ status }) => status === 'SUCCESS'))
    short.set('not-tried', 'no check of it passed');
  for (const [id, check] of direct?.checks ?? []) {
    const seen = through.checks.get(id);
    if (check.status === 'SUCCESS' && (seen === undefined || seen.status === 'SKIPPED' || seen.status === 'INFO'))
      short.set(id, `it passes directly and was not tried through the gateway${seen ? ` (${seen.words})` : ''}`);
  }
  return short;
}

function surprisesOf(short: ReadonlyMap<string, string>, lines: readonly Shortfall[]): string[] {
  const isWhole = lines.some(({ checks }) => checks === undefined);
  if (isWhole) return short.size > 0 ? [] : ['it stands on the list, and passes: take it off'];
  const listed = new Set(lines.flatMap(({ checks }) => checks ?? []));
  const missing = [...listed]
    .filter((id) => !short.has(id))
    .map((id) => `${id} stands on the list, and does not fall short: take it off`);
  const unlisted = [...short].filter(([id]) => !listed.has(id)).map(([id, words]) => `${id} falls short: ${words}`);
  return [...missing, ...unlisted];
}
