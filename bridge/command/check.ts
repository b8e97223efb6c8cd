// One thing that `drawbridge doctor` looks at, and what it found: ok, a warning, or wrong. Rule: what can't be looked at is never ok.
import type { Finding } from '#contract/finding.ts';
import { findingOf } from '#contract/finding.ts';

export interface Check {
  /** Stable: `profile`, `host config`, … */
  readonly name: string;
  /** Which one, where there are several: a file, a server. */
  readonly about?: string;
  readonly outcome: 'ok' | 'warning' | 'wrong';
  /** What was found. */
  readonly says: string;
  /** What follows from it for the user or IT. */
  readonly meaning: string;
  /** Absent where there is nothing to do. */
  readonly action?: string;
}

export const ok = (name: string, says: string, meaning: string, about?: string): Check => ({
  name,
  ...(about === undefined ? {} : { about }),
  outcome: 'ok',
  says,
  meaning,
});

export const notOk = (outcome: 'warning' | 'wrong', of: Omit<Check, 'outcome'>): Check => ({ ...of, outcome });

/** What a finding says, in the words of the table. High ones are wrong. */
export function checkOf(name: string, finding: Finding, about?: string): Check {
  const { severity, meaning, action } = findingOf(finding.code);
  const subject = [finding.setting, finding.server?.name].filter(Boolean).join(' ');
  return {
    name,
    ...(about === undefined ? {} : { about }),
    outcome: severity === 'high' ? 'wrong' : 'warning',
    says: [finding.code, subject, finding.detail].filter(Boolean).join(': '),
    meaning,
    action,
  };
}

/** What follows from the checks, a line or more for each; those that want something last. */
export function checksInWords(checks: readonly Check[]): string {
  const rank = { ok: 0, warning: 1, wrong: 2 };
  const lines = checks
    .toSorted((a, b) => rank[a.outcome] - rank[b.outcome])
    .flatMap((check) => {
      const head = `${check.outcome.padEnd(7)}  ${check.name}${check.about === undefined ? '' : ` (${check.about})`}: ${check.says}`;
      return [head, `         ${check.meaning}`, ...(check.action === undefined ? [] : [`         To do: ${check.action}`])];
    });
  const count = (outcome: Check['outcome']): number => checks.filter((check) => check.outcome === outcome).length;
  const warnings = count('warning');
  return [...lines, '', `${count('ok')} ok, ${warnings} warning${warnings === 1 ? '' : 's'}, ${count('wrong')} wrong`].join('\n');
}
