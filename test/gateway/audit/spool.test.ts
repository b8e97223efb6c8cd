// The recorder on a real SQLite file: when an append resolves, what happens when the disk says no, and where it refuses to go on.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { readHeads } from '../../../gateway/audit/head.ts';
import type { Recorder } from '../../../gateway/audit/record.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import type { RecorderDeps } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { smallDisk } from '../../suite/full-disk.ts';
import { freshFolder } from '../../suite/ground.ts';
import { quiet, recordOf } from '../../suite/sample.ts';

let folder: string;
let file: string;
let store: Store;
let audit: { key: KeyObject; headFile: string; isNew: boolean };
let open: Recorder[];

beforeEach(async () => {
  folder = await freshFolder();
  file = `${folder}/drawbridge.db`;
  store = await openStore({ kind: 'sqlite', file }, { logger: quiet });
  audit = await openAuditKey(folder);
  open = [];
});
afterEach(async () => {
  await Promise.allSettled(open.map((recorder) => recorder.close()));
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function record(change: Partial<RecorderDeps> = {}): Promise<Recorder> {
  const recorder = await openRecorder({ store, ...audit, chain: 'main', mode: 'durable', logger: quiet, ...change });
  open.push(recorder);
  return recorder;
}
const verify = () => verifyAudit({ store, ...audit });
const headSeq = () => {
  const heads = readHeads(audit.headFile, audit.key);
  return heads instanceof Map ? heads.get('main')?.seq : heads;
};

/** Does something to the database as somebody else who has it. */
function tamper(...statements: string[]): void {
  const raw = new Database(file);
  try {
    for (const statement of statements) raw.exec(statement);
  } finally {
    raw.close();
  }
}
/** A record's number in its chain. */
const seq = 'id % 1099511627776';
const refuseRecords = "create trigger no before insert on record begin select raise(abort, 'no'); end";
const countRecords = () => {
  const raw = new Database(file, { readonly: true });
  try {
    return raw.prepare('select count(*) from record').pluck().get();
  } finally {
    raw.close();
  }
};

describe('a durable recorder', () => {
  test('resolves an append when another process can read the record', async () => {
    proves('audit.committed-first', {
      file: 'gateway/audit/spool.ts',
      find: "return mode === 'durable' ? group.done.promise : queued;",
      replace: 'return queued;',
    });
    const recorder = await record();
    for (let i = 1; i <= 5; i++) {
      await recorder.append(recordOf(i));
      expect(countRecords()).toBe(i);
      // the answer does not wait for the head, which follows: of the first in the next turn, of those close behind it once for all
      if (i === 1) await new Promise(setImmediate);
      if (i === 1) expect(headSeq()).toBe(1);
    }
    await vi.waitFor(() => expect(headSeq()).toBe(5), 10_000);
    expect(await verify()).toMatchObject({ ok: true, records: 5 });
  });

  test('commits what is appended in one turn as one group', async () => {
    proves('audit.group-commit', {
      file: 'gateway/audit/spool.ts',
      find: 'if (last !== undefined && last.entries.length < groupRecords && last.bytes < groupBytes) return last;',
      replace: 'if (last === undefined) groups.length = 0;',
    });
    const recorder = await record();
    await Promise.all(Array.from({ length: 500 }, (_, i) => recorder.append(recordOf(i))));
    expect(await store.sealsAfter('main', 0, 10)).toMatchObject([{ after: 0, seq: 500 }]);
    expect(await verify()).toMatchObject({ ok: true, records: 500 });
  });

  test('commits the first of a turn at once where no other call is under way, and the others of that turn as one group', async () => {
    const recorder = await record({ siblings: () => 0 });
    const appended = [1, 2, 3, 4].map((i) => recorder.append(recordOf(i)));
    await appended[0];
    expect(countRecords()).toBe(1);
    await Promise.all(appended);
    expect((await store.sealsAfter('main', 0, 10)).map(({ seq }) => seq)).toEqual([1, 4]);
  });

  test('commits what comes while a commit runs as the next group', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    let calls = 0;
    const slow: Store = {
      ...store,
      appendRecords: async (...args) => {
        if (++calls === 1) await gate;
        await store.appendRecords(...args);
      },
    };
    const recorder = await record({ store: slow });
    const first = recorder.append(recordOf(1));
    while (calls === 0) await new Promise(setImmediate);
    const rest = Array.from({ length: 20 }, (_, i) => recorder.append(recordOf(2 + i)));
    expect(headSeq()).toBe(0);
    release();
    await Promise.all([first, ...rest]);
    expect((await store.sealsAfter('main', 0, 10)).map(({ seq }) => seq)).toEqual([1, 21]);
  });

  test('keeps the order in which it was called', async () => {
    const recorder = await record();
    await Promise.all(Array.from({ length: 5000 }, (_, i) => recorder.append(recordOf(i))));
    const newest = await store.newestRecords(3);
    expect(newest.map(({ seq, at }) => [seq, at])).toEqual([5000, 4999, 4998].map((seq) => [seq, seq - 1]));
    expect(await verify()).toMatchObject({ ok: true, records: 5000 });
  });

  test('rejects what can not be committed, and goes on where the chain ends once it can', async () => {
    proves('audit.refuses', {
      file: 'gateway/audit/spool.ts',
      find: 'group.done.reject(error);',
      replace: 'group.done.resolve();',
    });
    const recorder = await record();
    await recorder.append(recordOf(1));
    tamper(refuseRecords);
    const lost = await Promise.allSettled([recorder.append(recordOf(2)), recorder.append(recordOf(3))]);
    expect(lost).toMatchObject([{ reason: { code: 'AUDIT_UNAVAILABLE' } }, { reason: { code: 'AUDIT_UNAVAILABLE' } }]);
    await expect(recorder.append(recordOf(4))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    tamper('drop trigger no');
    await recorder.append(recordOf(5));
    expect(await verify()).toMatchObject({ ok: true, records: 2 });
  });

  test('counts a group that was committed though the database said otherwise', async () => {
    const flaky: Store = {
      ...store,
      appendRecords: async (...args) => {
        await store.appendRecords(...args);
        throw new Error('the connection broke after the commit');
      },
    };
    const recorder = await record({ store: flaky });
    await recorder.append(recordOf(1));
    await recorder.append(recordOf(2));
    expect(await verify()).toMatchObject({ ok: true, records: 2 });
  });

  test('refuses what is appended when too much waits', async () => {
    const recorder = await record({ waitingRecords: 3 });
    const all = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => recorder.append(recordOf(i))));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(all[4]).toMatchObject({ reason: { code: 'AUDIT_UNAVAILABLE' } });
    await recorder.append(recordOf(9));
  });

  test('refuses on a full disk, and records again when there is room, without a gap', async () => {
    proves('audit.disk-full', {
      file: 'gateway/audit/writer.ts',
      find: 'if (position.hash === before) throw error;',
      replace: 'if (position.hash === before) return;',
    });
    const disk = smallDisk();
    try {
      const small = await openStore({ kind: 'sqlite', file: `${disk.folder}/drawbridge.db` }, { logger: quiet });
      const recorder = await openRecorder({ store: small, ...audit, chain: 'main', mode: 'durable', logger: quiet });
      await recorder.append(recordOf(1));
      disk.fill();
      const text = 'x'.repeat(2000);
      const refused = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => recorder.append(recordOf(i, { text }))));
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set(['rejected']));
      expect(refused[0]).toMatchObject({ reason: { code: 'AUDIT_UNAVAILABLE' } });
      disk.free();
      await recorder.append(recordOf(2));
      expect(await verifyAudit({ store: small, ...audit })).toMatchObject({ ok: true, records: 2 });
      await recorder.close();
      await small.close();
    } finally {
      disk.remove();
    }
  });

  test('commits what waits when it is closed, and refuses what comes later', async () => {
    const recorder = await record();
    const waiting = [recorder.append(recordOf(1)), recorder.append(recordOf(2))];
    await Promise.all([recorder.close(), recorder.close(), ...waiting]);
    await expect(recorder.append(recordOf(3))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(countRecords()).toBe(2);
  });
});

describe('a batched recorder', () => {
  test('resolves at once and commits within its window', async () => {
    const recorder = await record({ mode: 'batched', windowMs: 20 });
    await recorder.append(recordOf(1));
    expect(countRecords()).toBe(0);
    while (countRecords() === 0) await new Promise(setImmediate);
    expect(await verify()).toMatchObject({ ok: true, records: 1 });
  });

  test('commits at once when a whole group waits', async () => {
    const recorder = await record({ mode: 'batched', windowMs: 60_000 });
    await Promise.all(Array.from({ length: 2001 }, (_, i) => recorder.append(recordOf(i))));
    while (countRecords() !== 2001) await new Promise(setImmediate);
  });

  test('commits what waits when it is closed', async () => {
    const recorder = await record({ mode: 'batched', windowMs: 60_000 });
    for (let i = 0; i < 10; i++) await recorder.append(recordOf(i));
    await recorder.close();
    expect(await verify()).toMatchObject({ ok: true, records: 10 });
  });

  test('refuses when its queue is full, and loses nothing that it took', async () => {
    proves('audit.batched-bounded', {
      file: 'gateway/audit/spool.ts',
      find: 'waiting >= waitingRecords ||',
      replace: '',
    });
    const recorder = await record({ mode: 'batched', windowMs: 60_000, waitingRecords: 10 });
    for (let i = 0; i < 10; i++) await recorder.append(recordOf(i));
    await expect(recorder.append(recordOf(10))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await recorder.close();
    expect(await verify()).toMatchObject({ ok: true, records: 10 });
  });

  test('refuses while earlier records can not be committed, and commits those when it can', async () => {
    const recorder = await record({ mode: 'batched', windowMs: 5 });
    tamper(refuseRecords);
    let taken = 0;
    const append = () => recorder.append(recordOf(taken + 1));
    for (let code = ''; code !== 'AUDIT_UNAVAILABLE';) {
      await append().then(
        () => (taken += 1),
        (error) => (code = error.code),
      );
      await new Promise(setImmediate);
    }
    tamper('drop trigger no');
    while (countRecords() !== taken) await new Promise(setImmediate);
    await append();
    await recorder.close();
    expect(await verify()).toMatchObject({ ok: true, records: taken + 1 });
  });

  test('says at its close that records are lost, where they are', async () => {
    const recorder = await record({ mode: 'batched', windowMs: 60_000 });
    await recorder.append(recordOf(1));
    tamper(refuseRecords);
    await expect(recorder.close()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  });
});

describe('a recorder that is opened again', () => {
  const fill = async (...groups: number[]) => {
    const recorder = await record();
    for (const size of groups) await Promise.all(Array.from({ length: size }, (_, i) => recorder.append(recordOf(i))));
    await recorder.close();
  };

  test('continues the chain', async () => {
    await fill(3);
    await fill(2);
    expect(await verify()).toMatchObject({ ok: true, records: 5, chains: [{ chain: 'main', seq: 5, seals: 2 }] });
  });

  test('continues where the head is behind, as after a kill', async () => {
    await fill(3);
    const head = readFileSync(audit.headFile);
    await fill(2);
    writeFileSync(audit.headFile, head);
    await fill(1);
    expect(await verify()).toMatchObject({ ok: true, records: 6 });
  });

  test('believes the earlier line of the head where a power cut tore the newer one', async () => {
    await fill(4);
    await fill(2);
    const head = readFileSync(audit.headFile);
    const torn = head.toString().indexOf('"seq":6');
    head.fill(0, torn, torn + 40);
    writeFileSync(audit.headFile, head);
    expect(headSeq()).toBe(4);
    expect(await verify()).toMatchObject({ ok: true, records: 6 });
  });

  test.each([
    ['records were cut off at the end, with their seal', [`delete from record where ${seq} > 3`]],
    ['the last record is gone', [`delete from record where ${seq} = 5`]],
    ['the last seal is gone', [`update record set "after" = null, mac = null where ${seq} = 5`]],
    ['all is gone', ['delete from record']],
    ['all is gone, and that there was a chain', ['delete from record', 'delete from chain']],
    ['the last seal is forged', [`update record set mac = 'no' where ${seq} = 5`]],
    ['the last record is another', [`update record set hash = 'no' where ${seq} = 5`]],
  ])('refuses where %s', async (_what, statements) => {
    proves('audit.broken-refused', {
      file: 'gateway/audit/writer.ts',
      find: 'if (!isGenuine(key, seal)) throw',
      replace: 'if (key.length === 0) throw',
    });
    await fill(3, 2);
    tamper(...statements);
    await expect(record()).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
    expect(await verify()).toMatchObject({ ok: false });
  });

  test('refuses where the head is missing or the key is another one', async () => {
    await fill(3);
    const other = createSecretKey(audit.key.export().reverse());
    await expect(record({ key: other })).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
    rmSync(audit.headFile);
    await expect(record()).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
  });

  test('notices that somebody else writes to its chain, and accepts nothing more', async () => {
    const [one, two] = [await record(), await record()];
    await one.append(recordOf(1));
    await expect(two.append(recordOf(2))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE', cause: { code: 'AUDIT_BROKEN' } });
    await expect(two.append(recordOf(3))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(countRecords()).toBe(1);
  });

  test('refuses where everything is gone but the key, and verification says so', async () => {
    proves('audit.all-removed', {
      file: 'gateway/audit/writer.ts',
      find: 'if (heads === undefined && !isNew)',
      replace: 'if (heads === undefined && isNew)',
    });
    const recorder = await record();
    await recorder.append(recordOf(1));
    await recorder.close();
    tamper('delete from record', 'delete from chain');
    rmSync(audit.headFile);
    audit = await openAuditKey(folder);
    await expect(record()).rejects.toMatchObject({
      code: 'AUDIT_BROKEN',
      message: expect.stringMatching(/audit\.head is missing/),
    });
    expect(await verify()).toMatchObject({ ok: false, what: 'head-missing' });
    // Emptied is no better than gone.
    writeFileSync(audit.headFile, '');
    await expect(record()).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
    expect(await verify()).toMatchObject({ ok: false, what: 'head-damaged' });
  });

  test('says aloud that the beginning of its chain is missing, and goes on', async () => {
    const recorder = await record();
    for (let i = 1; i <= 3; i++) await recorder.append(recordOf(i));
    await recorder.close();
    tamper(`delete from record where ${seq} = 1`);
    const said: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
    await (await record({ logger })).append(recordOf(4));
    expect(said.map((line) => JSON.parse(line))).toMatchObject([{ chain: 'main', firstRecord: 2, level: 40 }]);
    expect(await verify()).toMatchObject({ ok: false, what: 'missing', seq: 1 });
  });

  test('keeps the heads of several chains in one file', async () => {
    await fill(2);
    const other = await record({ chain: 'node-2' });
    await other.append(recordOf(1));
    await other.close();
    await fill(1);
    expect(await verify()).toMatchObject({ ok: true, records: 4, chains: [{ chain: 'main' }, { chain: 'node-2' }] });
  });
});
