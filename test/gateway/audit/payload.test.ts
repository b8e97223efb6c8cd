// Payloads on their way through the recorder, on a real SQLite file.
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '#contract/id.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { proves } from '../../requirement.ts';
import { callRecord } from '../../suite/sample.ts';
import { openData, quiet } from '../data.ts';

test('what was captured is committed with its record before anybody is told that it is kept, also where records are batched', async () => {
  proves('capture.committed-first', {
    file: 'gateway/audit/spool.ts',
    find: 'group.entries.push(payloads ? { at: record.at, body, payloads } : { at: record.at, body });',
    replace: 'group.entries.push({ at: record.at, body });',
  });
  const data = await openData();
  const { store } = data;
  const audit = await openAuditKey(data.dir);
  const recorder = await openRecorder({ store, ...audit, chain: 'main', mode: 'batched', windowMs: 5, logger: quiet });
  onTestFinished(() => data.close());
  const key = newId();
  await store.payload.addKey({ id: key, sealed: 'a key', madeAt: 1 });
  const at = Date.now();
  const calls = [1, 2, 3].map(() => callRecord(null, { at }));
  const stored = calls.map(async (call) => {
    await recorder.keep(call, [{ record: call.id, direction: 'request', key, sealed: call.id, at }]);
    return await store.payload.of(call.id, at);
  });
  for (const [index, { payloads, record }] of (await Promise.all(stored)).entries()) {
    expect(payloads.map(({ sealed }) => sealed)).toEqual([calls[index]?.id]);
    expect(JSON.parse(record?.body ?? '')).toEqual(calls[index]);
  }
  await recorder.close();
  expect(await verifyAudit({ store, ...audit })).toMatchObject({ ok: true, records: 3 });
});
