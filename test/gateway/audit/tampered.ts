// Twelve real records in three groups, in a real database with its head, of which somebody with the database gets a copy to change; and what `audit verify` says then.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Entry, extend, start, type Position } from '../../../gateway/audit/chain.ts';
import { replaceHeads } from '../../../gateway/audit/head.ts';
import { type Verdict, verifyAudit } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { freshFolder } from '../../suite/ground.ts';
import { quiet } from '../../suite/sample.ts';

export type Tamper = (db: Database.Database) => void;
export interface Tampered {
  readonly key: KeyObject;
  /** The whole database and its head, as files of one's own. */
  copy(name: string): Promise<{ readonly file: string; readonly headFile: string }>;
  verifyAfter(tamper: Tamper): Promise<Verdict>;
  close(): Promise<void>;
}

/** The key of a record, or of the row whose last it is: the database has one chain. */
export const place = (seq: number): number => 2 ** 40 + seq;

/** `entryOf`: the record of this number, 1 to 12. */
export async function openTampered(entryOf: (seq: number) => Entry): Promise<Tampered> {
  const key = createSecretKey(randomBytes(32));
  const folder = await freshFolder();
  const whole = { file: join(folder, 'whole.sqlite'), headFile: join(folder, 'whole.head') };
  const store = await openStore({ kind: 'sqlite', file: whole.file }, { logger: quiet });
  let at: Position = start('main');
  for (const first of [1, 5, 9]) {
    const { records, seal } = extend(
      key,
      at,
      [0, 1, 2, 3].map((index) => entryOf(first + index)),
    );
    await store.appendRecords(records, seal);
    at = seal;
  }
  await store.close();
  replaceHeads(whole.headFile, key, [at]);

  async function copy(name: string) {
    const [file, headFile] = [join(folder, `${name}.sqlite`), join(folder, `${name}.head`)];
    for (const rest of ['', '-wal', '-shm']) await rm(`${file}${rest}`, { force: true });
    copyFileSync(whole.file, file);
    copyFileSync(whole.headFile, headFile);
    return { file, headFile };
  }

  return {
    key,
    copy,
    async verifyAfter(tamper) {
      const { file, headFile } = await copy('tampered');
      const db = new Database(file);
      tamper(db);
      db.close();
      const tampered = await openStore({ kind: 'sqlite', file }, { logger: quiet });
      try {
        return await verifyAudit({ store: tampered, key, headFile });
      } finally {
        await tampered.close();
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
