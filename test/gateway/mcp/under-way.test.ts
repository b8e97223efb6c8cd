// Requests under way: to those who use it, a Map.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnderWay } from '../../../gateway/mcp/under-way.ts';

test('holds what a Map holds, in the same order, whatever is set and deleted', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 9 }), value: fc.option(fc.string()) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const underWay = new UnderWay<number, string>();
      const model = new Map<number, string>();
      for (const { key, value } of steps) {
        for (const of of [underWay, model]) {
          if (value === null) of.delete(key);
          else of.set(key, value);
        }
        expect([underWay.size, underWay.has(key), underWay.get(key)]).toEqual([model.size, model.has(key), model.get(key)]);
      }
      expect(underWay.values()).toEqual([...model.values()]);
    }),
  );
});
