// The index of the records beside calls: it goes on however long they do.
import { expect, onTestFinished, test } from 'vitest';
import { type IndexerDeps, startIndexer } from '../../../gateway/audit/indexer.ts';
import { proves } from '../../requirement.ts';
import { group } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { openData, quiet } from '../data.ts';

/** The index of 250 records, 100 of them at a time among calls, until the test is over. */
async function indexing(of: Partial<IndexerDeps>) {
  const { store, close } = await openData();
  await store.appendRecords(...group('main', 0, 250));
  const indexer = startIndexer({ store, isQuiet: () => true, calls: () => 0, logger: quiet, ...of });
  onTestFinished(async () => {
    await indexer.close();
    await close();
  });
  return store;
}

test('where calls never pause the index goes on', async () => {
  proves('audit.search-among-calls', {
    file: 'gateway/audit/indexer.ts',
    find: 'const indexed = await store.search.index(limit);',
    replace: 'const indexed = among ? 0 : await store.search.index(limit);',
  });
  const store = await indexing({ isQuiet: () => false, everyMs: 5 });
  await until('all are found', async () => (await store.search.behind()) === 0);
  expect(await store.search.find({}, { limit: 300 })).toHaveLength(250);
});

test('between calls that come one after the other it goes on no faster than among calls, and at once when they are over', async () => {
  proves('audit.search-between-calls', {
    file: 'gateway/audit/indexer.ts',
    find: 'const among = quiet < quietLooks;',
    replace: 'const among = quiet < 1;',
  });
  let looks = 0;
  let areOver = false;
  const isQuiet = () => ++looks % 2 === 0 || areOver;
  const store = await indexing({ isQuiet, firstMs: 0, everyMs: 60_000 });
  await until('it has looked often', async () => looks > 12);
  expect(await store.search.behind()).toBe(150);
  areOver = true;
  await until('all are found', async () => (await store.search.behind()) === 0);
});

test('where calls come again and again, each over before it looks, it does not take them for over', async () => {
  proves('audit.search-between-calls', {
    file: 'gateway/audit/indexer.ts',
    find: 'isMoment && soFar === made',
    replace: 'isMoment',
  });
  let made = 0;
  let areOver = false;
  const calls = () => (areOver ? made : ++made);
  const store = await indexing({ calls, firstMs: 0, everyMs: 60_000 });
  await until('it has looked often', async () => made > 40);
  expect(await store.search.behind()).toBe(150);
  areOver = true;
  await until('all are found', async () => (await store.search.behind()) === 0);
});
