// What changes were about, where a directory changes large groups faster than somebody looks: all of them, or that it is not known.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId, UserId } from '#contract/id.ts';
import type { Engine } from '../../../gateway/store/engine.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { changesBetween, noteChange } from '../../../gateway/store/sql/recent-change.ts';
import { openSqlite } from '../../../gateway/store/sqlite.ts';
import { sqliteGround } from '../../suite/ground.ts';
import { quiet } from '../../suite/sample.ts';

let ground: Awaited<ReturnType<typeof sqliteGround>>;
let engine: Engine;
beforeEach(async () => {
  ground = await sqliteGround();
  await (await openStore(ground.location, { logger: quiet, backupDirectory: '/nonexistent' })).close();
  if (ground.location.kind !== 'sqlite') throw new Error('it is another database');
  engine = openSqlite(ground.location.file);
});
afterEach(async () => {
  await engine.close();
  await ground.remove();
});

const people = (count: number): ReadonlySet<UserId> => new Set(Array.from({ length: count }, () => UserId.parse(newId())));
const note = (revisions: number, about: { readonly people: ReadonlySet<UserId> }, from: number) =>
  engine.db.transaction().execute(async (tx) => {
    for (let revision = from; revision < from + revisions; revision++) await noteChange(tx, revision, about);
  });

test('of many changes that are about many people nobody is forgotten', async () => {
  const [some, others] = [people(900), people(1900)];
  await note(7, { people: some }, 1);
  expect(new Set((await changesBetween(engine.db, 0, 7))?.people)).toEqual(some);
  await note(1, { people: others }, 8);
  // Together they are too much to be told, so that everything is read again.
  expect(await changesBetween(engine.db, 0, 8)).toBeUndefined();
  expect(new Set((await changesBetween(engine.db, 7, 8))?.people)).toEqual(others);
});
