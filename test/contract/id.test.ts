// Ids of what is stored: they sort as they were made, also those of one millisecond.
import { describe, expect, test } from 'vitest';
import { newId, RecordId } from '#contract/id.ts';
import { proves } from '../requirement.ts';

const NOW = 1_795_000_000_000;

describe('an id', () => {
  test('sorts as it was made, also beside others of the same millisecond', () => {
    proves('store.ids-in-order', {
      file: 'contract/id.ts',
      find: 'const counts = ms === last.ms && last.place < 0xfff;',
      replace: 'const counts = false;',
    });
    const ids = Array.from({ length: 2_000 }, (_, index) => newId(NOW + Math.trunc(index / 1_000)));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('is a UUIDv7 that says when it was made, however many there are of one millisecond', () => {
    for (let made = 0; made < 10_000; made++) {
      const id = RecordId.parse(newId(NOW));
      expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(NOW);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});
