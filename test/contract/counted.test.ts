// Numbers of things in words.
import { expect, test } from 'vitest';
import { counted } from '#contract/counted.ts';

test('one thing is named as one, and none or several as several', () => {
  expect([0, 1, 2].map((count) => counted(count, 'record'))).toEqual(['0 records', '1 record', '2 records']);
  expect([1, 3].map((count) => counted(count, 'identity is', 'identities are'))).toEqual(['1 identity is', '3 identities are']);
});
