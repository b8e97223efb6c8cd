// Payloads that have kept their time go while a gateway server runs, on record.
import { expect, onTestFinished, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { newId, newRecordId } from '#contract/id.ts';
import { startPayloadUpkeep } from '../../../gateway/audit/payload-upkeep.ts';
import { proves } from '../../requirement.ts';
import { group } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { openData, quiet } from '../data.ts';

test('payloads and keys that are over are removed, the records stay, and how many went is on record', async () => {
  proves('capture.removal-on-record', {
    file: 'gateway/audit/payload-upkeep.ts',
    find: "if (removed > 0) await recorder.append(ownEvent('payloads_removed', { payloads: removed }, now()));",
    replace: '',
  });
  const { store, close } = await openData();
  const now = Date.now();
  const at = now - 40 * 86_400_000;
  const key = newId();
  await store.payload.addKey({ id: key, sealed: 'a key', madeAt: at });
  const payloads = Array.from({ length: 45 }, (_, index) => {
    return { record: newRecordId(at), direction: 'request', seq: index + 1, key, sealed: 'x', at } as const;
  });
  await store.appendRecords(...group('main', 0, 45), payloads);
  const records: AuditRecord[] = [];
  const append = (record: AuditRecord) => Promise.resolve(void records.push(record));
  const upkeep = startPayloadUpkeep({ store, recorder: { append }, logger: quiet, now: () => now, everyMs: 5 });
  onTestFinished(async () => {
    await upkeep.close();
    await close();
  });
  await until('all of it is gone', async () => (await store.payload.keys()).length === 0);
  expect((await store.chainHead('main'))?.record.seq).toBe(45);
  await until('it is on record', async () => Promise.resolve(records.length === 1));
  expect(records).toMatchObject([{ event: 'payloads_removed', detail: { payloads: 45 } }]);
});
