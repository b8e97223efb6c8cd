// Payloads on their way through the recorder, on a real SQLite file.
import { expect, onTestFinished, test } from 'vitest';
import type { CallRecord } from '#contract/audit.ts';
import { newId } from '#contract/id.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { proves } from '../../requirement.ts';
import { callRecord } from '../../suite/sample.ts';
import { openData, quiet } from '../data.ts';

test.each(['batched', 'durable'] as const)(
  'a payload whose data key is gone keeps no other record from being written, and its own says that it is lost (%s)',
  async (mode) => {
    proves('capture.lost-alone', {
      file: 'gateway/audit/writer.ts',
      find: 'lost = await withoutKey(entries, store);',
      replace: '',
    });
    const data = await openData();
    const { store } = data;
    const audit = await openAuditKey(data.dir);
    // So many are under way that one commit waits for all.
    const recorder = await openRecorder({ store, ...audit, chain: 'main', mode, windowMs: 5, siblings: () => 9, logger: quiet });
    onTestFinished(() => data.close());
    const [there, gone] = [newId(), newId()];
    await store.payload.addKey({ id: there, sealed: 'a key', madeAt: 1 });
    const at = Date.now();
    const request = 'a'.repeat(64);
    const [one, two, three] = [1, 2, 3].map(() => callRecord(null, { at, captured: { mode: 'full', request } })) as [
      CallRecord,
      CallRecord,
      CallRecord,
    ];
    const keep = (call: CallRecord, key: string) => {
      const orElse = {
        ...call,
        code: 'CAPTURE_FAILED' as const,
        captured: { mode: 'full' as const, request, isLost: true as const },
      };
      return recorder.keep(call, [{ record: call.id, direction: 'request', key, sealed: call.id, at }], orElse);
    };
    const done = await Promise.allSettled([keep(one, there), keep(two, gone), recorder.append(three)]);
    expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(done[1]).toMatchObject({ reason: { code: 'CAPTURE_FAILED' } });
    await keep(three, there);
    await recorder.close();
    const bodies = (await store.recordsAfter('main', 0, 10)).map(({ body }) => JSON.parse(body) as CallRecord);
    expect(bodies.map(({ id, code, captured }) => [id, code, captured?.isLost])).toEqual([
      [one.id, null, undefined],
      [two.id, 'CAPTURE_FAILED', true],
      [three.id, null, undefined],
      [three.id, null, undefined],
    ]);
    expect((await store.payload.of(one.id, at)).payloads).toHaveLength(1);
    expect((await store.payload.of(two.id, at)).payloads).toEqual([]);
    expect(await verifyAudit({ store, ...audit })).toMatchObject({ ok: true, records: 4 });
  },
);

test('what was captured is committed with its record before anybody is told that it is kept, also where records are batched', async () => {
  proves('capture.committed-first', {
    file: 'gateway/audit/spool.ts',
    find: 'group.entries.push(kept ? { at: record.at, body, kept } : { at: record.at, body });',
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
