// `node test/bench/directory/main.ts [--people 100000]`: what a large directory costs: filtered lists of SCIM, one more person, and the policy that is in force with all
// of them. Prints a table, and never asserts a time.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { newId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { matchOf } from '../../../gateway/http/scim/attribute.ts';
import { parseFilter } from '../../../gateway/http/scim/filter.ts';
import { compile, type Source } from '../../../gateway/policy/compile.ts';
import type { PersonDraft } from '../../../gateway/store/directory.ts';
import { createStateReader, type State } from '../../../gateway/state.ts';
import { openEngine, openStore } from '../../../gateway/store/open.ts';
import { parts } from '../../../gateway/store/sql/part.ts';
import { madeByDirectory } from '../../../gateway/store/sql/directory-user.ts';
import { Slug, UserId } from '#contract/id.ts';
import { applyPolicy, samplePolicy } from '../../suite/sample.ts';

const people = Number(parseArgs({ options: { people: { type: 'string', default: '100000' } } }).values.people);
const logger = pino({ level: 'silent' });
const dir = await mkdtemp(join(tmpdir(), 'drawbridge-directory-'));
const location = { kind: 'sqlite', file: join(dir, 'drawbridge.db') } as const;

const draftOf = (index: number): PersonDraft => {
  const email = `person${index}@example.org`;
  const emails = [{ value: email, type: 'work', primary: true }];
  const body = JSON.stringify({ userName: email, active: true, emails });
  return { userName: email, externalId: `ext-${index}`, displayName: `Person ${index}`, email, emails, active: true, body };
};

/** A group with all of them, that gives a team. */
const everybody = {
  id: newId(),
  display_name: 'Everybody',
  display_name_key: 'everybody',
  external_id: null,
  version: 1,
  created_at: 1,
  modified_at: 1,
};
const policy = PolicyFile.parse({ ...samplePolicy, directory: { groups: { Everybody: { teams: ['eng'] } } } });

async function fill(): Promise<void> {
  const engine = await openEngine(location, { logger, backupDirectory: dir });
  const all = Array.from({ length: people }, (_, index) => ({ index, id: newId(), user: UserId.parse(newId()) }));
  await engine.db.transaction().execute(async (tx) => {
    for (const part of parts(all, 50)) {
      const of = part.map((one) => ({ ...one, ...draftOf(one.index) }));
      await tx
        .insertInto('user')
        .values(
          of.map(({ user, email, index }) => ({
            id: user,
            slug: Slug.parse(`person${index}-example-org`),
            title: `Person ${index}`,
            email,
            made_by: madeByDirectory,
            service: null,
            role: null,
          })),
        )
        .execute();
      await tx
        .insertInto('directory_person')
        .values(
          of.map(({ id, user, userName, externalId, displayName, email, body, index }) => ({
            id,
            user_id: user,
            user_name: userName,
            user_name_key: userName,
            external_id: externalId,
            display_name: displayName,
            display_name_key: displayName?.toLowerCase() ?? null,
            email,
            email_key: email,
            active: 1,
            body,
            version: 1,
            created_at: index,
            modified_at: index,
          })),
        )
        .execute();
      const emails = of.map(({ id, email }) => ({ person_id: id, position: 0, value_key: email, type: 'work', is_primary: 1 }));
      await tx.insertInto('directory_email').values(emails).execute();
      const members = of.map(({ id }) => ({ group_id: everybody.id, person_id: id }));
      await tx.insertInto('directory_member').values(members).execute();
    }
    await tx.insertInto('directory_group').values(everybody).execute();
  });
  await engine.close();
}

/** The median, in ms. With SQLite it is what the event loop is blocked for. */
async function measured(what: string, run: () => Promise<unknown>, times = 9): Promise<number> {
  const took: number[] = [];
  for (let count = 0; count < times; count++) {
    const from = performance.now();
    await run();
    took.push(performance.now() - from);
  }
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 0).toFixed(1).padStart(8);
  console.log(`${what.padEnd(64)} median ${at(0.5)} ms, worst ${at(1)} ms`);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const first = await openStore(location, { logger, backupDirectory: dir });
await applyPolicy(first, policy);
await first.close();
await fill();
const store = await openStore(location, { logger, backupDirectory: dir });
try {
  console.log(`${people} people of a directory, SQLite`);
  const base = { sort: 'id', descending: false, offset: 0, limit: 100 } as const;
  for (const filter of [
    `userName eq "person${people - 7}@example.org"`,
    `externalId eq "ext-${people - 7}"`,
    `emails[type eq "work" and value eq "person77@example.org"]`,
    'displayName sw "person 999"',
    'userName co "77777"',
    'active eq false',
    'not (active eq true) or displayName eq "person 5"',
  ])
    await measured(filter, () => store.directory.people({ ...base, match: matchOf('User', parseFilter(filter)) }));
  await measured('the last page, by userName', () =>
    store.directory.people({ ...base, match: undefined, sort: 'userName', offset: people - 100 }),
  );
  let more = people;
  await measured('one more person', () => store.directory.addPerson(draftOf(++more), 1));
  const whole = await measured('the policy that is in force, read whole', () => createStateReader(store)(), 5);
  const read = createStateReader(store);
  const sourceOf = ({ policy, ids, people, offers, approvals, hosts }: State): Source => ({
    policy,
    ids,
    people,
    offers,
    approvals,
    hosts,
  });
  let last = sourceOf(await read());
  let snapshot = compile(last);
  const one = await measured('one more person, until they are in force', async () => {
    await store.directory.addPerson(draftOf(++more), 1);
    const source = sourceOf(await read());
    snapshot = compile(source, { source: last, snapshot });
    last = source;
    if (!snapshot.people.bySlug(`person${more}-example-org`)) throw new Error('they are not in force');
  });
  console.log(`one more person costs 1/${(whole / one).toFixed(0)} of reading all of them`);
  const somebody = async (index: number) => {
    const match = matchOf('User', parseFilter(`userName eq "person${index}@example.org"`));
    const [person] = (await store.directory.people({ ...base, match })).items;
    if (!person) throw new Error('they are not there');
    return person;
  };
  let index = 0;
  await measured('somebody who is no more active, until that is in force', async () => {
    const { id, version, user } = await somebody(++index);
    await store.directory.changePerson(id, version, { ...draftOf(index), active: false }, 1);
    if ((await read()).people.bySlug(user.slug)) throw new Error('they are in force');
  });
  await measured('somebody who is removed, until that is in force', async () => {
    const { id, version, user } = await somebody(++index);
    await store.directory.removePerson(id, version, 1);
    if ((await read()).people.bySlug(user.slug)) throw new Error('they are in force');
  });
} finally {
  await store.close();
  await rm(dir, { recursive: true, force: true });
}
