// How the recorder is doing, from outside.
import { expect, test } from 'vitest';
import { openRecorder } from '../../gateway/audit/spool.ts';
import { openAuditKey } from '../../gateway/audit/key.ts';
import { gaugeAudit } from '../../gateway/audit-gauge.ts';
import { eventRecord } from '../../gateway/workstation/event.ts';
import { proves } from '../requirement.ts';
import { openData, quiet } from './data.ts';

test('a refused record counts as not ready for ten seconds, and then as ready again', async () => {
  proves('gateway-shell.audit-readiness', {
    file: 'gateway/audit-gauge.ts',
    find: 'refusedAt = now();',
    replace: '',
  });
  const data = await openData();
  const audit = await openAuditKey(data.dir);
  const spool = await openRecorder({ store: data.store, ...audit, chain: 'main', mode: 'durable', logger: quiet });
  const record = eventRecord({ event: 'tunnel_opened' }, 1);
  try {
    let now = 100_000;
    const gauge = gaugeAudit(spool, () => now);
    const appended = gauge.append(record);
    expect([gauge.waiting(), gauge.isRefusing()]).toEqual([1, false]);
    await appended;
    expect(gauge.waiting()).toBe(0);
    await gauge.close();
    await expect(gauge.append(record)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect([gauge.waiting(), gauge.isRefusing()]).toEqual([0, true]);
    now += 10_000;
    expect(gauge.isRefusing()).toBe(false);
  } finally {
    await data.close();
  }
});
