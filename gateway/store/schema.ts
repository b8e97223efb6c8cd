// The numbered migrations, and which of them a database has. The one rule: a database that knows more than we do is left alone.
import { Migrator } from 'kysely/migration';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { Fault } from '#contract/error.ts';
import type { DialectName, Engine } from './engine.ts';
import { createPolicy } from './migration/0001-policy.ts';
import { createRecords } from './migration/0002-record.ts';
import { createProvision } from './migration/0003-provision.ts';
import { createRemote } from './migration/0004-remote.ts';
import { createSignIn } from './migration/0005-sign-in.ts';
import { createLocalAccount } from './migration/0006-local-account.ts';
import { createTransport } from './migration/0007-transport.ts';
import { createEgressWay } from './migration/0008-egress.ts';
import { createUpstreamSignIn } from './migration/0009-upstream-sign-in.ts';
import { createServiceAccount } from './migration/0010-machine-account.ts';
import { createSign } from './migration/0011-sign.ts';
import { createHost } from './migration/0012-host.ts';
import { createStepUp } from './migration/0013-step-up.ts';
import { createRecordTree } from './migration/0014-one-record-tree.ts';
import { createPerson } from './migration/0015-person.ts';
import { createAccount } from './migration/0016-account.ts';
import { createSink } from './migration/0017-sink.ts';
import { createRule } from './migration/0018-rule.ts';
import { createAdministration } from './migration/0019-administration.ts';
import { createSeen } from './migration/0020-seen.ts';
import { createDirectory } from './migration/0021-directory.ts';
import { createAlert } from './migration/0022-alert.ts';
import { createAlertClosing } from './migration/0033-alert-closing.ts';
import { createPinState } from './migration/0037-pin-state.ts';
import { createSearch } from './migration/0023-search.ts';
import { createSwitch } from './migration/0024-switch.ts';
import { createPin } from './migration/0025-pin.ts';
import { createParent } from './migration/0026-parent.ts';
import { createCondition } from './migration/0027-condition.ts';
import { createRemoval } from './migration/0028-removal.ts';
import { createLook } from './migration/0029-look.ts';
import { createRecentChange } from './migration/0030-recent-change.ts';
import { createPayload } from './migration/0031-payload.ts';
import { createEngineSecret } from './migration/0034-engine-secret.ts';
import { createExportJob } from './migration/0032-export.ts';
import { createWordPart } from './migration/0035-word-part.ts';
import { createRun } from './migration/0036-run.ts';
import type { Db } from './table.ts';

/** In order. The names stand in every database and every backup: never change one. */
const migrations = {
  '0001-policy': createPolicy,
  '0002-record': createRecords,
  '0003-provision': createProvision,
  '0004-remote': createRemote,
  '0005-sign-in': createSignIn,
  '0006-local-account': createLocalAccount,
  '0007-transport': createTransport,
  '0008-egress': createEgressWay,
  '0009-upstream-sign-in': createUpstreamSignIn,
  '0010-machine-account': createServiceAccount,
  '0011-sign': createSign,
  '0012-host': createHost,
  '0013-step-up': createStepUp,
  '0014-one-record-tree': createRecordTree,
  '0015-person': createPerson,
  '0016-account': createAccount,
  '0017-sink': createSink,
  '0018-rule': createRule,
  '0019-administration': createAdministration,
  '0020-seen': createSeen,
  '0021-directory': createDirectory,
  '0022-alert': createAlert,
  '0023-search': createSearch,
  '0024-switch': createSwitch,
  '0025-pin': createPin,
  '0026-parent': createParent,
  '0027-condition': createCondition,
  '0028-removal': createRemoval,
  '0029-look': createLook,
  '0030-recent-change': createRecentChange,
  '0031-payload': createPayload,
  '0032-export': createExportJob,
  '0033-alert-closing': createAlertClosing,
  '0034-engine-secret': createEngineSecret,
  '0035-word-part': createWordPart,
  '0036-run': createRun,
  '0037-pin-state': createPinState,
} satisfies Record<string, (dialect: DialectName) => Migration>;
const names: readonly string[] = Object.keys(migrations);
const newest: string = names.at(-1) ?? '';

/** Where SQLite keeps what its index of words is made of: they come and go with it. */
const isOfIndex = /^entry_word_/;
/** Made from the records, or only true of this very database: it is in no backup. */
export const isDerived = (table: string): boolean => table === 'entry' || table.startsWith('entry_') || table === 'recent_change';
const bookkeeping: readonly string[] = ['migration', 'migration_lock'];

type SchemaState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'known'; readonly schema: string; readonly isNewest: boolean }
  | { readonly kind: 'newer'; readonly schema: string }
  /** Tables that are not ours. */
  | { readonly kind: 'foreign'; readonly table: string };

/** Which schema a database has. Reads only. */
async function schemaOf(db: Db, dialect: DialectName): Promise<SchemaState> {
  const tables = await tablesOf(db, dialect, true);
  if (tables.length === 0) return { kind: 'empty' };
  if (!tables.some((table) => table.name === 'migration')) return { kind: 'foreign', table: tables[0]?.name ?? '' };
  const applied = await db
    .withTables<{ migration: { name: string } }>()
    .selectFrom('migration')
    .select('name')
    .orderBy('name')
    .execute();
  const unknown = applied.findLast(({ name }) => !names.includes(name));
  if (unknown !== undefined) return { kind: 'newer', schema: unknown.name };
  const schema = applied.at(-1)?.name;
  return schema === undefined ? { kind: 'empty' } : { kind: 'known', schema, isNewest: schema === newest };
}

/** Whether we know how to make this schema. */
export function isKnown(schema: string): boolean {
  return names.includes(schema);
}

/** Brings a database, or an open transaction on one, up to `schema`. */
export async function migrate(db: Db, dialect: DialectName, schema: string = newest): Promise<void> {
  const known = Object.fromEntries(Object.entries(migrations).map(([name, of]) => [name, of(dialect)]));
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(known) },
    migrationTableName: 'migration',
    migrationLockTableName: 'migration_lock',
  });
  const { error } = await migrator.migrateTo(schema);
  if (error !== undefined) throw error;
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Our tables by introspection, without the migrator's own unless asked for. */
export async function tablesOf(db: Db, dialect: DialectName, withBookkeeping = false): Promise<readonly Table[]> {
  const all = await db.introspection.getTables({ withInternalKyselyTables: true });
  const schema = dialect === 'sqlite' ? undefined : await currentSchema(db);
  const ours = all.filter((table) => table.schema === schema);
  return ours
    .filter(({ isView, name }) => !isView && !isOfIndex.test(name) && (withBookkeeping || !bookkeeping.includes(name)))
    .map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) }));
}

/** Rejects with what a person must know of a database that has to be left alone. Reads only. */
export async function checkSchema(
  engine: Pick<Engine, 'db' | 'dialect'>,
  where: string,
): Promise<Extract<SchemaState, { kind: 'empty' | 'known' }>> {
  const state = await schemaOf(engine.db, engine.dialect);
  if (state.kind === 'newer') throw new Fault('STORE_NEWER', { found: state.schema, known: newest });
  if (state.kind === 'foreign')
    throw new Fault('FILE_UNUSABLE', {
      file: where,
      reason: `it holds something else (a table "${state.table}"). Name an empty database or one of Drawbridge's own.`,
    });
  return state;
}

async function currentSchema(db: Db): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select current_schema() as name`.execute(db);
  return rows[0]?.name;
}
