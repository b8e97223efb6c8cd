// Definitions of items that were seen, and what was decided of each.
import { hash } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import { type Hints, hints } from '#contract/condition.ts';
import type { AssignmentId, Slug, WorkstationId } from '#contract/id.ts';
import { type PinState, type SeenDefinition, suspicions } from '#contract/pin.ts';
import type { ItemKind } from '#contract/policy.ts';
import { z } from 'zod';
import type { ListedPin, PinFilter, PinName, PinPage, PinRow, StoredPin } from '../pin.ts';
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

const listed = [
  'pin.item',
  'pin.hash',
  'pin.kind',
  'pin.name',
  'pin.hints',
  'pin.state',
  'pin.reason',
  'pin.suspicions',
  'pin.gone',
  'pin.seen_at',
  'pin.seen_by',
  'pin.seen_on',
  'pin.decided_at',
  'pin.note',
] as const;
const slugs = ['gateway.slug as gateway', 'server.slug as server'] as const;
/** Of the last one of a page: gateway, server, item and hash. */
const word = z.string().regex(/^[0-9a-z_-]{1,100}$/);
const place = z.tuple([word, word, word, word]);

export async function pinPage(db: Db, of: PinFilter, limit: number, after?: string): Promise<PinPage | undefined> {
  const from = after === undefined ? undefined : placeIn(after);
  if (after !== undefined && !from) return undefined;
  const [gateway, server, item, hash] = from ?? [];
  const found: { readonly item: string; readonly pin: ListedPin }[] = [];
  // One after the other: each by an index, and no more of it than is shown.
  for (const one of await assignments(db, of, [gateway, server])) {
    const isBegun = one.gateway === gateway && one.server === server;
    const rows = await pageOf(db, one.id, of.state, limit + 1 - found.length, isBegun ? [item, hash] : undefined);
    for (const row of rows) found.push({ item: row.item, pin: listedOf({ ...row, gateway: one.gateway, server: one.server }) });
    if (found.length > limit) break;
  }
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const isMore = last !== undefined && found.length > limit;
  const next = isMore ? JSON.stringify([last.pin.gateway, last.pin.server, last.item, last.pin.hash]) : null;
  return { pins: shown.map(({ pin }) => pin), next };
}

async function assignments(db: Db, of: PinFilter, [gateway, server]: readonly (string | undefined)[]) {
  let query = db
    .selectFrom('assignment')
    .innerJoin('gateway', 'gateway.id', 'assignment.gateway_id')
    .innerJoin('server', 'server.id', 'assignment.server_id')
    .select(['assignment.id', ...slugs]);
  if (of.gateway !== undefined) query = query.where(sql.ref('gateway.slug'), '=', of.gateway);
  if (of.server !== undefined) query = query.where(sql.ref('server.slug'), '=', of.server);
  if (gateway !== undefined) query = query.where(sql<boolean>`(gateway.slug, server.slug) >= (${gateway}, ${server})`);
  return await query.orderBy('gateway.slug').orderBy('server.slug').execute();
}

async function pageOf(
  db: Db,
  assignment: AssignmentId,
  state: PinState | undefined,
  limit: number,
  after: readonly (string | undefined)[] | undefined,
) {
  let query = db.selectFrom('pin').select(listed).where('pin.assignment_id', '=', assignment);
  if (state !== undefined) query = query.where('pin.state', '=', state);
  if (after) query = query.where(sql<boolean>`(pin.item, pin.hash) > (${sql.join(after)})`);
  return await query.orderBy('pin.item').orderBy('pin.hash').limit(limit).execute();
}

function placeIn(text: string) {
  try {
    return place.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export async function pinsBegunWith(db: Db, hash: string, of: PinFilter): Promise<readonly StoredPin[]> {
  const found = fitting(db, of).selectAll('pin').select(slugs);
  // Hex: no digit is beyond g.
  const rows = await found.where('pin.hash', '>=', hash).where('pin.hash', '<', `${hash}g`).limit(2).execute();
  return rows.map(storedOf);
}

export async function counterparts(db: Db, { gateway, server, kind, name, gone }: ListedPin): Promise<readonly StoredPin[]> {
  const items = [name, ...gone].map((one) => itemOf(kind, one));
  const found = fitting(db, { gateway, server, state: 'accepted' }).selectAll('pin').select(slugs);
  const rows = await Promise.all([...parts(items)].map((part) => found.where('pin.item', 'in', part).execute()));
  return rows.flat().map(storedOf);
}

export async function namedPins(db: Db, names: readonly PinName[]): Promise<readonly (ListedPin | undefined)[]> {
  const found: (ListedPin | undefined)[] = [];
  for (const name of names) {
    const row = await fitting(db, name)
      .select([...listed, ...slugs])
      .where('pin.item', '=', itemOf(name.kind, name.name))
      .where('pin.hash', '=', name.hash)
      .executeTakeFirst();
    found.push(row && listedOf(row));
  }
  return found;
}

function fitting(db: Db, { gateway, server, state }: PinFilter) {
  let query = named(db);
  if (gateway !== undefined) query = query.where(sql.ref('gateway.slug'), '=', gateway);
  if (server !== undefined) query = query.where(sql.ref('server.slug'), '=', server);
  if (state !== undefined) query = query.where('pin.state', '=', state);
  return query;
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
          .set({
            state: 'waiting',
            note: `${row.name.slice(0, 300)} came for it, and was approved`,
            decided_at: now,
            revision: revision + 1,
          })
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

/** What nearly all rows have. */
const none: readonly never[] = [];
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

type Slugs = { readonly gateway: Slug; readonly server: Slug };

function storedOf(row: Row & Slugs): StoredPin {
  return { ...listedOf(row), body: row.body, definition: row.definition };
}

function listedOf(row: Omit<Row, 'body' | 'definition' | 'assignment_id' | 'revision'> & Slugs): ListedPin {
  const { gateway, server, kind, hash, state, reason, note } = row;
  return {
    gateway,
    server,
    kind,
    name: nameOf(row) ?? row.name,
    hash,
    hints: hintsIn(row.hints) ?? {},
    state,
    reason,
    note,
    suspicions: row.suspicions === '[]' ? none : suspicionList.parse(JSON.parse(row.suspicions)),
    gone: row.gone === '[]' ? none : gonePins.parse(JSON.parse(row.gone)),
    seenAt: row.seen_at,
    seenBy: row.seen_by,
    seenOn: row.seen_on,
    decidedAt: row.decided_at,
  };
}
