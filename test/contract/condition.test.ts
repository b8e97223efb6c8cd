// Conditions against a naive reading of them: a pattern as a regular expression says it, hints only as they stand there.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fittingOf, type Hints, hints } from '#contract/condition.ts';
import { proves } from '../requirement.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '_', '*', '.', '?'), minLength: 1, maxLength: 8 });

test('a pattern fits the names that it says, with * for any characters and everything else for itself', () => {
  const naive = (pattern: string) =>
    new RegExp(`^${pattern.replaceAll(/[.?_]/g, (one) => `\\${one === '_' ? 'x5f' : one}`).replaceAll('*', '[^]*')}$`);
  fc.assert(
    fc.property(name, name, (pattern, tried) => {
      expect(fittingOf({ if: { name: pattern } }).fitsName(tried)).toBe(naive(pattern).test(tried));
    }),
    { numRuns: 3000 },
  );
  const fits = (pattern: string, tried: string) => fittingOf({ if: { name: pattern } }).fitsName(tried);
  expect([fits('get_*', 'get_'), fits('get_*', 'xget_a'), fits('*_a*a', '_aa'), fits('*_a*a', '_a')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('no name fits that a policy could not hold', () => {
  expect(fittingOf({ if: { name: '*' } }).fitsName('a'.repeat(2048))).toBe(true);
  expect(fittingOf({ if: { name: '*' } }).fitsName('a'.repeat(2049))).toBe(false);
});

test('a hint fits only where the definition says exactly that', () => {
  proves('policy.condition-said', {
    file: 'contract/condition.ts',
    find: 'said[hint] === wanted[hint]',
    replace: '(said[hint] ?? false) === wanted[hint]',
  });
  const said = fc.record(Object.fromEntries(hints.map((hint) => [hint, fc.option(fc.boolean(), { nil: undefined })])));
  fc.assert(
    fc.property(said, said, (wanted: Hints, definition: Hints) => {
      const isSaid = hints.every((hint) => wanted[hint] === undefined || definition[hint] === wanted[hint]);
      expect(fittingOf({ if: { name: '*', ...wanted } }).fitsHints(definition)).toBe(isSaid);
    }),
  );
  expect(fittingOf({ if: { destructiveHint: false } }).fitsHints({})).toBe(false);
});
