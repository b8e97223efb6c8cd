// News of changes that other processes made: seen through the database alone.
import { expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { watchRevision } from '../../../gateway/store/watch.ts';
import { proves } from '../../requirement.ts';
import { openData, quiet } from '../data.ts';

test('a change by another process is told, also one from before the watch began', async () => {
  proves('gateway-shell.no-change-missed', {
    file: 'gateway/store/watch.ts',
    find: 'const isNews = revision !== seen;',
    replace: 'const isNews = seen !== undefined && revision !== seen;',
  });
  const data = await openData();
  const other = await openStore({ kind: 'sqlite', file: data.file }, { logger: quiet });
  const change = async () => other.replacePolicy(PolicyFile.parse({ version: 1 }), await other.revision(), 1);
  const told = () => new Promise<void>((resolve) => data.bus.subscribe('changed', resolve));
  const since = await data.store.revision();
  await change();
  const first = told();
  const watch = watchRevision(data.store, data.bus, { everyMs: 5 });
  try {
    await first;
    const second = told();
    await change();
    await second;
    expect(await data.store.revision()).toBeGreaterThan(since);
  } finally {
    watch.close();
    await other.close();
    await data.close();
  }
});
