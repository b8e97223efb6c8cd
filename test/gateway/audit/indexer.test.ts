// The index of the records beside calls: it goes on however long they do.
import { expect, onTestFinished, test } from 'vitest';
import { startIndexer } from '../../../gateway/audit/indexer.ts';
import { proves } from '../../requirement.ts';
import { group } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { openData, quiet } from '../data.ts';

test('where calls never pause the index goes on', async () => {
  proves('audit.search-among-calls', {
    file: 'gateway/audit/indexer.ts',
    find: 'const indexed = await store.search.index(batch);',
    replace: 'const indexed = among ? 0 : await store.search.index(batch);',
  });
  const { store, close } = await openData();
  await store.appendRecords(...group('main', 0, 250));
  const indexer = startIndexer({ store, isQuiet: () => false, logger: quiet, everyMs: 5 });
  onTestFinished(async () => {
    await indexer.close();
    await close();
  });
  await until('all are found', async () => (await store.search.behind()) === 0);
  expect(await store.search.find({}, { limit: 300 })).toHaveLength(250);
});
