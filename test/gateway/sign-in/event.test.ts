// How much of what anybody can provoke is recorded.
import { expect, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { createSignInEvents } from '../../../gateway/sign-in/event.ts';

test('many refusals of one kind hide none of another, and the next of their kind says how many there were', async () => {
  let now = 60_000;
  const records: AuditRecord[] = [];
  const events = createSignInEvents({ append: (record) => Promise.resolve(void records.push(record)) }, () => now);
  for (let count = 0; count < 200; count++) await events.recordRefusal({ event: 'client_unproven' });
  expect(records).toHaveLength(120);
  await events.recordRefusal({ event: 'sign_in_refused', detail: { identityProvider: 'company' } });
  expect(records.at(-1)).toMatchObject({ event: 'sign_in_refused', detail: { identityProvider: 'company' } });
  now += 60_000;
  await events.recordRefusal({ event: 'client_unproven' });
  expect(records.at(-1)).toMatchObject({ event: 'client_unproven', detail: { notRecordedBefore: 80 } });
});
