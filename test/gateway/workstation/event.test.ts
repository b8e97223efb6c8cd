// Refusals are cheap to provoke, so what they write is bounded; what was left out is counted and said.
import { expect, test } from 'vitest';

import { AuditRecord } from '#contract/audit.ts';
import { createRefusals } from '../../../gateway/workstation/event.ts';
import { proves } from '../../requirement.ts';

test('a flood of refusals is recorded 120 times a minute, and the next record says how many were left out', async () => {
  proves('device.refusals-bounded', {
    file: 'gateway/workstation/event.ts',
    find: 'if (++inMinute > refusalsPerMinute) {',
    replace: 'if (refusalsPerMinute < 0) {',
  });
  const written: AuditRecord[] = [];
  let now = 60_000_000;
  const refuse = createRefusals(
    (record) => {
      written.push(AuditRecord.parse(record));
      return Promise.resolve();
    },
    () => now,
  );
  for (let i = 0; i < 500; i++) await refuse({ event: 'proof_refused', code: 'PROOF_INVALID', detail: { reason: 'x' } });
  expect(written).toHaveLength(120);
  now += 60_000;
  await refuse({ event: 'proof_refused', code: 'PROOF_INVALID' });
  await refuse({ event: 'proof_refused', code: 'PROOF_INVALID' });
  expect(written.slice(120).map((record) => record.kind === 'event' && record.detail)).toEqual([{ notRecordedBefore: 380 }, {}]);
});
