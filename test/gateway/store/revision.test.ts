// The revision, read past the queue of the store's other questions.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from '../../suite/ground.ts';
import { quiet } from '../../suite/sample.ts';

test('while a change is under way the revision waits for its end, and one that is undone was never there', async () => {
  proves('store.revision-committed', {
    file: 'gateway/store/sqlite.ts',
    find: 'raw.inTransaction ? await db.connection().execute(async () => read()) : read()',
    replace: 'read()',
  });
  const folder = await freshFolder();
  const engine = await openEngine({ kind: 'sqlite', file: join(folder, 'drawbridge.db') }, { logger: quiet });
  try {
    const before = await engine.revision();
    const change = async (isUndone: boolean): Promise<{ asked: Promise<number> }> => {
      let asked: Promise<number> | undefined;
      const under = engine.db.transaction().execute(async (tx) => {
        await tx
          .updateTable('state')
          .set((row) => ({ revision: row('revision', '+', 1) }))
          .execute();
        asked = engine.revision();
        await new Promise(setImmediate);
        if (isUndone) throw new Error('undone');
      });
      if (isUndone) await expect(under).rejects.toThrow('undone');
      else await under;
      return { asked: asked ?? Promise.reject(new Error('the change was never under way')) };
    };
    expect(await (await change(true)).asked).toBe(before);
    expect(await (await change(false)).asked).toBe(before + 1);
    expect(await engine.revision()).toBe(before + 1);
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
