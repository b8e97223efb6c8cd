// What every store promises of a directory: whom its people are, what their groups give, who counts as not there, what is found (test/gateway/store/*.test.ts).
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { newId, newRecordId, TokenId } from '#contract/id.ts';
import type { Match, PersonDraft, Search } from '../../gateway/store/directory.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, enrolled, hostToken, quiet, samplePolicy, sha256, slug, without } from './sample.ts';
import type { Ground } from './store.ts';

const policy = PolicyFile.parse({
  ...samplePolicy,
  roles: { auditor: { capabilities: ['audit.read'] } },
  directory: { groups: { Engineers: { teams: ['eng'] }, Auditors: { teams: ['eng', 'ops'], role: 'auditor' } } },
});
const draft = (name: string, change: Partial<PersonDraft> = {}): PersonDraft => ({
  userName: `${name}@example.org`,
  externalId: `x-${name}`,
  displayName: name.toUpperCase(),
  email: `${name}@example.org`,
  emails: [{ value: `${name}@example.org`, type: 'work', primary: true }],
  active: true,
  body: '{}',
  ...change,
});
const all: Search = { match: undefined, sort: 'id', descending: false, offset: 0, limit: 100 };
const eq = (field: 'userName' | 'displayName', value: string): Match => ({ kind: 'compare', field, op: 'eq', value });

export function describeDirectory(kind: string, ground: () => Promise<Ground>): void {
  describe(`a directory on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, policy);
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });
    const add = (name: string, change?: Partial<PersonDraft>) => store.directory.addPerson(draft(name, change), 5000);
    const userOf = async (name: string) => (await store.policy()).policy.users[slug(name)];

    test('makes a user for whoever is nobody here, and links whoever the policy names without taking them over', async () => {
      const [zoe, ada] = [await add('zoe'), await add('ADA', { displayName: 'Somebody else' })];
      expect(zoe.user.slug).toBe('zoe-example-org');
      expect(await userOf('zoe-example-org')).toEqual({ title: 'ZOE', email: 'zoe@example.org', teams: [] });
      expect(ada.user.slug).toBe('ada');
      expect(await userOf('ada')).toEqual(policy.users[slug('ada')]);
      expect((await store.filedPolicy()).users).toEqual(policy.users);
      await store.directory.changePerson(ada.id, 1, draft('ada', { email: 'elsewhere@example.org' }), 6000);
      expect(await userOf('ada')).toEqual(policy.users[slug('ada')]);
      await store.directory.changePerson(zoe.id, 1, draft('zoe', { email: 'zoe.new@example.org' }), 6000);
      expect(await userOf('zoe-example-org')).toMatchObject({ email: 'zoe.new@example.org' });
      await expect(add('ZOE')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
      await expect(add('other', { email: 'Zoe.New@example.org' })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    });

    test('gives teams and a role by its groups, by the mapping as it is now, and not over a role that the policy gives', async () => {
      proves('scim.groups', {
        file: 'gateway/store/sql/directory-grant.ts',
        find: 'const teams = [...new Set(given.flatMap((group) => group.teams))];',
        replace: 'const teams: Slug[] = [];',
      });
      const zoe = await add('zoe');
      const members = { kind: 'set', people: [zoe.id] } as const;
      const group = await store.directory.addGroup({ displayName: 'Auditors', externalId: null, members }, 5000);
      expect(await userOf('zoe-example-org')).toMatchObject({ teams: ['eng', 'ops'], role: 'auditor' });
      expect(await store.administration.user(slug('zoe-example-org'))).toMatchObject({
        role: 'auditor',
        groupTeams: ['eng', 'ops'],
      });
      await applyPolicy(store, { ...policy, directory: { groups: { Auditors: { teams: [slug('ops')] } } } });
      expect(await userOf('zoe-example-org')).toEqual({ title: 'ZOE', email: 'zoe@example.org', teams: ['ops'] });
      await store.directory.changeGroup(group.id, 1, { displayName: 'Others', externalId: null }, 6000);
      expect(await userOf('zoe-example-org')).toMatchObject({ teams: [] });
      await store.directory.changeGroup(group.id, 2, { displayName: 'Auditors', externalId: null }, 6000);
      const gone = { kind: 'change', add: [], remove: [zoe.id] } as const;
      await store.directory.changeGroup(group.id, 3, { displayName: 'Auditors', externalId: null, members: gone }, 6000);
      expect(await userOf('zoe-example-org')).toMatchObject({ teams: [] });
      expect(await store.directory.changeGroup(group.id, 3, { displayName: 'Stale', externalId: null }, 6000)).toBeUndefined();
    });

    test('whoever is not active counts as not there, and comes back with nothing that let them in before', async () => {
      proves('scim.inactive', {
        file: 'gateway/store/sql/directory-user.ts',
        find: "  await putHold(tx, { user, email, cause: 'directory', now });\n  await cutAccess(tx, user, now);",
        replace: '',
      });
      const ada = await add('ada');
      const token = hostToken('ada');
      await store.addToken(token);
      const workstation = await enrolled(store, 'ada');
      const access = { id: TokenId.parse(newId()), user: slug('ada'), title: 'x', hash: sha256('pat'), capabilities: undefined };
      await store.administration.addAccessToken({
        ...access,
        createdAt: 1,
        expiresAt: 1e12,
        revokedAt: null,
        usedAt: null,
        parent: null,
      });
      const off = await store.directory.changePerson(ada.id, 1, draft('ada', { active: false }), 6000);
      expect(await userOf('ada')).toBeUndefined();
      expect(await store.tokenById(token.id)).toMatchObject({ revokedAt: 6000 });
      expect(await store.liveWorkstations([workstation.id])).toEqual(new Map());
      expect(await store.administration.tokenHolder(sha256('pat'))).toBeUndefined();
      await expect(store.addToken(hostToken('ada'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
      // Also under another name in the policy: it is the address that counts.
      await applyPolicy(store, {
        ...without(policy, 'ada'),
        users: { ...without(policy, 'ada').users, [slug('lovelace')]: { email: 'Ada@example.org', teams: [] } },
      });
      expect(await userOf('lovelace')).toBeUndefined();
      await applyPolicy(store, policy);
      expect(await userOf('ada')).toBeUndefined();
      await store.directory.changePerson(ada.id, off?.version ?? 0, draft('ada'), 7000);
      expect(await userOf('ada')).toMatchObject({ email: 'ada@example.org' });
      expect(await store.tokenById(token.id)).toMatchObject({ revokedAt: 6000 });
      expect(await store.liveWorkstations([workstation.id])).toEqual(new Map());
      await store.addToken(hostToken('ada'));
    });

    test('whom it removes goes if made for it, and else counts as not there until it or an administrator says otherwise', async () => {
      const [zoe, ada] = [await add('zoe'), await add('ada')];
      await store.addToken(hostToken('zoe-example-org'));
      expect(await store.directory.removePerson(zoe.id, 2, 6000)).toBe(false);
      expect(await store.directory.removePerson(zoe.id, 1, 6000)).toBe(true);
      expect((await store.policy()).policy.users).not.toHaveProperty('zoe-example-org');
      expect(await store.tokens()).toMatchObject([{ revokedAt: 6000 }]);
      // A sign-in that makes users makes nobody of them.
      const account = { issuer: 'https://id.example', subject: '1', email: 'zoe@example.org', provider: 'id', title: undefined };
      await store.signIn.arrive({ ...account, makes: true, gives: true, teams: [], ofGroups: undefined, at: 6500 });
      expect(await userOf('zoe-example-org')).toBeUndefined();
      await add('zoe');
      expect(await userOf('zoe-example-org')).toMatchObject({ email: 'zoe@example.org' });
      expect(await store.directory.removePerson(ada.id, 1, 6000)).toBe(true);
      expect(await userOf('ada')).toBeUndefined();
      expect(await store.directory.held()).toEqual([{ slug: 'ada', cause: 'directory', since: 6000 }]);
      const again = await add('ada');
      expect(await userOf('ada')).toMatchObject({ email: 'ada@example.org' });
      await store.directory.removePerson(again.id, 1, 6000);
      expect(await store.directory.release('ada', 7000)).toBe(true);
      expect(await userOf('ada')).toMatchObject({ email: 'ada@example.org' });
      expect(await store.directory.release('ada', 7000)).toBe(false);
    });

    test('an offboarding holds whatever the directory says, and only an administrator ends it', async () => {
      const ada = await add('ada');
      expect(await store.directory.hold('nobody', 6000)).toBeUndefined();
      expect(await store.directory.hold('ada', 6000)).toMatchObject({ email: 'ada@example.org', tokens: [] });
      await store.directory.changePerson(ada.id, 1, draft('ada', { displayName: 'Still active' }), 7000);
      expect(await userOf('ada')).toBeUndefined();
      await store.directory.release('ada', 8000);
      expect(await userOf('ada')).toBeDefined();
    });

    test('service accounts have no address in common: one that is let back lets no other one in', async () => {
      proves('offboard.own', {
        file: 'gateway/store/sql/hold.ts',
        find: "return email === '' ? sql<SqlBool>`hold.user_id = ${user}` :",
        replace: "return email === '' ? sql<SqlBool>`hold.email_key = ''` :",
      });
      const secretHash = `sha256:${sha256('a secret of one')}`;
      const service = { kind: 'service', secretHash, teams: ['eng'] };
      await applyPolicy(
        store,
        PolicyFile.parse({ ...policy, users: { ...policy.users, one: service, two: service, six: service } }),
      );
      for (const name of ['one', 'two']) await store.directory.hold(name, 6000);
      expect((await store.directory.held()).map((held) => held.slug)).toEqual(['one', 'two']);
      expect(await store.directory.release('six', 7000)).toBe(false);
      expect(await store.directory.release('one', 7000)).toBe(true);
      expect((await store.directory.held()).map((held) => held.slug)).toEqual(['two']);
      expect(await userOf('one')).toBeDefined();
      expect(await userOf('two')).toBeUndefined();
    });

    test('whoever is offboarded stays out by the address that they have by then, also once their user is gone', async () => {
      proves('offboard.stays', {
        file: 'gateway/store/sql/hold.ts',
        find: 'exists (select 1 ${theirs} and lower("user".email) <> hold.email_key)',
        replace: '(1 = 0)',
      });
      const moved = { email: 'zoe.new@example.org', userName: 'zoe.new@example.org' };
      const zoe = await add('zoe');
      await store.directory.hold('zoe-example-org', 6000);
      await store.directory.changePerson(zoe.id, 1, draft('zoe', moved), 6000);
      await store.directory.removePerson(zoe.id, 2, 6000);
      const again = await add('zoe', moved);
      expect(await userOf(again.user.slug)).toBeUndefined();
      await store.directory.hold('ada', 6000);
      const named = (name: string) => ({
        ...without(policy, 'ada'),
        users: { ...without(policy, 'ada').users, [slug(name)]: { email: 'Ada.New@example.org', teams: [] } },
      });
      for (const name of ['ada', 'lovelace']) await applyPolicy(store, named(name));
      expect(await userOf('lovelace')).toBeUndefined();
      expect((await store.directory.held()).map((one) => one.slug)).toEqual(['lovelace', again.user.slug]);
    });

    test('who is taken back takes nobody else along, whatever addresses a directory moved between them', async () => {
      proves('offboard.one-person', {
        file: 'gateway/store/sql/hold.ts',
        find: ' and not exists (select 1 from "user" where "user".id = hold.user_id)',
        replace: '',
      });
      const [zoe, dan, eve] = [await add('zoe'), await add('dan'), await add('eve')];
      const { directory } = store;
      const move = (one: typeof zoe, version: number, to: string) =>
        directory.changePerson(one.id, version, draft(to, { userName: `${to}@example.org`, externalId: null }), 6500);
      for (const name of ['zoe', 'dan']) await directory.hold(`${name}-example-org`, 6000);
      // zoe's address goes to dan, and dan's to eve, whom nothing holds.
      await move(zoe, 1, 'zoe.new');
      await move(dan, 1, 'zoe');
      await move(eve, 1, 'dan');
      const held = async () => (await directory.held()).map((one) => one.slug);
      expect(await userOf('eve-example-org')).toMatchObject({ email: 'dan@example.org' });
      expect(await held()).toEqual(['dan-example-org', 'zoe-example-org']);
      expect(await directory.release('dan-example-org', 7000)).toBe(true);
      expect(await userOf('dan-example-org')).toMatchObject({ email: 'zoe@example.org' });
      expect(await held()).toEqual(['zoe-example-org']);
      // Two names of one address in the policy: neither comes back by the other.
      const two = {
        [slug('ann')]: { email: 'ann@example.org', teams: [] },
        [slug('ann-too')]: { email: 'Ann@example.org', teams: [] },
      };
      await applyPolicy(store, { ...policy, users: { ...policy.users, ...two } });
      await directory.hold('ann', 7000);
      expect(await held()).toEqual(['ann', 'ann-too', 'zoe-example-org']);
      const refused = { code: 'UNCHANGEABLE', message: expect.stringContaining('"ann" is held') };
      await expect(directory.release('ann-too', 8000)).rejects.toMatchObject(refused);
      expect(await directory.release('ann', 8000)).toBe(true);
      expect(await held()).toEqual(['zoe-example-org']);
    });

    test('whoever is not active stays out by the address of the directory and by that of the policy, where they are two', async () => {
      const ada = await add('ada');
      const elsewhere = draft('ada', { email: 'elsewhere@example.org', active: false });
      await store.directory.changePerson(ada.id, 1, elsewhere, 6000);
      const named = (name: string) => {
        const others = without(policy, 'ada');
        return { ...others, users: { ...others.users, [slug(name)]: { email: 'ada@example.org', teams: [] } } };
      };
      await applyPolicy(store, named('ada'));
      expect(await userOf('ada')).toBeUndefined();
      const came = { issuer: 'https://id.example', subject: '1', email: 'elsewhere@example.org', provider: 'id' };
      const as = { makes: true, gives: true, title: undefined, teams: [], ofGroups: undefined, at: 7000 };
      await store.signIn.arrive({ ...came, ...as });
      await applyPolicy(store, named('lovelace'));
      const users = Object.values((await store.policy()).policy.users);
      expect(users.map(({ email }) => email)).not.toContain('elsewhere@example.org');
      expect(await userOf('lovelace')).toBeUndefined();
    });

    test('people keep a user through changes of the policy', async () => {
      const [zoe, ada] = [await add('zoe'), await add('ada')];
      await applyPolicy(store, without(policy, 'ada'));
      const made = await store.directory.person(ada.id);
      expect(made?.user.slug).toBe('ada-example-org');
      expect(await userOf('ada-example-org')).toMatchObject({ email: 'ada@example.org' });
      await applyPolicy(store, { ...policy, users: { ...policy.users, [slug('zz')]: { email: 'zoe@example.org', teams: [] } } });
      expect((await store.directory.person(zoe.id))?.user.slug).toBe('zz');
      expect((await store.directory.person(ada.id))?.user.slug).toBe('ada');
      expect(await store.signIn.removePerson('zz', 1)).toBe(false);
    });

    test('the last super admin stays, whoever would make them go', async () => {
      proves('scim.last-super-admin', {
        file: 'gateway/store/sql/super-admin.ts',
        find: 'for (const user of users) if (!(await isHeld(tx, user))) return true;',
        replace: 'for (const _ of users) return true;',
      });
      const zoe = await add('zoe');
      const root = { ...policy, directory: { groups: { Admins: { teams: [], role: slug('super-admin') } } } };
      await applyPolicy(store, root);
      const members = { kind: 'set', people: [zoe.id] } as const;
      const group = await store.directory.addGroup({ displayName: 'Admins', externalId: null, members }, 5000);
      expect(await userOf('zoe-example-org')).toMatchObject({ role: 'super-admin' });
      const last = { code: 'LAST_SUPER_ADMIN' };
      await expect(store.directory.changePerson(zoe.id, 1, draft('zoe', { active: false }), 6000)).rejects.toMatchObject(last);
      await expect(store.directory.removePerson(zoe.id, 1, 6000)).rejects.toMatchObject(last);
      await expect(store.directory.hold('zoe-example-org', 6000)).rejects.toMatchObject(last);
      await expect(store.directory.removeGroup(group.id, 1)).rejects.toMatchObject(last);
      const none = { kind: 'set', people: [] } as const;
      const change = { displayName: 'Admins', externalId: null, members: none };
      await expect(store.directory.changeGroup(group.id, 1, change, 6000)).rejects.toMatchObject(last);
      await expect(applyPolicy(store, policy)).rejects.toMatchObject(last);
      expect(await userOf('zoe-example-org')).toMatchObject({ role: 'super-admin' });
    });

    test('finds by each operator, in pages, in order, whatever characters stand in a value', async () => {
      proves('scim.case-exact', {
        file: 'gateway/store/sql/directory-match.ts',
        find: "(kind === 'exact' ? withinExactly : within)",
        replace: 'within',
      });
      for (const name of ['ann', 'bob', 'cid', 'dan']) await add(name);
      await add('odd_%', { userName: 'Odd_%\\"@example.org', displayName: null, email: 'odd@example.org' });
      const bob = (await store.directory.people({ ...all, match: eq('userName', 'BOB@example.org') })).items[0];
      await store.directory.changePerson(bob?.id ?? '', 1, draft('bob', { active: false }), 9000);
      const names = async (match: Match) =>
        (await store.directory.people({ ...all, match })).items.map(({ userName }) => userName.split('@')[0]);
      const compare = (
        field: 'userName' | 'externalId' | 'displayName',
        op: 'co' | 'sw' | 'ew' | 'ne' | 'gt' | 'le',
        value: string,
      ) => names({ kind: 'compare', field, op, value });
      expect(await compare('userName', 'sw', 'AN')).toEqual(['ann']);
      expect(await compare('userName', 'co', 'I')).toEqual(['cid']);
      expect(await compare('userName', 'co', '_%\\"')).toEqual(['Odd_%\\"']);
      expect(await compare('userName', 'co', '_')).toEqual(['Odd_%\\"']);
      expect(await compare('userName', 'ew', 'N@example.org')).toEqual(['ann', 'dan']);
      expect(await compare('displayName', 'ne', 'ann')).toEqual(['bob', 'cid', 'dan', 'Odd_%\\"']);
      await add('caser', { externalId: 'Ab_%é' });
      for (const [op, value] of [
        ['co', 'b_'],
        ['sw', 'Ab'],
        ['ew', '%é'],
        ['ew', 'Ab_%é'],
      ] as const)
        expect(await compare('externalId', op, value)).toEqual(['caser']);
      for (const [op, value] of [
        ['co', 'B_'],
        ['sw', 'aB'],
        ['ew', '_é'],
        ['ew', 'and Ab_%é'],
      ] as const)
        expect(await compare('externalId', op, value)).toEqual([]);
      const caser = (await store.directory.people({ ...all, match: eq('userName', 'caser@example.org') })).items[0];
      await store.directory.removePerson(caser?.id ?? '', 1, 9000);
      expect(await compare('externalId', 'gt', 'x-bob')).toEqual(['cid', 'dan', 'Odd_%\\"']);
      expect(await names({ kind: 'compare', field: 'active', op: 'eq', value: false })).toEqual(['bob']);
      expect(await names({ kind: 'present', field: 'displayName' })).toEqual(['ann', 'bob', 'cid', 'dan']);
      expect(await names({ kind: 'not', of: eq('displayName', 'ann') })).toEqual(['bob', 'cid', 'dan', 'Odd_%\\"']);
      expect(await names({ kind: 'compare', field: 'modified', op: 'gt', value: 8000 })).toEqual(['bob']);
      const either = { kind: 'or', of: [eq('displayName', 'ann'), eq('displayName', 'dan')] } as const;
      expect(await names({ kind: 'and', of: [either, eq('userName', 'dan@example.org')] })).toEqual(['dan']);
      const page = await store.directory.people({ ...all, sort: 'userName', descending: true, offset: 1, limit: 2 });
      expect([page.total, page.items.map(({ userName }) => userName)]).toEqual([5, ['dan@example.org', 'cid@example.org']]);
      expect(await store.directory.people({ ...all, limit: 0 })).toEqual({ total: 5, items: [] });
    });

    test('each change is of the version that was seen, and is a deed with it', async () => {
      const zoe = await add('zoe');
      const at = { version: 1, kind: 'deed', id: newRecordId(1), at: 1 } as const;
      const of = { ...at, actor: { kind: 'system', part: 'scim' }, operation: 'directory.change-user', target: 'zoe' } as const;
      const { directory: to } = store.recording({ ...of, reason: null, before: null, after: null });
      expect(await to.changePerson(zoe.id, 7, draft('zoe'), 6000)).toBeUndefined();
      expect(await store.administration.deedsWaiting()).toBe(0);
      expect(await to.changePerson(zoe.id, 1, draft('zoe'), 6000)).toMatchObject({
        version: 2,
        modifiedAt: 6000,
        createdAt: 5000,
      });
      expect(await store.administration.deedsWaiting()).toBe(1);
    });
  });
}
