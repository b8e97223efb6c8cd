// How a run is printed: what the suite does not count is marked, and below it stands why.
import { expect, test } from 'vitest';
import { expected } from './expected.ts';
import { tableOf } from './table.ts';
import type { Judged } from './verdict.ts';

const judged = (scenario: string, isScored: boolean): Judged => ({
  scenario,
  isScored,
  passed: true,
  short: new Map(),
  reason: undefined,
  surprises: [],
});
const printed = (...scored: readonly boolean[]) =>
  tableOf({
    suite: '2026-07-28',
    direct: undefined,
    places: new Map([['2026-07-28', scored.map((isScored, index) => judged(`one-${index}`, isScored))]]),
    surprises: [],
  });

test('a table with scenarios that the suite does not count says what that means, and no other does', () => {
  expect(printed(true, false)).toMatch(
    /one-1 \(not scored\) +passes\n(?:.*\n)*score +1\/1\nnot scored: the suite runs it and counts it for nothing/,
  );
  expect(printed(true)).not.toContain('not scored');
});

test('what the list lays to the specification names the place where that says so', () => {
  for (const { reason } of expected.filter((one) => one.reason.startsWith('spec: ')))
    expect(reason).toMatch(/^spec: (?:2025-11-25|2026-07-28|RFC \d+), [\w/]+/);
  const [cimd] = expected.filter(({ scenarios }) => scenarios.includes('auth/basic-cimd'));
  expect(cimd?.reason).toMatch(/^run: .*test\/walk\/upstream-sign-in-document\.slow\.test\.ts$/);
});
