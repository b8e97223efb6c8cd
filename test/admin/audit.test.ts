// The audit records by the admin API: a search page by page, and an export as a job that is fetched part by part and is itself on record.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { AdminClient } from '#contract/admin-client.ts';
import { Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { extend, start } from '../../gateway/audit/chain.ts';
import { createExports } from '../../gateway/audit/export-job.ts';
import { createJobs } from '../../gateway/audit/job.ts';
import { openAuditKey } from '../../gateway/audit/key.ts';
import { createVerifications } from '../../gateway/audit/verify-job.ts';
import { proves } from '../requirement.ts';
import { callRecord, quiet, userId } from '../suite/sample.ts';
import { until } from '../walk/deployment.ts';
import { openStage, type Stage } from './stage.ts';

const policy = PolicyFile.parse({ version: 1, users: { ada: { email: 'ada@example.org', role: 'super-admin' } } });
let stage: Stage;
let ada: AdminClient;
beforeEach(async () => {
  stage = await openStage(policy);
  const { store, dir } = stage.data;
  const { key } = await openAuditKey(dir);
  const bob = userId();
  const calls = Array.from({ length: 700 }, (_, number) =>
    callRecord(bob, { at: 1000 + number, ...(number % 10 === 0 ? { decision: 'refused', code: 'UNAUTHENTICATED' } : {}) }),
  );
  const { records, seal } = extend(
    key,
    start('other'),
    calls.map((call) => ({ at: call.at, body: JSON.stringify(call) })),
  );
  await store.appendRecords(records, seal);
  while ((await store.search.index(500)) > 0);
  ada = stage.client(await stage.token('ada'));
});
afterEach(() => stage.close());

test('a search answers with records, newest first, and where it goes on', async () => {
  const seen: number[] = [];
  for (let cursor: string | undefined; ;) {
    const query = { decision: 'refused' as const, limit: 30, ...(cursor === undefined ? {} : { cursor }) };
    const found = await ada.call('audit.search', { query });
    if (!found.ok) throw new Error(found.refusal.message);
    seen.push(...found.answer.items.map(({ record }) => record?.at ?? 0));
    if (found.answer.next === null) break;
    cursor = found.answer.next;
  }
  expect(seen).toEqual(Array.from({ length: 70 }, (_, i) => 1690 - i * 10));
  const odd = await ada.call('audit.search', { query: { cursor: 'bm9uZQ' } });
  expect(odd).toMatchObject({ ok: false, refusal: { status: 400, code: 'INPUT_INVALID' } });
});

test('an export says how far it is, is fetched in parts, is on record, and goes', async () => {
  proves('audit.export-deed', {
    file: 'gateway/admin/audit.ts',
    find: 'await doing(acting, at, deed).administration.noteDeed();',
    replace: 'doing(acting, at, deed);',
  });
  const begun = await ada.call('audit.export', { body: { format: 'jsonl', filter: { kind: 'call' } } });
  if (!begun.ok) throw new Error(begun.refusal.message);
  const params = { id: begun.answer.id };
  const done = await until('it is done', async () => {
    const progress = await ada.call('audit.export-progress', { params });
    return progress.ok && progress.answer.state === 'done' && progress.answer;
  });
  expect(done).toMatchObject({ rows: 700, done: 1, behind: 0, format: 'jsonl' });
  let text = '';
  const next: (number | null)[] = [0];
  for (let after = next.pop(); typeof after === 'number'; after = next.pop()) {
    const part = await ada.call('audit.export-part', { params, query: { after } });
    if (!part.ok) throw new Error(part.refusal.message);
    text += part.answer.text;
    next.push(part.answer.next);
  }
  const ats = text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line).record.at);
  expect(ats).toEqual(Array.from({ length: 700 }, (_, i) => 1699 - i));
  expect(await ada.call('audit.export-remove', { params })).toMatchObject({ ok: true });
  expect(await ada.call('audit.export-part', { params, query: {} })).toMatchObject({ refusal: { code: 'NAME_UNKNOWN' } });
  const deed = await until('it is on record', async () =>
    (await stage.records()).find((one) => one.kind === 'deed' && one.operation === 'audit.export'),
  );
  expect(deed).toMatchObject({ actor: { user: { name: 'ada' } }, after: { format: 'jsonl', filter: { kind: 'call' } } });
});

test('for how long records are kept is told with what is gone by that', async () => {
  const told = await ada.call('audit.retention', {});
  expect(told).toMatchObject({ ok: true, answer: { records: null } });
  const other = { chain: 'other', removed: 0, oldestAt: 1000, overdueMs: 0, heldBy: null };
  expect(told.ok && told.answer.chains).toContainEqual(other);
});

test('a verification says how far it is and what it found, also against checkpoints that were kept', async () => {
  proves('audit.verify-job', {
    file: 'gateway/audit/verify-job.ts',
    find: "return { state: 'broken', words, break: { chain, seq, what } };",
    replace: "return { state: 'whole', words, break: null };",
  });
  await ada.call('teams.create', { body: { slug: Slug.parse('ops'), team: { gateways: [] } } });
  await until('its deed is on record', async () => (await stage.data.store.administration.deedsWaiting()) === 0);
  // Only what the gateway server wrote has a head; these came past it.
  const kept = await ada.call('audit.checkpoint', {});
  if (!kept.ok) throw new Error(kept.refusal.message);
  const found = async (checkpoints?: string) => {
    const begun = await until('no other one runs', async () => {
      const one = await ada.call('audit.verify', { body: checkpoints === undefined ? {} : { checkpoints } });
      return one.ok ? one.answer : one.refusal.code !== 'BUSY' && one.refusal;
    });
    if ('code' in begun) return begun;
    return await until('it came to an end', async () => {
      const one = await ada.call('audit.verification', { params: { id: begun.id } });
      return one.ok && one.answer.state !== 'running' && one.answer;
    });
  };
  expect(await found()).toMatchObject({ state: 'broken', break: { chain: 'other', what: 'head-missing' } });
  const checkpoint = kept.answer.checkpoint;
  expect(await found(JSON.stringify({ ...checkpoint, at: 1 }))).toMatchObject({ code: 'INPUT_INVALID' });
  expect(await found(JSON.stringify(checkpoint))).toMatchObject({ state: 'broken', break: { what: 'head-missing' } });
  const id = '0198c0de-0000-7000-8000-00000000000f';
  expect(await ada.call('audit.verification', { params: { id } })).toMatchObject({ refusal: { code: 'NAME_UNKNOWN' } });
});

test('one verification runs at a time, and what is whole is said to be', async () => {
  const whole = await openStage(policy);
  onTestFinished(() => whole.close());
  const root = whole.client(await whole.token('ada'));
  await root.call('teams.create', { body: { slug: Slug.parse('ops'), team: { gateways: [] } } });
  await until('its deed is on record', async () => (await whole.data.store.administration.deedsWaiting()) === 0);
  const { verifications } = whole.deps.trail;
  const begun = await verifications.begin(undefined);
  await expect(verifications.begin(undefined)).rejects.toMatchObject({ code: 'BUSY' });
  const ended = await until('it came to an end', async () => {
    const one = await verifications.progress(begun.id);
    return one.state !== 'running' && one;
  });
  expect(ended).toMatchObject({ state: 'whole', done: 1, words: expect.stringMatching(/^whole: \d+ records in 1 chain$/) });
});

test('an export is known at another gateway server of the same database, which says where it is, until it goes', async () => {
  proves('audit.export-elsewhere', {
    file: 'gateway/audit/job.ts',
    find: 'at !== undefined && at !== chain',
    replace: 'at === chain',
  });
  const { store, dir } = stage.data;
  const at = { store, logger: quiet, now: () => 1000 };
  const open = (chain: string) => createExports({ ...at, jobs: createJobs({ ...at, chain }), directory: join(dir, chain) });
  const [first, second] = [open('a'), open('b')];
  const filter = { kind: 'call' } as const;
  const { id } = await first.begin({ filter, format: 'csv' });
  await until('it is done', async () => (await first.progress(id)).state === 'done');
  for (const asked of [second.progress(id), second.part(id, 0), second.remove(id)])
    await expect(asked).rejects.toMatchObject({ code: 'JOB_ELSEWHERE', fields: { what: 'export', id, chain: 'a', here: 'b' } });
  // The other one begins one, and forgets nothing of the first's.
  await second.remove((await second.begin({ filter, format: 'csv' })).id);
  expect((await first.part(id, 0)).text).toContain('time,kind');
  // A start anew removes the file.
  const again = open('a');
  await again.begin({ filter, format: 'csv' });
  await expect(second.progress(id)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  await Promise.all([first, second, again].map((one) => one.close()));
});

test('what an export left goes at the next start, after its day, and is written again once it can be', async () => {
  const { store, dir } = stage.data;
  let time = 1000;
  const at = { store, logger: quiet, now: () => time, tidyEveryMs: 20 };
  const directory = join(dir, 'leftover');
  const open = () => createExports({ ...at, jobs: createJobs({ ...at, chain: 'left' }), directory });
  const files = () => readdir(directory).catch(() => []);
  const filter = { kind: 'call' } as const;
  // Killed: it closes nothing.
  await mkdir(directory);
  await writeFile(join(directory, 'killed.csv'), 'records');
  const exports = open();
  await until('what the killed one left is gone', async () => !existsSync(directory));

  await writeFile(directory, '');
  await expect(exports.begin({ filter, format: 'csv' })).rejects.toMatchObject({ code: 'EEXIST' });
  await rm(directory);
  await exports.begin({ filter, format: 'csv' });
  expect(await files()).toHaveLength(1);
  time += 86_400_000;
  await until('it is gone after its day', async () => (await files()).length === 0);
  await exports.close();
});

test('a verification is known at another gateway server of the same database, until the one that runs it ends', async () => {
  const { store, dir } = stage.data;
  const at = { store, logger: quiet, now: () => 1000 };
  const open = async (chain: string) =>
    createVerifications({ ...at, chain, ...(await openAuditKey(dir)), jobs: createJobs({ ...at, chain }) });
  const [first, second] = [await open('a'), await open('b')];
  const both = await Promise.allSettled([first.begin(undefined), first.begin(undefined)]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  const [begun] = both;
  const id = begun?.status === 'fulfilled' ? begun.value.id : '';
  await until('it came to an end', async () => (await first.progress(id)).state !== 'running');
  const elsewhere = { code: 'JOB_ELSEWHERE', fields: { what: 'verification', id, chain: 'a', here: 'b' } };
  await expect(second.progress(id)).rejects.toMatchObject(elsewhere);
  await first.close();
  await expect(second.progress(id)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  await second.close();
});
