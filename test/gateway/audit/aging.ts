// A store on SQLite with records of many days and a clock of the test's own, for the tests of what becomes of records whose time is over.
import { createSecretKey, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { PolicyFile } from '#contract/policy.ts';
import { startRetention, type RetentionDeps } from '../../../gateway/audit/retention.ts';
import { openRecorder, type RecorderDeps } from '../../../gateway/audit/spool.ts';
import { verifyAudit, type VerifyDeps } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { freshFolder } from '../../suite/ground.ts';
import { applyPolicy, quiet, recordOf } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';

export const day = 86_400_000;

export interface Aging {
  readonly folder: string;
  readonly file: string;
  readonly headFile: string;
  readonly key: RecorderDeps['key'];
  store: Store;
  /** The clock. */
  at: number;
  /** What was logged: message and fields. */
  readonly log: Record<string, unknown>[];
}

/** At noon of day 100; records are kept for that many days, and these sinks are sent them. */
export async function aging(records: string | undefined, sinks: readonly string[] = []): Promise<Aging> {
  const folder = await freshFolder();
  const file = join(folder, 'gateway.sqlite');
  const store = await openStore({ kind: 'sqlite', file }, { logger: quiet });
  const named = Object.fromEntries(sinks.map((slug) => [slug, { kind: 'file' }]));
  await applyPolicy(store, PolicyFile.parse({ version: 1, retention: { records }, sinks: named }));
  const key = createSecretKey(randomBytes(32));
  return { folder, file, headFile: join(folder, 'audit.head'), key, store, at: 100.5 * day, log: [] };
}

export async function end({ store, folder }: Aging): Promise<void> {
  await store.close();
  await rm(folder, { recursive: true, force: true });
}

export function recorderOf(of: Aging, chain = 'main', isNew = false) {
  return openRecorder({ ...of, chain, isNew, mode: 'durable', logger: loggerOf(of) });
}

/** Appends groups to a chain: each the times of its records. */
export async function write(of: Aging, groups: readonly (readonly number[])[], chain = 'main', isNew = false): Promise<void> {
  const recorder = await recorderOf(of, chain, isNew);
  for (const times of groups) {
    const before = (await of.store.chainHead(chain))?.record.seq;
    await Promise.all(times.map((at) => recorder.append(recordOf(at, { chain }))));
    if ((await of.store.chainHead(chain))?.record.seq === before) throw new Error('nothing was appended');
  }
  await recorder.close();
}

export async function indexAll({ store }: Pick<Aging, 'store'>): Promise<void> {
  while ((await store.search.index(1000)) > 0);
}

/** The part that removes, looking all the time. */
export async function expiring(of: Aging, change: Partial<RetentionDeps> = {}) {
  const { store, key } = of;
  const chain = change.chain ?? 'main';
  const recorder = await recorderOf(of, chain, true);
  const retention = startRetention({
    store,
    key,
    recorder,
    chain,
    isQuiet: () => true,
    logger: loggerOf(of),
    now: () => of.at,
    everyMs: 2,
    ...change,
  });
  const close = async () => {
    await retention.close();
    await recorder.close();
  };
  return { retention, recorder, close };
}

export const verify = ({ store, key, headFile }: Aging, kept: VerifyDeps['kept'] = []) =>
  verifyAudit({ store, key, headFile, kept });

export async function seqs({ store }: Pick<Aging, 'store'>, chain = 'main'): Promise<readonly number[]> {
  return (await store.recordsAfter(chain, 0, 10_000)).map(({ seq }) => seq);
}

/** The events of a name in a chain, as their details. */
export async function events({ store }: Aging, event: string, chain = 'main'): Promise<readonly unknown[]> {
  const all = (await store.recordsAfter(chain, 0, 10_000)).map(({ body }): unknown => JSON.parse(body));
  return all.flatMap((one) => (one instanceof Object && Reflect.get(one, 'event') === event ? [Reflect.get(one, 'detail')] : []));
}

/** Waits until so many looks are over: each asks for the chains three times. */
export async function looks({ store }: Pick<Aging, 'store'>, count: number): Promise<void> {
  const { chains } = store;
  let asked = 0;
  Object.assign(store, { chains: () => (asked++, chains()) });
  await until('it has looked', async () => asked > count * 3);
  Object.assign(store, { chains });
}

/** What somebody with the database could do. A record's key is that of the first chain. */
export function tamper(of: Pick<Aging, 'file'>, work: (db: Database.Database, place: (seq: number) => number) => unknown): void {
  const db = new Database(of.file);
  try {
    work(db, (seq) => 2 ** 40 + seq);
  } finally {
    db.close();
  }
}

function loggerOf({ log }: Aging) {
  return pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
}
