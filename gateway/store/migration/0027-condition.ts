// Schema 27: an assignment also exposes items by conditions, and what of a definition conditions ask for stands beside it. Definitions that were seen before are read
// for it once; one that is ambiguous, or was too long to be kept, says nothing.
// Never edited once released: a change is a new file beside it.
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

const pageLength = 200;
const asked = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];

export function createCondition(dialect: DialectName): Migration {
  return {
    async up(db) {
      const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
      await sql.raw(`alter table provisioned_item add column condition ${text}`).execute(db);
      await sql.raw(`alter table pin add column hints ${text}`).execute(db);
      await readKept(db);
    },
  };
}

/** JSON, as `hints` has it; a definition that two readers could read differently says nothing. */
async function readKept(db: Kysely<unknown>): Promise<void> {
  let after = '';
  for (;;) {
    const { rows } = await sql<{ hash: string; definition: string }>`
      select hash, definition from pin where kind = 'tools' and definition <> ''
      and suspicions not like '%"kind":"ambiguous"%' and hash > ${after} order by hash limit ${pageLength}`.execute(db);
    const last = rows.at(-1);
    if (!last) return;
    after = last.hash;
    const byHints = Map.groupBy(rows, ({ definition }) => said(definition));
    for (const [hints, of] of byHints)
      if (hints !== '{}')
        await sql`update pin set hints = ${hints} where kind = 'tools' and hash in (${sql.join(of.map(({ hash }) => hash))})`.execute(
          db,
        );
  }
}

function said(definition: string): string {
  const annotations = annotationsIn(definition);
  if (!(annotations instanceof Object)) return '{}';
  const pairs = asked.flatMap((hint) => {
    const value: unknown = Object.hasOwn(annotations, hint) ? Reflect.get(annotations, hint) : undefined;
    return typeof value === 'boolean' ? [[hint, value]] : [];
  });
  return JSON.stringify(Object.fromEntries(pairs));
}

/** Undefined also where the row is damaged: what can't be read says nothing. */
function annotationsIn(definition: string): unknown {
  try {
    const read: unknown = JSON.parse(definition);
    return read instanceof Object ? Reflect.get(read, 'annotations') : undefined;
  } catch {
    return undefined;
  }
}
