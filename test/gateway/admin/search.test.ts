// Moments as people write them for a search.
import { expect, test } from 'vitest';
import { parseMoment } from '../../../gateway/admin/search.ts';

const now = Date.UTC(2026, 10, 26, 12);
const moment = (text: string) => parseMoment(text, '--from', now);

test('a moment is a day, a day and a time with or without its zone, or how long ago', () => {
  expect(moment('2026-11-26')).toBe(Date.UTC(2026, 10, 26));
  expect(moment('2024-02-29')).toBe(Date.UTC(2024, 1, 29));
  expect(moment('2026-11-26T08:00:00Z')).toBe(Date.UTC(2026, 10, 26, 8));
  expect(moment('2026-11-26T00:30:00+02:00')).toBe(Date.UTC(2026, 10, 25, 22, 30));
  expect(moment('24h')).toBe(now - 86_400_000);
});

test('a day that no calendar has is refused, not taken for another one', () => {
  for (const text of [
    '2026-02-30',
    '2026-02-29',
    '2026-04-31T08:00:00Z',
    '2026-13-01',
    '2026-11-26T25:00',
    'yesterday',
    '',
    '0h',
  ])
    expect(() => moment(text), text).toThrow('--from');
});
