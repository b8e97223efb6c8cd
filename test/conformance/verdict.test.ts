// How what the suites say is judged: what falls short must be listed, and what is listed must fall short.
import { describe, expect, test } from 'vitest';
import type { Check, Scenario, Status } from './suite.ts';
import { judge, judgeDirect, scoreOf, type Shortfall } from './verdict.ts';

const scenario = (name: string, checks: Record<string, Status>, isScored = true): Scenario => ({
  name,
  isScored,
  checks: new Map(
    Object.entries(checks).map(([id, status]): [string, Check] => [id, { status, words: `${id} says ${status.toLowerCase()}` }]),
  ),
});
const listed = (scenarios: string[], checks?: string[]): Shortfall => ({
  places: ['2026-07-28'],
  scenarios,
  ...(checks && { checks }),
  reason: 'later: tests',
});
const surprises = (direct: Scenario[], through: Scenario[], list: Shortfall[] = []) => judge(direct, through, list).surprises;
const good = scenario('ping', { ping: 'SUCCESS' });

describe('what falls short', () => {
  test.each<Status>(['FAILURE', 'WARNING', 'SKIPPED', 'INFO'])('a check that passes directly and is %s through', (status) => {
    expect(surprises([good], [scenario('ping', { ping: status })])).toEqual([expect.stringMatching(/^ping: ping falls short/)]);
  });
  test('a check that passes directly and is missing through', () => {
    expect(surprises([good], [scenario('ping', {})])).toHaveLength(1);
  });
  test('a scenario that the suite did not run', () => {
    expect(surprises([good], [])).toEqual([expect.stringContaining('did not run')]);
  });
  test.each<Status>(['FAILURE', 'WARNING', 'SKIPPED', 'INFO'])(
    'a check that is %s where there is nothing to hold it against',
    (status) => {
      expect(judge(undefined, [scenario('ping', { ping: status })], []).surprises).toHaveLength(1);
      expect(judge(undefined, [good], []).surprises).toEqual([]);
    },
  );
  test('a check that only the way through fails', () => {
    expect(surprises([good], [scenario('ping', { ping: 'SUCCESS', more: 'FAILURE' })])).toHaveLength(1);
  });
  test('nothing, where it passes on both ways or is left open on both', () => {
    expect(surprises([good], [good])).toEqual([]);
    const open = scenario('ping', { ping: 'SUCCESS', other: 'SKIPPED' });
    expect(surprises([open], [open])).toEqual([]);
  });
});

describe('the list', () => {
  const failing = scenario('ping', { ping: 'FAILURE', pong: 'FAILURE' });

  test('excuses a whole scenario, while anything of it falls short', () => {
    expect(surprises([good], [failing], [listed(['ping'])])).toEqual([]);
    expect(surprises([good], [good], [listed(['ping'])])).toEqual([expect.stringContaining('take it off')]);
  });
  test('excuses single checks, and no other', () => {
    expect(surprises([good], [failing], [listed(['ping'], ['ping'])])).toEqual([expect.stringContaining('pong falls short')]);
    expect(surprises([good], [failing], [listed(['ping'], ['ping', 'pong'])])).toEqual([]);
  });
  test('names no check that passes', () => {
    expect(surprises([good], [good], [listed(['ping'], ['ping'])])).toEqual([expect.stringContaining('take it off')]);
  });
  test('names no scenario that the suite does not have', () => {
    expect(surprises([good], [good], [listed(['pong'])])).toEqual([expect.stringContaining('no such scenario')]);
  });
});

test('what the fixture itself fails is no measure: it is a fault where it counts, and left out where it does not', () => {
  const optional = scenario('tasks', { tasks: 'FAILURE' }, false);
  expect(judgeDirect([scenario('ping', { ping: 'WARNING' }), optional])).toHaveLength(1);
  expect(judge([good, optional], [good], []).judged).toHaveLength(1);
});

test('the score counts what the suite counts, as the suite does', () => {
  const direct = [good, scenario('pong', { pong: 'SUCCESS' }), scenario('more', { more: 'SUCCESS' }, false)];
  const through = [good, scenario('pong', { pong: 'FAILURE' }), scenario('more', { more: 'FAILURE' }, false)];
  expect(scoreOf(judge(direct, through, []).judged)).toEqual({ passed: 1, of: 2 });
});
