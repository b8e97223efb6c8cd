// What becomes of a group of which nobody knows whether it was committed, because the database went away in the middle of it and does not say either.
import { expect, onTestFinished, test } from 'vitest';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { recordOf } from '../../suite/sample.ts';
import { openData, quiet } from '../data.ts';

/** A store that goes away at an append, before or after it is committed, and stays away until it is back. */
async function losing(mode: 'durable' | 'batched', goes: 'before' | 'after') {
  const data = await openData();
  onTestFinished(() => data.close());
  const { store } = data;
  const away = { is: false };
  const answering = async <T>(answer: () => Promise<T>): Promise<T> => {
    if (away.is) throw new Error('away');
    return await answer();
  };
  let appends = 0;
  const lost: Store = {
    ...store,
    chainHead: (chain) => answering(() => store.chainHead(chain)),
    appendRecords: (...of) =>
      answering(async () => {
        appends += 1;
        if (appends === 2) away.is = true;
        if (appends !== 2 || goes === 'after') await store.appendRecords(...of);
        if (appends === 2) throw new Error('the connection broke');
      }),
  };
  const audit = await openAuditKey(data.dir);
  const recorder = await openRecorder({ store: lost, ...audit, chain: 'main', mode, windowMs: 1, logger: quiet });
  const whole = async () => {
    const verdict = await verifyAudit({ store, ...audit });
    expect(verdict).toMatchObject({ ok: true });
    return (await store.recordsAfter('main', 0, 100)).map(({ at }) => at);
  };
  return { recorder, away, whole };
}

test.each(['before', 'after'] as const)(
  'a database that went away %s a commit, and did not say how that ended, has its records kept again once it is back',
  async (goes) => {
    proves('audit.uncertain-commit', {
      file: 'gateway/audit/writer.ts',
      find: 'attempted = { entries, seal };',
      replace: 'attempted = { entries, seal: position };',
    });
    const { recorder, away, whole } = await losing('durable', goes);
    await recorder.append(recordOf(1));
    await expect(recorder.append(recordOf(2))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await expect(recorder.append(recordOf(3))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    away.is = false;
    await recorder.append(recordOf(4));
    await recorder.append(recordOf(5));
    await recorder.close();
    expect(await whole()).toEqual(goes === 'before' ? [1, 4, 5] : [1, 2, 4, 5]);
  },
);

test.each(['before', 'after'] as const)(
  'a batch of which a database that went away %s its commit did not say how that ended is there once',
  async (goes) => {
    proves('audit.uncertain-once', {
      file: 'gateway/audit/writer.ts',
      find: 'if (isThere) return;',
      replace: '',
    });
    const { recorder, away, whole } = await losing('batched', goes);
    await recorder.keep(recordOf(1));
    const second = recorder.keep(recordOf(2));
    await expect.poll(() => away.is).toBe(true);
    away.is = false;
    await second;
    await recorder.keep(recordOf(3));
    await recorder.close();
    expect(await whole()).toEqual([1, 2, 3]);
  },
);
