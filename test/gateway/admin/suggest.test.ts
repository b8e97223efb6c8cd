// What somebody may have meant by a name that is not there.
import { describe, expect, test } from 'vitest';
import { nearNames, unknownName } from '../../../gateway/admin/suggest.ts';
import { durationWords, parseDuration } from '../../../gateway/admin/duration.ts';

describe('a name that is not there', () => {
  test('is answered with the names that are at most two edits away, the nearest first', () => {
    expect(nearNames('adda', ['grace', 'ada', 'add', 'addax'])).toEqual(['ada', 'add', 'addax']);
  });

  test('is answered with names that begin alike', () => {
    expect(nearNames('claude', ['claude-desktop', 'codex'])).toEqual(['claude-desktop']);
  });

  test('that is short is not near everything', () => {
    expect(nearNames('a', ['b', 'cd'])).toEqual([]);
  });

  test('is answered with what exists where nothing is near', () => {
    expect(unknownName('user', 'zoe', ['ada', 'grace'], 'apply a policy').message).toBe(
      'There is no user "zoe". There are: ada, grace.',
    );
  });

  test('is answered with how one is made where there is none', () => {
    expect(unknownName('user', 'zoe', [], 'apply a policy that names them').message).toBe(
      'There is no user "zoe". There is none yet: apply a policy that names them.',
    );
  });

  test('among many is answered with the first ten and the number of the others', () => {
    const many = Array.from({ length: 25 }, (_, index) => `server-number-${index}`);
    expect(unknownName('server', 'x', many, '').message).toMatch(/server-number-9 and 15 more\.$/);
  });
});

describe('a duration', () => {
  test.each([
    [0, '0.0 s'],
    [1234, '1.2 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 0 s'],
    [245_000, '4 min 5 s'],
    [3_599_600, '1 h 0 min'],
    [11_520_000, '3 h 12 min'],
    [864_022_400, '10 d 0 h'],
    [872_400_000, '10 d 2 h'],
  ])('of %d ms is told as %s', (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });

  test.each([
    ['90d', 7_776_000_000],
    ['12h', 43_200_000],
    ['30m', 1_800_000],
    ['45s', 45_000],
  ])('of %s is %d ms', (text, ms) => {
    expect(parseDuration(text, '--ttl')).toBe(ms);
  });

  test.each(['', '90', 'd', '0d', '-1h', '1.5h', '3651d', '1w', '90 d', '999999999d'])('written as %j is refused', (text) => {
    expect(() => parseDuration(text, '--ttl')).toThrow(
      'The setting --ttl is not valid: write a duration such as 90d, 12h or 30m',
    );
  });
});
