// The entries of records that lie taken apart lie together in SQLite's index, and the words of what they share stand there once: they are found as others are, and go as others do.
import { createSecretKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CallRecord } from '#contract/audit.ts';
import { newId, RecordId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { extend, type Position, start } from '../../../gateway/audit/chain.ts';
import { createTexts } from '../../../gateway/audit/text.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { RecordFilter } from '../../../gateway/store/search.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { applyPolicy, callRecord, group, quiet, userId } from '../../suite/sample.ts';

const day = 86_400_000;
const key = createSecretKey(Buffer.alloc(32));
const user = userId();
const sample = callRecord(user);
const legs = { gatewayToHost: 4, hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3 };
let folder: string;
let store: Store;
let ends: Map<string, Position>;
let textOf: ReturnType<typeof createTexts>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-sheaf-'));
  store = await openStore({ kind: 'sqlite', file: join(folder, 'gateway.sqlite') }, { logger: quiet });
  ends = new Map();
  textOf = createTexts();
  await applyPolicy(store, PolicyFile.parse({ version: 1, retention: { records: '32d' } }));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A call of the tool `t<tool>`. */
const callOf = (at: number, tool: number): CallRecord =>
  callRecord(user, { id: RecordId.parse(newId(at)), at, tool: `t${tool}`, legs, server: sample.server });

async function append(calls: readonly CallRecord[], chain = 'main'): Promise<void> {
  const entries = calls.map((one) => ({ at: one.at, body: textOf(one) }));
  const { records, seal } = extend(key, ends.get(chain) ?? start(chain), entries);
  await store.appendRecords(records, seal);
  ends.set(chain, seal);
}

async function indexAll(limit: number): Promise<void> {
  while ((await store.search.index(limit)) > 0);
}

const remove = (seq: number, after: number, chain = 'main') =>
  store.retention.remove({ chain, seq, hash: 'hash', at: 1, before: 1, mac: 'mac' }, after);

async function found(filter: RecordFilter, limit = 10_000): Promise<string[]> {
  const all: string[] = [];
  for (let before: number | undefined; ;) {
    const page = await store.search.find(filter, { limit, before });
    all.push(...page.map(({ chain, seq }) => `${chain} ${seq}`));
    before = page.at(-1)?.number;
    if (before === undefined) return all;
  }
}

/** What a query of the database says. */
function count(query: string): number {
  const db = new Database(join(folder, 'gateway.sqlite'), { readonly: true });
  const counted = Number(db.prepare(query).pluck().get());
  db.close();
  return counted;
}
const sheaves = () => count('select count(*) from entry_sheaf');

test('what many records share is in each part of the index once, and all of them are found by it', async () => {
  proves('audit.search-shared', {
    file: 'gateway/store/sql/word-text.ts',
    find: 'of.part !== part.part',
    replace: 'of.part < 0',
  });
  for (let on = 0; on < 6; on++) {
    await append(Array.from({ length: 50 }, (_, i) => callOf(on * day + i, i % 2)));
    await indexAll(20);
  }
  const parts = count('select count(*) from entry_part');
  expect(parts).toBe(3);
  expect(count("select count(*) from sqlite_master where sql like 'create virtual table%' and name like 'entry_said%'")).toBe(
    parts,
  );
  // Who calls, two tools, and the manner; all else of a call is its own.
  expect(count('select count(*) from entry_text')).toBe(4);
  expect(count('select count(*) from entry')).toBe(0);
  const seqs = Array.from({ length: 300 }, (_, i) => 300 - i);
  const named = (which: readonly number[]) => which.map((seq) => `main ${seq}`);
  expect(await found({ tool: 't1' }, 17)).toEqual(named(seqs.filter((seq) => seq % 2 === 0)));
  expect(await found({ text: 'some* allowed' }, 70)).toEqual(named(seqs));
  expect(await found({ text: 'somebody t1 t0' })).toEqual([]);
  expect(await found({ from: day + 10, until: 2 * day + 5, tool: 't0' })).toEqual(
    named(seqs.filter((seq) => seq % 2 === 1 && seq > 60 && seq <= 105)),
  );
});

test('each is found by its own id, with what it shares and without, among sheaves and those that lie alone', async () => {
  proves('audit.search-apart', {
    file: 'gateway/store/sql/sheaf-search.ts',
    find: 'if (at % ownBytes === 0) ids.push(at / ownBytes);',
    replace: 'break;',
  });
  const calls = Array.from({ length: 2600 }, (_, i) =>
    i % 100 === 7 ? { ...callOf(i, 0), decision: 'refused' as const } : callOf(i, i % 3),
  );
  await append(calls.slice(0, 1500));
  await indexAll(400);
  await append(calls.slice(1500));
  await indexAll(1000);
  expect(sheaves()).toBe(3);
  expect(count('select count(*) from entry')).toBe(26);
  for (const [index, { id }] of [...calls.entries()].filter(([i]) => i % 97 === 0 || i % 500 === 7)) {
    expect(await found({ text: id })).toEqual([`main ${index + 1}`]);
    expect(await found({ text: id.toUpperCase(), kind: 'call' })).toEqual([`main ${index + 1}`]);
    expect(await found({ text: id, tool: 'none' })).toEqual([]);
  }
  expect(await found({ text: newId() })).toEqual([]);
  const all = Array.from({ length: 2600 }, (_, i) => `main ${2600 - i}`);
  expect(await found({}, 333)).toEqual(all);
  expect(await found({ kind: 'call' }, 777)).toEqual(all);
});

test('a sheaf goes with the last of its records, and what is gone of one is not found any more', async () => {
  proves('audit.retention-search', {
    file: 'gateway/store/sql/sheaf-search.ts',
    find: ' || isGone(record)',
    replace: '',
  });
  proves('audit.retention-search', {
    file: 'gateway/store/sql/removal.ts',
    find: "if (dialect === 'sqlite') await removeSheaves(tx);",
    replace: '',
  });
  await append(Array.from({ length: 40 }, (_, i) => callOf(2 * i, 1)));
  await append(
    Array.from({ length: 3 }, (_, i) => callOf(2 * i + 1, 1)),
    'other',
  );
  await indexAll(100);
  const others = ['other 3', 'other 2', 'other 1'];
  await remove(39, 0);
  expect(sheaves()).toBe(1);
  // A page is filled by those of the other chain.
  expect(await found({ tool: 't1' }, 1)).toEqual(['main 40', ...others]);
  await remove(40, 39);
  expect(await found({ tool: 't1' })).toEqual(others);
  await remove(3, 0, 'other');
  expect([sheaves(), count('select count(*) from entry_part'), count('select count(*) from entry_text')]).toEqual([0, 0, 0]);
  expect(await found({})).toEqual([]);
  await append([callOf(100, 1)]);
  await indexAll(100);
  expect(await found({ tool: 't1' })).toEqual(['main 41']);
});

test('where nearly each record has a text of its own, most are found by their whole text instead', async () => {
  const calls = Array.from({ length: 1500 }, (_, i) => callOf(i, i));
  await append(calls);
  await indexAll(100);
  const texts = count('select count(*) from entry_text');
  expect([texts > 1000, texts <= 1024 + 1500 / 16]).toEqual([true, true]);
  expect(count('select count(*) from entry')).toBeGreaterThan(400);
  for (const tool of [0, 700, 1023, 1024, 1499]) expect(await found({ tool: `t${tool}` })).toEqual([`main ${tool + 1}`]);
  expect(await found({ text: 'somebody allowed' }, 400)).toEqual(Array.from({ length: 1500 }, (_, i) => `main ${1500 - i}`));
  await append([callOf(1500, 3)]);
  await indexAll(100);
  expect(await found({ tool: 't3' })).toEqual(['main 1501', 'main 4']);
});

test('a part of before, in which each record lies alone, is continued', async () => {
  await store.appendRecords(...group('old', 0, 5));
  await indexAll(100);
  expect(count('select said from entry_part')).toBe(0);
  await append([callOf(6, 1), callOf(7, 2)]);
  await indexAll(100);
  expect(count('select count(*) from entry_part')).toBe(1);
  expect(await found({}, 2)).toEqual(['main 2', 'main 1', 'old 5', 'old 4', 'old 3', 'old 2', 'old 1']);
  expect(await found({ text: 'record*' })).toHaveLength(5);
  expect(await found({ tool: 't1' })).toEqual(['main 1']);
});
