// Records, written past the queue of the store's other verbs.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from '../../suite/ground.ts';
import { group, quiet } from '../../suite/sample.ts';

test('records that come while a change or a reading is under way are committed after it, and stay where it is undone', async () => {
  proves('store.append-own', {
    file: 'gateway/store/sqlite.ts',
    find: 'raw.inTransaction ? await db.connection().execute(async () => insert(...of)) : insert(...of)',
    replace: 'insert(...of)',
  });
  const folder = await freshFolder();
  const engine = await openEngine({ kind: 'sqlite', file: join(folder, 'drawbridge.db') }, { logger: quiet });
  const { db } = engine;
  const count = async () => (await db.selectFrom('record').select('id').execute()).length;
  try {
    const [before, kinds] = [await engine.revision(), ['undone', 'done', 'read'] as const];
    const seen: unknown[] = [];
    for (const [round, kind] of kinds.entries()) {
      let appended: Promise<void> | undefined;
      const under = db
        .transaction()
        .setAccessMode(kind === 'read' ? 'read only' : 'read write')
        .execute(async (tx) => {
          if (kind === 'read') await tx.selectFrom('state').select('revision').execute();
          else
            await tx
              .updateTable('state')
              .set({ revision: before + 1 })
              .execute();
          appended = engine.appendRecords(...group('main', round * 2, 2));
          await new Promise(setImmediate);
          seen.push((await tx.selectFrom('record').select('id').execute()).length);
          if (kind === 'undone') throw new Error('undone');
        });
      await Promise.allSettled([under]);
      await appended;
      seen.push(await count(), await engine.revision());
    }
    expect(seen).toEqual([0, 2, before, 2, 4, before + 1, 4, 6, before + 1]);
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
