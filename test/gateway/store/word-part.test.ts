// The words of SQLite's index lie in parts, which are searched as if they were one and go as a whole.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { applyPolicy, group, quiet } from '../../suite/sample.ts';

const day = 86_400_000;
let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-words-'));
  store = await openStore({ kind: 'sqlite', file: join(folder, 'gateway.sqlite') }, { logger: quiet });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** Two records a day from day 1 on, indexed as they come. */
async function write(days: number, from = 0): Promise<void> {
  for (let on = from; on < from + days; on++) {
    await store.appendRecords(...group('main', on * 2, 2, (on + 1) * day));
    while ((await store.search.index(100)) > 0);
  }
}

/** The tables of words that there are, and the parts that are written down. */
function tables(): { readonly words: number; readonly parts: number } {
  const db = new Database(join(folder, 'gateway.sqlite'), { readonly: true });
  const words = db.prepare(
    "select count(*) from sqlite_master where sql like 'create virtual table%' and name like 'entry_word%'",
  );
  const counted = {
    words: Number(words.pluck().get()),
    parts: Number(db.prepare('select count(*) from entry_part').pluck().get()),
  };
  db.close();
  return counted;
}

const remove = (seq: number, after: number) =>
  store.retention.remove({ chain: 'main', seq, hash: 'hash', at: 1, before: 1, mac: 'mac' }, after);
const found = async (text: string, limit = 1000, before?: number) =>
  (await store.search.find({ text }, { limit, before })).map(({ seq }) => seq);

test('what was said on many days is found over all parts, the newest first, page by page', async () => {
  proves('audit.retention-words-time', {
    file: 'gateway/store/sql/word-part.ts',
    find: 'at - newest.since < spanMs',
    replace: 'true',
  });
  await applyPolicy(store, PolicyFile.parse({ version: 1, retention: { records: '32d' } }));
  await write(10);
  // Two days a part.
  expect(tables()).toEqual({ words: 6, parts: 6 });
  const all = Array.from({ length: 20 }, (_, index) => 20 - index);
  expect(await found('record')).toEqual(all);
  expect(await found('record 7')).toEqual([7]);
  expect(await found('record nothing')).toEqual([]);
  const pages: number[] = [];
  for (let before: number | undefined; ;) {
    const page = await store.search.find({ text: 'record' }, { limit: 3, before });
    pages.push(...page.map(({ seq }) => seq));
    before = page.at(-1)?.number;
    if (before === undefined) break;
  }
  expect(pages).toEqual(all);
});

test('a part goes with the last of its records, and what comes then is found', async () => {
  proves('audit.retention-words', {
    file: 'gateway/store/sql/removal.ts',
    find: "if (dialect === 'sqlite') await removeWords(tx);",
    replace: '',
  });
  await applyPolicy(store, PolicyFile.parse({ version: 1, retention: { records: '32d' } }));
  await write(6);
  const { words } = tables();
  expect(words).toBe(4);
  expect(await remove(3, 0)).toEqual({ setAside: 0 });
  expect(await found('record')).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4]);
  for (let seq = 4; seq < 12; seq++) await remove(seq, seq - 1);
  expect(tables()).toEqual({ words: 1, parts: 1 });
  expect(await found('record')).toEqual([12]);
  // All of a chain may go.
  await remove(12, 11);
  expect(tables()).toEqual({ words: 0, parts: 0 });
  expect(await found('record')).toEqual([]);
  await write(3, 6);
  expect(await found('record')).toEqual([18, 17, 16, 15, 14, 13]);
});
