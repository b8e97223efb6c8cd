// `backup` while the disk of the database is full, as people use it: a real process and a real small disk.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyPolicy } from '../../../gateway/admin/apply.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { smallDisk, type SmallDisk } from '../../suite/full-disk.ts';
import { run } from '../../walk/program.ts';
import { byHand, quiet, twoTeams } from '../data.ts';

/** Nobody else may mount a disk that is small. */
const isRoot = process.getuid?.() === 0;
let disk: SmallDisk;
let elsewhere: string;
let store: Store;
beforeEach(async () => {
  disk = smallDisk();
  elsewhere = mkdtempSync(join(tmpdir(), 'drawbridge-backup-'));
  store = await openStore({ kind: 'sqlite', file: join(disk.folder, 'gateway.sqlite') }, { logger: quiet });
  await applyPolicy({ ...byHand, store, policy: twoTeams, now: 1, isPlanOnly: false });
});
afterEach(async () => {
  await store.close();
  disk.remove();
  rmSync(elsewhere, { recursive: true, force: true });
});
const backup = (name: string) => run('gateway/cli.ts', ['backup', join(elsewhere, name), '--data', disk.folder]);

test.skipIf(!isRoot)(
  'a backup to another disk is made while that of the database is full, and it is said that it is not on record',
  async () => {
    const waiting = await store.administration.deedsWaiting();
    disk.fill();
    const full = await backup('full');
    expect([full.code, full.stderr]).toEqual([
      0,
      expect.stringMatching(/^warning: the disk of the database is full.* not on record/),
    ]);
    expect(gunzipSync(readFileSync(join(elsewhere, 'full'))).toString()).toContain('"table":"team"');
    expect(await store.administration.deedsWaiting()).toBe(waiting);

    disk.free();
    expect(await backup('free')).toMatchObject({ code: 0, stderr: '' });
    expect(await store.administration.deedsWaiting()).toBe(waiting + 1);
  },
);

test.skipIf(!isRoot)('where the disk is full and nothing runs, a command says that the disk needs room', async () => {
  await store.close();
  disk.fill();
  const { code, stderr } = await backup('full');
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^[^\n]*gateway\.sqlite: SQLITE_\w+\. Check [^\n]*the disk has room[^\n]*\n$/),
  ]);
});
