// What every store tells those who follow it: read again by what changed, the state is what it is when it is read whole, at every server on the database
// (test/gateway/store/*.test.ts).
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { peopleIn } from '../../gateway/policy/people.ts';
import { createStateReader, type ReadState } from '../../gateway/state.ts';
import type { PersonDraft } from '../../gateway/store/directory.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, enrolled, fingerprint, hostToken, offerOf, quiet, samplePolicy, slug, without } from './sample.ts';
import type { Ground } from './store.ts';

const policy = PolicyFile.parse({
  ...samplePolicy,
  users: {
    ...samplePolicy.users,
    twin: { email: 'Ada@example.org', teams: ['ops'] },
    root: { email: 'root@example.org', role: 'super-admin' },
  },
  roles: { auditor: { capabilities: ['audit.read'] } },
  directory: { groups: { Engineers: { teams: ['eng'] }, Auditors: { teams: ['eng', 'ops'], role: 'auditor' } } },
});
const names = ['ada', 'ben', 'zoe', 'kim', 'lee'] as const;
const slugs = [...names, ...names.map((name) => `${name}-example-org`), 'twin', 'root', 'constructor'];
const draft = (name: string, active: boolean, as = name): PersonDraft => ({
  userName: `${name}@example.org`,
  externalId: null,
  displayName: as,
  email: `${as}@example.org`,
  emails: [],
  active,
  body: '{}',
});

/** What may happen, by name: the numbers choose of whom. */
const verbs: Readonly<Record<string, (store: Store, of: { name: string; other: string; flag: boolean }) => Promise<unknown>>> = {
  add: (store, { name, flag }) => store.directory.addPerson(draft(name, flag), 5000),
  change: (store, { name, other, flag }) =>
    onPerson(store, name, (id, version) => store.directory.changePerson(id, version, draft(name, flag, other), 6000)),
  remove: (store, { name }) => onPerson(store, name, (id, version) => store.directory.removePerson(id, version, 7000)),
  arrive: (store, { name, flag }) =>
    store.signIn.arrive({
      issuer: 'https://idp.example.org',
      subject: name,
      email: `${name}@example.org`,
      provider: 'idp',
      makes: true,
      gives: true,
      title: name,
      teams: flag ? [slug('eng')] : [],
      ofGroups: [],
      at: 8000,
    }),
  leaves: (store, { name, flag }) => store.signIn.removePerson(flag ? name : `${name}-example-org`, 8500),
  hold: (store, { name, flag }) => store.directory.hold(flag ? name : `${name}-example-org`, 9000),
  release: (store, { name, flag }) => store.directory.release(flag ? name : `${name}-example-org`, 9500),
  role: (store, { name, flag }) =>
    store.administration.setPersonRole(
      slug(`${name}-example-org`),
      slug(flag ? 'auditor' : 'member'),
      slug(flag ? 'member' : 'auditor'),
    ),
  group: async (store, { name, other, flag }) => {
    const title = flag ? 'Engineers' : 'Auditors';
    const people = (await Promise.all([name, other].map((one) => idOf(store, one)))).flatMap((id) => id ?? []);
    const found = (await store.directory.groups(all)).items.find(({ displayName }) => displayName === title);
    if (!found) return store.directory.addGroup({ displayName: title, externalId: null, members: { kind: 'set', people } }, 1);
    const [first, ...more] = people;
    const members = flag
      ? { kind: 'set' as const, people }
      : { kind: 'change' as const, add: more, remove: first === undefined ? [] : [first] };
    return store.directory.changeGroup(found.id, found.version, { displayName: title, externalId: null, members }, 2);
  },
  rename: async (store) => {
    const [found] = (await store.directory.groups(all)).items;
    return found && store.directory.changeGroup(found.id, found.version, { displayName: 'Others', externalId: null }, 3);
  },
  ungroup: async (store) => {
    const [found] = (await store.directory.groups(all)).items;
    return found && store.directory.removeGroup(found.id, found.version);
  },
  apply: (store, { flag }) => applyPolicy(store, flag ? policy : without(policy, 'ben'), 100),
  token: (store, { name }) => store.addToken(hostToken(name)),
  offer: async (store, { name }) => store.replaceOffers((await enrolled(store, name)).id, [offerOf('memory', name)], 10),
  verdict: (store, { name, flag }) => store.decide(slug('memory'), fingerprint(name), flag ? 'approved' : 'denied', null, 11),
  host: (store, { name, flag }) => store.decideHost(`https://${name}.example.org`, flag ? 'allowed' : 'blocked', 12),
};
const all = { match: undefined, sort: 'id', descending: false, offset: 0, limit: 100 } as const;
const op = fc.record({
  verb: fc.constantFrom(...Object.keys(verbs)),
  name: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
  flag: fc.boolean(),
});

/** Looked at after each step. */
const always = { name: 'zoe', other: 'kim', flag: true } as const;

async function idOf(store: Store, name: string): Promise<string | undefined> {
  const { items } = await store.directory.people(all);
  return items.find(({ userName }) => userName === `${name}@example.org`)?.id;
}

async function onPerson(store: Store, name: string, work: (id: string, version: number) => Promise<unknown>): Promise<unknown> {
  const id = await idOf(store, name);
  const person = id === undefined ? undefined : await store.directory.person(id);
  return person && work(person.id, person.version);
}

export function describeChanges(kind: string, ground: () => Promise<Ground>): void {
  describe(`who follows a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    let elsewhere: Store;
    /** How often the whole policy was read. */
    let whole: number;
    let readers: readonly ReadState[];
    beforeEach(async () => {
      place = await ground();
      const open = () => openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      store = await open();
      elsewhere = await open();
      await applyPolicy(store, policy);
      whole = 0;
      const policyOf: Store['policy'] = (whom) => {
        if (whom === undefined) whole++;
        return elsewhere.policy(whom);
      };
      readers = [createStateReader(store), createStateReader({ ...elsewhere, policy: policyOf })];
    });
    afterEach(async () => {
      await store.close();
      await elsewhere.close();
      await place.remove();
    });

    async function expectWhole(read: ReadState, ids: ReadonlySet<UserId>): Promise<void> {
      const [state, fresh] = [await read(), await createStateReader(store)()];
      expect(state.policy).toEqual(fresh.policy);
      expect([state.revision, state.ids]).toEqual([fresh.revision, fresh.ids]);
      expect([state.offers, state.approvals, state.hosts]).toEqual([fresh.offers, fresh.approvals, fresh.hosts]);
      for (const name of slugs) expect(state.people.bySlug(name)).toEqual(fresh.people.bySlug(name));
      for (const id of ids) expect(state.people.byId(id)).toEqual(fresh.people.byId(id));
    }

    test('has what a look at all of it has, whatever happens in whatever order', async () => {
      proves('people.as-whole', {
        file: 'gateway/store/sql/touched.ts',
        find: '      for (const { id } of found) ids.add(id);\n',
        replace: '',
      });
      const ids = new Set<UserId>();
      await fc.assert(
        fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 12 }), async (ops) => {
          for (const { verb, ...of } of ops) {
            // What can't be done changes nothing, and is as good a step as any.
            await verbs[verb]?.(store, of).catch(() => undefined);
            for (const name of slugs) {
              const id = await store.userIdOf(slug(name));
              if (id !== undefined) ids.add(id);
            }
            if (of.flag) for (const read of readers) await expectWhole(read, ids);
          }
          for (const read of readers) await expectWhole(read, ids);
        }),
        {
          numRuns: 10,
          examples: [
            [['add', 'hold', 'release'].map((verb) => ({ verb, ...always }))],
            [[{ verb: 'hold', ...always, name: 'ada' }]],
          ],
        },
      );
    }, 60_000);

    test('reads one more person as one person, and nothing at all for what is beside it', async () => {
      proves('people.one-by-one', {
        file: 'gateway/store/sql/recent-change.ts',
        find: "typeof about === 'string' ? [about] : [...about.people].map((id) => person + id);",
        replace: "['unknown'];",
      });
      const [, read] = readers;
      const before = await read?.();
      await store.directory.addPerson(draft('zoe', true), 5000);
      const kim = await store.directory.addPerson(draft('kim', true), 5000);
      const ada = await read?.();
      expect(ada?.people.bySlug('zoe-example-org')?.name).toBe('zoe');
      expect(before?.people.bySlug('zoe-example-org')).toBeUndefined();
      expect(ada?.policy).toBe(before?.policy);
      await store.directory.changePerson(kim.id, 1, draft('kim', false), 6000);
      await verbs['arrive']?.(store, { name: 'lee', other: 'lee', flag: true });
      await verbs['group']?.(store, { name: 'zoe', other: 'zoe', flag: true });
      const later = await read?.();
      expect(later?.people.bySlug('kim-example-org')).toBeUndefined();
      expect([...(later?.people.bySlug('lee-example-org')?.gateways ?? [])]).toEqual(['main']);
      expect([...(later?.people.bySlug('zoe-example-org')?.gateways ?? [])]).toEqual(['main']);
      await store.addToken(hostToken('ada'));
      expect((await read?.())?.people).toBe(later?.people);
      expect(whole).toBe(1);
      await applyPolicy(store, policy);
      await read?.();
      expect(whole).toBe(2);
    });

    test('reads everything again where too much has happened to be told, or nobody says what it was', async () => {
      proves('people.doubt-whole', {
        file: 'gateway/store/sql/recent-change.ts',
        find: 'told.size === to - from &&',
        replace: '',
      });
      const [, read] = readers;
      await read?.();
      expect((await store.changesAfter(await store.revision())).about).toEqual({ parts: new Set(), people: new Map() });
      expect((await store.changesAfter(0)).about).toBeUndefined();
      expect((await store.changesAfter((await store.revision()) + 1)).about).toBeUndefined();
      await applyPolicy(store, without(policy, 'ben'));
      await store.addToken(hostToken('ada'));
      expect((await read?.())?.people.bySlug('ben')).toBeUndefined();
    });

    test('lets the policy be changed while others come and go, but not over somebody whom it names', async () => {
      proves('scim.edits-go-on', {
        file: 'gateway/store/sql/replace-policy.ts',
        find: '    if (people.some(({ slug, email }) => named.has(slug) || named.has(email.toLowerCase()))) return false;\n',
        replace: '',
      });
      const seen = await store.revision();
      await store.directory.addPerson(draft('zoe', true), 5000);
      await store.addToken(hostToken('ada'));
      await elsewhere.replacePolicy(policy, seen, 6000);
      expect((await store.policy()).policy.users[slug('zoe-example-org')]).toBeDefined();
      const again = await store.revision();
      await store.directory.addPerson(draft('kim', true), 7000);
      const kim = { ...policy, users: { ...policy.users, [slug('kim')]: { email: 'KIM@example.org', teams: [] } } };
      await expect(elsewhere.replacePolicy(kim, again, 8000)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      const third = await store.revision();
      await applyPolicy(store, policy);
      await expect(elsewhere.replacePolicy(policy, third, 9000)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    test('has the users that were asked for, as the whole policy has them', async () => {
      const zoe = await store.directory.addPerson(draft('zoe', true), 5000);
      await store.directory.addPerson(draft('kim', false), 5000);
      await store.directory.addGroup(
        { displayName: 'Engineers', externalId: null, members: { kind: 'set', people: [zoe.id] } },
        1,
      );
      const { policy: whole, ids } = await store.policy();
      for (const name of ['ada', 'zoe-example-org', 'kim-example-org', 'nobody']) {
        const alone = await store.policy({ by: 'slug', is: name });
        const [key] = [slug(name)];
        expect(alone.policy).toEqual({ ...whole, users: whole.users[key] ? { [key]: whole.users[key] } : {} });
        expect(alone.ids).toEqual({ ...ids, users: ids.users[key] ? { [key]: ids.users[key] } : {} });
        expect(peopleIn(alone).bySlug(name)).toEqual(peopleIn({ policy: whole, ids }).bySlug(name));
        expect(await store.userIdOf(key)).toBe(ids.users[key]);
        const { email = '' } = whole.users[key] ?? {};
        const [id = ''] = [ids.users[key]];
        if (id !== '') expect(await store.policy({ by: 'id', is: id })).toEqual(alone);
        if (name === 'zoe-example-org') expect(await store.policy({ by: 'email', is: email })).toEqual(alone);
      }
      expect(await store.policy('nobody')).toEqual({ policy: { ...whole, users: {} }, ids: { ...ids, users: {} } });
    });
  });
}
