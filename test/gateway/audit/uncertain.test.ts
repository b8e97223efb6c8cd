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
      find: 'givenUp.add(seal.hash);',
      replace: '',
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

/** A store that does not answer some appends; the first of them it commits all the same, right before it is asked for the append of this number. */
async function late(unanswered: readonly number[], commitsBefore: number) {
  const data = await openData();
  onTestFinished(() => data.close());
  const { store } = data;
  let appends = 0;
  let commit: (() => Promise<void>) | undefined;
  const slow: Store = {
    ...store,
    async appendRecords(...of) {
      appends += 1;
      if (appends === commitsBefore) await commit?.();
      if (!unanswered.includes(appends)) return await store.appendRecords(...of);
      commit ??= () => store.appendRecords(...of);
      throw new Error('no answer in time');
    },
  };
  const audit = await openAuditKey(data.dir);
  const recorder = await openRecorder({ store: slow, ...audit, chain: 'main', mode: 'durable', logger: quiet });
  return { recorder, store, verdict: () => verifyAudit({ store, ...audit }) };
}

test.each([
  ['the only one', [2]],
  ['the first of several', [2, 3, 4]],
] as const)(
  'records go on after a group of which a slow database did not say that it was committed, %s',
  async (_, unanswered) => {
    proves('audit.uncertain-late', {
      file: 'gateway/audit/writer.ts',
      find: '!givenUp.has(stored.hash)',
      replace: 'stored.hash !== attempted?.seal.hash',
    });
    const commitsBefore = unanswered.length + 2;
    const { recorder, store, verdict } = await late(unanswered, commitsBefore);
    await recorder.append(recordOf(1));
    for (const at of unanswered) await expect(recorder.append(recordOf(at))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    for (const at of [6, 7]) await recorder.append(recordOf(at));
    await recorder.close();
    expect(await verdict()).toMatchObject({ ok: true });
    expect((await store.recordsAfter('main', 0, 100)).map(({ at }) => at)).toEqual([1, 2, 6, 7]);
  },
);
