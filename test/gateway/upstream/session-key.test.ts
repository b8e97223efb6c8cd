// The keys of sessions: two that are not the same session never share one, whoever was asked about before.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Assignment } from '../../../gateway/call.ts';
import { createSessionKeys } from '../../../gateway/upstream/session-key.ts';

test('a key is the same for the same session, and another one for any other', () => {
  const assignments = ['files', 'mail'].map((slug) => ({ server: { slug } }) as Assignment);
  const some = (...texts: string[]) => fc.constantFrom(...texts);
  const asked = fc.record({
    of: some('0', '1'),
    owner: some('one', 'two'),
    host: some('claude', 'codex'),
    declared: some('{}', '{"roots":{}}'),
    workstation: some('w1', 'w2'),
    fingerprint: some('f1', 'f2'),
  });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 40 }), (all) => {
      const keyOf = createSessionKeys();
      const made = new Map<string, string>();
      for (const { of, workstation, fingerprint, ...asker } of all) {
        const assignment = assignments[Number(of)] as Assignment;
        const key = keyOf(assignment, asker, { workstation, fingerprint } as never);
        const what = JSON.stringify({ of, workstation, fingerprint, asker });
        expect(made.get(what) ?? key).toBe(key);
        made.set(what, key);
      }
      expect(new Set(made.values()).size).toBe(made.size);
    }),
  );
});
