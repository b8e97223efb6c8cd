// The keys of what callers were shown: two that were not shown the same list never share one, whoever was asked about before.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Assignment, Caller } from '../../../gateway/call.ts';
import { createViewKeys } from '../../../gateway/pipeline/view-key.ts';

const two = ['0', '1'] as const;

test('a key is the same for the same list of the same caller, and another one for any other', () => {
  const some = fc.constantFrom(...two);
  const objects = <T>(make: (...named: string[]) => unknown) =>
    new Map(two.flatMap((a) => two.flatMap((b) => two.map((c) => [a + b + c, make(a, b, c) as T]))));
  const callers = objects<Caller>((id, host, workstation) => ({ user: { id }, host, workstation }));
  const assignments = objects<Assignment>((slug, id) => ({ gateway: { slug }, server: { id } }));
  const asked = fc.record({
    of: fc.tuple(some, some, some).map((of) => of.join('')),
    at: fc.tuple(some, some).map((at) => `${at.join('')}0`),
    kind: fc.constantFrom('tools' as const, 'prompts' as const),
  });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 40 }), (all) => {
      const keyOf = createViewKeys();
      const made = new Map<string, string>();
      for (const one of all) {
        const key = keyOf({ caller: callers.get(one.of) as Caller, assignment: assignments.get(one.at) as Assignment }, one.kind);
        expect(made.get(JSON.stringify(one)) ?? key).toBe(key);
        made.set(JSON.stringify(one), key);
      }
      expect(new Set(made.values()).size).toBe(made.size);
    }),
  );
});
