// Definitions of items that were seen, and what was decided of each.
import { hash } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import { type Hints, hints } from '#contract/condition.ts';
import type { AssignmentId, Slug, WorkstationId } from '#contract/id.ts';
import { type SeenDefinition, suspicions, type Suspicion } from '#contract/pin.ts';
import type { ItemKind } from '#contract/policy.ts';
import { z } from 'zod';
import type { PinName, PinRow, StoredPin } from '../pin.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, changed, readAtOnce, unchanged } from './change.ts';
import { parts } from './part.ts';

const ofItemAtMost = 32;
const ofAssignmentAtMost = 20_000;

export async function pinRows(db: Db, known: string | undefined) {
  return await readAtOnce(db, async (tx) => {
    const { rows } = await sql<Record<'count' | 'newest' | 'sum', unknown>>`
      select count(*) as count, max(revision) as newest, sum(revision) as sum from pin`.execute(tx);
    const version = `${String(rows[0]?.count)} ${String(rows[0]?.newest)} ${String(rows[0]?.sum)}`;
    if (version === known) return { version, rows: undefined };
    const found = await tx
      .selectFrom('pin')
      .select(['assignment_id', 'item', 'kind', 'name', 'hash', 'body', 'hints', 'state', 'decided_at'])
      .execute();
    return { version, rows: found.map(rowOf) };
  });
}

export async function sawDefinitions(
  db: Db,
  assignment: AssignmentId,
  seen: readonly SeenDefinition[],
  by: { readonly user: Slug; readonly workstation: WorkstationId | null },
  at: number,
): Promise<readonly SeenDefinition[]> {
  return await change(db, async (tx, revision) => {
    const isThere = await tx.selectFrom('assignment').select('id').where('id', '=', assignment).executeTakeFirst();
    if (!isThere) return unchanged([]);
    const rows = await tx.selectFrom('pin').select(['item', 'hash']).where('assignment_id', '=', assignment).execute();
    const known = new Map<string, Set<string>>();
    for (const row of rows) known.set(row.item, (known.get(row.item) ?? new Set()).add(row.hash));
    const kept: SeenDefinition[] = [];
    for (const one of seen) {
      const item = itemOf(one.kind, one.name);
      const hashes = known.get(item) ?? new Set();
      if (hashes.has(one.hash) || hashes.size >= ofItemAtMost || rows.length + kept.length >= ofAssignmentAtMost) continue;
      // Somebody else saw another one meanwhile.
      kept.push(hashes.size > 0 && one.state === 'accepted' ? { ...one, state: 'waiting', reason: 'changed' } : one);
      known.set(item, hashes.add(one.hash));
    }
    const values = kept.map(({ kind, name, hints, suspicions, gone, ...one }) => ({
      ...one,
      assignment_id: assignment,
      item: itemOf(kind, name),
      kind,
      name: JSON.stringify(name),
      hints: Object.keys(hints).length === 0 ? null : JSON.stringify(hints),
      suspicions: JSON.stringify(suspicions),
      gone: JSON.stringify(gone),
      seen_at: at,
      seen_by: by.user,
      seen_on: by.workstation,
      decided_at: null,
      note: null,
      revision: revision + 1,
    }));
    for (const part of parts(values)) await tx.insertInto('pin').values(part).execute();
    return kept.length > 0 ? changed(kept, 'beside') : unchanged(kept);
  });
}

export async function pins(db: Db): Promise<readonly StoredPin[]> {
  const rows = await named(db).selectAll('pin').select(['gateway.slug as gateway', 'server.slug as server']).execute();
  return rows
    .map((row) => ({ ...storedOf(row), gateway: row.gateway, server: row.server }))
    .toSorted((a, b) => compare(a, b) || a.seenAt - b.seenAt || (a.hash < b.hash ? -1 : 1));
}

export async function decidePins(
  db: Db,
  names: readonly PinName[],
  state: 'accepted' | 'rejected',
  note: string | null,
  now: number,
): Promise<boolean> {
  return await change(db, async (tx, revision) => {
    const found = await Promise.all(names.map((name) => one(tx, name)));
    if (found.some((row) => row === undefined)) return unchanged(false);
    for (const row of found) {
      if (row === undefined) continue;
      const decided = { state, note, decided_at: now, revision: revision + 1 };
      await update(tx, row.assignment_id, row.item).set(decided).where('hash', '=', row.hash).execute();
      if (state !== 'accepted' || row.reason !== 'renamed') continue;
      for (const gone of gonePins.parse(JSON.parse(row.gone)))
        await update(tx, row.assignment_id, itemOf(row.kind, gone))
          .set({ state: 'waiting', decided_at: now, revision: revision + 1 })
          .where('state', '=', 'accepted')
          .execute();
    }
    return changed(true, 'beside');
  });
}

/** Rows that the database lost stay lost no longer; what was decided since stays. */
export async function mergePins(tx: Tx, older: Db): Promise<number> {
  const rows = await older.selectFrom('pin').selectAll().execute();
  for (const part of parts(rows))
    await tx
      .insertInto('pin')
      .values(part)
      .onConflict((on) => on.columns(['assignment_id', 'item', 'hash']).doNothing())
      .execute();
  return rows.length;
}

const gonePins = z.array(z.string());
const suspicionList = z.array(z.object({ kind: z.enum(suspicions), pointer: z.string(), detail: z.string() }));

function update(tx: Tx, assignment: AssignmentId, item: string) {
  return tx.updateTable('pin').where('assignment_id', '=', assignment).where('item', '=', item);
}

function named(db: Db) {
  return db
    .selectFrom('pin')
    .innerJoin('assignment', 'assignment.id', 'pin.assignment_id')
    .innerJoin('gateway', 'gateway.id', 'assignment.gateway_id')
    .innerJoin('server', 'server.id', 'assignment.server_id');
}

async function one(tx: Tx, { gateway, server, kind, name, hash }: PinName) {
  return await named(tx)
    .selectAll('pin')
    .where('gateway.slug', '=', gateway)
    .where('server.slug', '=', server)
    .where('pin.item', '=', itemOf(kind, name))
    .where('pin.hash', '=', hash)
    .executeTakeFirst();
}

function itemOf(kind: ItemKind, name: string): string {
  return hash('sha256', JSON.stringify([kind, name]), 'hex');
}

type Row = Selectable<Tables['pin']>;

function rowOf(
  row: Pick<Row, 'assignment_id' | 'item' | 'kind' | 'name' | 'hash' | 'body' | 'hints' | 'state' | 'decided_at'>,
): PinRow {
  const { assignment_id: assignment, kind, body, state, decided_at: decidedAt } = row;
  const hints = hintsIn(row.hints);
  const name = hints && nameOf(row);
  return { assignment, kind, name, hash: row.hash, body, hints: hints ?? {}, state, decidedAt };
}

const storedHints = z.strictObject(Object.fromEntries(hints.map((hint) => [hint, z.boolean().optional()])));
/** Nearly all rows have the same few texts. */
const readHints = new Map<string, Hints | undefined>();

/** Undefined where it is not what was written. */
function hintsIn(text: string | null): Hints | undefined {
  if (text === null) return {};
  if (!readHints.has(text)) {
    if (readHints.size >= 100) readHints.clear();
    readHints.set(text, parsedHints(text));
  }
  return readHints.get(text);
}

function parsedHints(text: string): Hints | undefined {
  try {
    return storedHints.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Undefined where the row is not what was written. */
function nameOf({ item, kind, name, hash }: Pick<Row, 'item' | 'kind' | 'name' | 'hash'>): string | undefined {
  try {
    const read: unknown = JSON.parse(name);
    return typeof read === 'string' && itemOf(kind, read) === item && /^[0-9a-f]{64}$/.test(hash) ? read : undefined;
  } catch {
    return undefined;
  }
}

function storedOf(row: Row): Omit<StoredPin, 'gateway' | 'server'> {
  const { kind, hash, body, definition, state, reason, note } = row;
  const found: readonly Suspicion[] = suspicionList.parse(JSON.parse(row.suspicions));
  return {
    kind,
    name: nameOf(row) ?? row.name,
    hash,
    body,
    definition,
    hints: hintsIn(row.hints) ?? {},
    state,
    reason,
    note,
    suspicions: found,
    gone: gonePins.parse(JSON.parse(row.gone)),
    seenAt: row.seen_at,
    seenBy: row.seen_by,
    seenOn: row.seen_on,
    decidedAt: row.decided_at,
  };
}

function compare(a: StoredPin, b: StoredPin): number {
  const [one, other] = [a, b].map(({ gateway, server, kind, name }) => [gateway, server, kind, name].join('\n'));
  return one === other ? 0 : (one ?? '') < (other ?? '') ? -1 : 1;
}
