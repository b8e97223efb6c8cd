// The store suite on SQLite, and what is SQLite's alone: a disk that is full.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { smallDisk } from '../../suite/full-disk.ts';
import { sqliteGround } from '../../suite/ground.ts';
import { applyPolicy, fingerprint, group, quiet, samplePolicy, slug } from '../../suite/sample.ts';
import { describeDirectory } from '../../suite/directory.ts';
import { describeAdministration } from '../../suite/administration.ts';
import { describeIdentities } from '../../suite/identity.ts';
import { describeNewestCalls } from '../../suite/newest-calls.ts';
import { describeSeen } from '../../suite/seen.ts';
import { describeLocalAccounts } from '../../suite/local-account.ts';
import { describeSignInStore } from '../../suite/sign-in.ts';
import { describeChanges } from '../../suite/changes.ts';
import { describeAlerts } from '../../suite/alert.ts';
import { describeRetention } from '../../suite/retention.ts';
import { describeRuns } from '../../suite/run.ts';
import { describeSearch } from '../../suite/search.ts';
import { describePayloads } from '../../suite/payload.ts';
import { describePins } from '../../suite/pin.ts';
import { describeEngineSecrets } from '../../suite/engine-secret.ts';
import { describeSinks } from '../../suite/sink.ts';
import { describeStore } from '../../suite/store.ts';
import { describeSwitches } from '../../suite/switch.ts';

describeStore('SQLite', sqliteGround);
describeSignInStore('SQLite', sqliteGround);
describeLocalAccounts('SQLite', sqliteGround);
describeAdministration('SQLite', sqliteGround);
describeDirectory('SQLite', sqliteGround);
describeNewestCalls('SQLite', sqliteGround);
describeIdentities('SQLite', sqliteGround);
describeSinks('SQLite', sqliteGround);
describeEngineSecrets('SQLite', sqliteGround);
describeSeen('SQLite', sqliteGround);
describeAlerts('SQLite', sqliteGround);
describeSearch('SQLite', sqliteGround);
describeRetention('SQLite', sqliteGround);
describeRuns('SQLite', sqliteGround);
describeSwitches('SQLite', sqliteGround);
describePins('SQLite', sqliteGround);
describeChanges('SQLite', sqliteGround);
describePayloads('SQLite', sqliteGround);

describe('a store on a SQLite file', () => {
  test('keeps its journal from other processes, also in the process that made it', async () => {
    const ground = await sqliteGround();
    const file = join(ground.folder, 'data', 'drawbridge.db');
    // So it takes the whole file, and no memory that its users share.
    const script = `import Database from 'better-sqlite3';
      const other = new Database(process.argv[1], { timeout: 0 });
      other.pragma('locking_mode = exclusive');
      try { other.exec('begin exclusive'); console.log('taken'); } catch ({ code }) { console.log(code); }`;
    for (const start of ['the first', 'a later one']) {
      const store = await openStore({ kind: 'sqlite', file }, { logger: quiet });
      const other = spawnSync(process.execPath, ['--input-type=module', '-e', script, file], { encoding: 'utf8' });
      expect(other.stdout, start).toBe('SQLITE_BUSY\n');
      await store.close();
    }
    await ground.remove();
  });

  test('says so when its disk is full, loses nothing, and works again when there is room', async () => {
    proves('store.disk-full', {
      file: 'gateway/store/verb.ts',
      find: 'appendRecords: guarded((...of) => engine.appendRecords(...of)),',
      replace: 'appendRecords: engine.appendRecords,',
    });
    const disk = smallDisk();
    try {
      const store = await openStore({ kind: 'sqlite', file: join(disk.folder, 'drawbridge.db') }, { logger: quiet });
      await applyPolicy(store, samplePolicy);
      await store.appendRecords(...group('main', 0, 3));
      const before = await store.revision();
      disk.fill();
      const long = 'x'.repeat(100_000);
      const decide = () => store.decide(slug('memory'), fingerprint('a'), 'approved', long, 1);
      await expect(decide()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        cause: { code: expect.stringMatching(/SQLITE_(FULL|IOERR)/) },
      });
      await expect(decide()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.appendRecords(...group('main', 3, 500))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect((await store.policy()).policy).toEqual(samplePolicy);
      expect(await store.revision()).toBe(before);

      disk.free();
      await decide();
      await store.appendRecords(...group('main', 3, 500));
      expect(await store.recordsAfter('main', 0, 1000)).toHaveLength(503);
      await store.close();
    } finally {
      disk.remove();
    }
  });

  test('that was removed under it and made again is opened as a new one', async () => {
    const ground = await sqliteGround();
    const store = await openStore(ground.location, { logger: quiet });
    const organization = await store.organization();
    await store.close();
    rmSync(join(ground.folder, 'data'), { recursive: true });
    const again = await openStore(ground.location, { logger: quiet });
    expect(await again.organization()).not.toBe(organization);
    await again.close();
    await ground.remove();
  });
});
