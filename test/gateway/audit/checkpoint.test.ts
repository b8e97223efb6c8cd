// Checkpoints that are kept elsewhere: they show what the database and all files beside it can't, that all of it was put back to an earlier moment.
import { copyFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeCheckpoint, readCheckpoints } from '../../../gateway/audit/checkpoint.ts';
import { startCheckpoints } from '../../../gateway/audit/checkpoints.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from '../../suite/ground.ts';
import { quiet, recordOf } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';

let dir: string;
beforeEach(async () => {
  dir = await freshFolder();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const now = () => 5000;
const open = () => openStore({ kind: 'sqlite', file: join(dir, 'gateway.sqlite') }, { logger: quiet });
async function append(count: number): Promise<void> {
  const store = await open();
  const recorder = await openRecorder({ store, ...(await openAuditKey(dir)), chain: 'main', mode: 'durable', logger: quiet });
  for (let i = 0; i < count; i++) await recorder.append(recordOf(i));
  await recorder.close();
  await store.close();
}
async function look<T>(
  at: (of: { store: Awaited<ReturnType<typeof open>>; audit: Awaited<ReturnType<typeof openAuditKey>> }) => Promise<T>,
) {
  const store = await open();
  try {
    return await at({ store, audit: await openAuditKey(dir) });
  } finally {
    await store.close();
  }
}
const checkpoint = () => look(async ({ store, audit }) => JSON.stringify(await makeCheckpoint({ store, key: audit.key, now })));
const verify = (kept: string) =>
  look(({ store, audit }) => verifyAudit({ store, ...audit, kept: readCheckpoints(kept, audit.key) }));
/** The database, and the heads outside it. */
const files = ['gateway.sqlite', join('key', 'audit.head')];
const put = (from: string, to: string) =>
  files.forEach((file) => copyFileSync(join(dir, `${file}${from}`), join(dir, `${file}${to}`)));

test('a database that was put back together with its file of heads is whole by itself, and cut off by a checkpoint that was kept', async () => {
  proves('audit.checkpoint', {
    file: 'gateway/audit/verify.ts',
    find: 'const beyond = known.find(({ seq }) => seq > last.seq);',
    replace: 'const beyond = known.find(({ seq }) => seq < 0);',
  });
  await append(3);
  put('', '.then');
  await append(4);
  const kept = await checkpoint();
  expect(await verify(kept)).toMatchObject({ ok: true, records: 7 });
  put('.then', '');
  expect(await look(({ store, audit }) => verifyAudit({ store, ...audit }))).toMatchObject({ ok: true, records: 3 });
  expect(await verify(kept)).toMatchObject({ ok: false, chain: 'main', what: 'truncated', seq: 4 });
  // Going on from there does not hide it.
  await append(6);
  expect(await look(({ store, audit }) => verifyAudit({ store, ...audit }))).toMatchObject({ ok: true });
  expect(await verify(kept)).toMatchObject({ ok: false, chain: 'main', what: 'rewritten', seq: 7 });
});

test('a checkpoint that was altered, or made with another key, is refused', async () => {
  proves('audit.checkpoint-sealed', {
    file: 'gateway/audit/checkpoint.ts',
    find: 'if (!isEqual(macOf(key, one), one.mac))',
    replace: "if (one.mac === '')",
  });
  await append(3);
  const kept = await checkpoint();
  const altered = [
    kept.replace('"seq":3', '"seq":2'),
    kept.replace('"at":5000', '"at":5001'),
    kept.replace(/"hash":"./, '"hash":"f'),
  ];
  for (const text of [...altered.filter((one) => one !== kept), '{}', '', 'x'])
    await expect(verify(text)).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
});

test('checkpoints are on record as long as there is something new to tell, and are read from records as sinks and exports have them', async () => {
  await append(3);
  const store = await open();
  const audit = await openAuditKey(dir);
  const recorder = await openRecorder({ store, ...audit, chain: 'main', mode: 'durable', logger: quiet });
  const checkpoints = startCheckpoints({ store, key: audit.key, recorder, logger: quiet, now, everyMs: 5 });
  try {
    const [record] = await until('one is on record', async () => {
      const found = await store.recordsAfter('main', 3, 10);
      return found.length > 0 && found;
    });
    const body = record?.body ?? '';
    expect(
      readCheckpoints(`${JSON.stringify(recordOf(1))}\n{"chain":"main","seq":4,"record":${body}}\n${body}\n`, audit.key),
    ).toMatchObject([
      { chain: 'main', seq: 3 },
      { chain: 'main', seq: 3 },
    ]);
    await recorder.append(recordOf(9));
    // The next one tells of four more than the first: nothing was told in between.
    await until('another one is', async () => (await store.recordsAfter('main', 5, 10)).length === 1);
  } finally {
    await checkpoints.close();
    await recorder.close();
    await store.close();
  }
});
