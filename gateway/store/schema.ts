// Which of the numbered migrations a database has. The one rule: a database that knows more than we do is left alone.
import { sql } from 'kysely';
import { Fault } from '#contract/error.ts';
import type { DialectName, Engine } from './engine.ts';
import type { Db } from './table.ts';

/** In order. They stand in every database and every backup: never change one. What each does: migrations.ts. */
const all = [
  '0001-policy',
  '0002-record',
  '0003-provision',
  '0004-remote',
  '0005-sign-in',
  '0006-local-account',
  '0007-transport',
  '0008-egress',
  '0009-upstream-sign-in',
  '0010-machine-account',
  '0011-sign',
  '0012-host',
  '0013-step-up',
  '0014-one-record-tree',
  '0015-person',
  '0016-account',
  '0017-sink',
  '0018-rule',
  '0019-administration',
  '0020-seen',
  '0021-directory',
  '0022-alert',
  '0023-search',
  '0024-switch',
  '0025-pin',
  '0026-parent',
  '0027-condition',
  '0028-removal',
  '0029-look',
  '0030-recent-change',
  '0031-payload',
  '0032-export',
  '0033-alert-closing',
  '0034-engine-secret',
  '0035-word-part',
  '0036-run',
  '0037-pin-state',
  '0038-sheaf',
  '0039-method',
] as const;
export type MigrationName = (typeof all)[number];
const names: readonly string[] = all;
export const newest: string = names.at(-1) ?? '';

/** Where SQLite keeps what its index of words is made of: they come and go with it. */
const isOfIndex = /^entry_(?:word|said)_/;
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
  if (!(await isOurs(db, dialect))) {
    const [other] = await tablesOf(db, dialect, true);
    return other === undefined ? { kind: 'empty' } : { kind: 'foreign', table: other.name };
  }
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

/** Asked for by name: a look at all tables and their columns costs a start 10 ms. */
async function isOurs(db: Db, dialect: DialectName): Promise<boolean> {
  const { rows } = await (
    dialect === 'sqlite'
      ? sql`select name from sqlite_master where type = 'table' and name = 'migration'`
      : sql`select relname from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
          where n.nspname = current_schema() and c.relname = 'migration' and c.relkind in ('r', 'p', 'f')`
  ).execute(db);
  return rows.length > 0;
}

/** Whether we know how to make this schema. */
export function isKnown(schema: string): boolean {
  return names.includes(schema);
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
