// What every store promises of hosts that sign in, run against each implementation (test/gateway/store/*.test.ts).
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConnectionId, newId } from '#contract/id.ts';
import { UserId } from '#contract/id.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Connection, SignInItem } from '../../gateway/store/sign-in.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, quiet, samplePolicy, sha256, slug, without } from './sample.ts';
import type { Ground } from './store.ts';

const day = 86_400_000;

export function describeSignInStore(kind: string, ground: () => Promise<Ground>): void {
  describe(`hosts that sign in, on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, samplePolicy);
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const itemOf = (model: string, id: string, change: Partial<SignInItem> = {}): SignInItem => ({
      model,
      key: sha256(id),
      family: null,
      uid: null,
      connection: null,
      body: '{"a":1}',
      expiresAt: 10 * day,
      consumedAt: null,
      ...change,
    });
    async function connectionOf(user: string, change: Partial<Connection> = {}): Promise<Connection> {
      const connection: Connection = {
        id: ConnectionId.parse(newId()),
        client: 'client',
        host: 'some-host',
        title: 'Some Host',
        redirect: 'http://127.0.0.1/callback',
        user: { id: UserId.parse((await store.policy()).ids.users[user]), slug: slug(user) },
        gateway: slug('main'),
        createdAt: 1000,
        revokedAt: null,
        ...change,
      };
      await store.signIn.addConnection(connection);
      return connection;
    }
    /** A connection with a grant and an access token of it. */
    async function signedIn(user: string) {
      const connection = await connectionOf(user);
      const family = sha256(connection.id);
      await store.signIn.putItem(itemOf('Grant', connection.id, { connection: connection.id }), 1000);
      await store.signIn.putItem(itemOf('AccessToken', `access ${connection.id}`, { family, connection: connection.id }), 1000);
      await store.signIn.putItem(itemOf('RefreshToken', `refresh ${connection.id}`, { family }), 1000);
      return { connection, family, access: sha256(`access ${connection.id}`), refresh: sha256(`refresh ${connection.id}`) };
    }

    test('an item is given back as it was put, and replaced by a later one of its key', async () => {
      const item = itemOf('Session', 'one', { uid: 'u', family: 'f' });
      await store.signIn.putItem(item, 1000);
      expect(await store.signIn.item('Session', item.key)).toEqual(item);
      expect(await store.signIn.itemByUid('Session', 'u')).toEqual(item);
      await store.signIn.putItem({ ...item, body: '{}' }, 1000);
      expect(await store.signIn.item('Session', item.key)).toMatchObject({ body: '{}' });
      expect(await store.signIn.item('Grant', item.key)).toBeUndefined();
      await store.signIn.removeItemByUid('Session', 'u');
      expect(await store.signIn.item('Session', item.key)).toBeUndefined();
    });

    test('an item is consumed by one of many who come at the same time, and removed for one of them', async () => {
      proves('sign-in.spent-once', {
        file: 'gateway/store/sql/sign-in.ts',
        find: ".where('key', '=', key)\n    .where('consumed_at', 'is', null)\n",
        replace: ".where('key', '=', key)\n",
      });
      await store.signIn.putItem(itemOf('RefreshToken', 'one'), 1000);
      const key = sha256('one');
      const won = await Promise.all(Array.from({ length: 10 }, () => store.signIn.consumeItem('RefreshToken', key, 2000)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.signIn.item('RefreshToken', key)).toMatchObject({ consumedAt: 2000 });
      await store.signIn.giveItemBack('RefreshToken', key, 1999);
      expect(await store.signIn.consumeItem('RefreshToken', key, 3000)).toBe(false);
      await store.signIn.giveItemBack('RefreshToken', key, 2000);
      expect(await store.signIn.consumeItem('RefreshToken', key, 3000)).toBe(true);
      const removed = await Promise.all(Array.from({ length: 10 }, () => store.signIn.removeItem('RefreshToken', key)));
      expect(removed.filter(Boolean)).toHaveLength(1);
    });

    test('what expired an hour ago goes when others come', async () => {
      await store.signIn.putItem(itemOf('Interaction', 'old', { expiresAt: 1000 }), 1000);
      await store.signIn.putItem(itemOf('Interaction', 'young', { expiresAt: 5 * day }), 5 * day);
      expect(await store.signIn.item('Interaction', sha256('old'))).toBeUndefined();
      expect(await store.signIn.item('Interaction', sha256('young'))).toBeDefined();
    });

    test('a service account is kept as it was applied, and its token is worth something while its connection stands', async () => {
      const { policy } = await store.policy();
      const service = { kind: 'service' as const, teams: [], secretHash: `sha256:${sha256('its secret')}` };
      await applyPolicy(store, { ...policy, users: { ...policy.users, [slug('build')]: service } });
      expect((await store.policy()).policy.users).toMatchObject({ build: service });
      const connection = await connectionOf('build', { client: 'service.build' });
      await store.signIn.putItem(itemOf('ClientCredentials', 'token', { connection: connection.id }), 1000);
      expect(await store.signIn.bearer(sha256('token'))).toEqual({ connection, scopes: '', stepUp: {}, expiresAt: 10 * day });
      const before = await store.revision();
      expect(await store.signIn.revokeConnection(connection.id, 2000)).toBe(true);
      expect(await store.revision()).toBeGreaterThan(before);
      expect(await store.signIn.bearer(sha256('token'))).toBeUndefined();
      expect(await store.signIn.item('ClientCredentials', sha256('token'))).toBeUndefined();
    });

    test('hosts are kept with their first and last use, forgotten half a year after it, and what is decided of one stays', async () => {
      const seen = (id: string, user: string, at: number, title?: string) => ({
        id,
        title,
        user: slug(user),
        gateway: slug('main'),
        at,
      });
      await store.sawHosts([seen('token:a', 'ada', 1000), seen('https://a.example/', 'ada', 1000, 'A')]);
      const before = await store.revision();
      await store.sawHosts([seen('token:a', 'bob', 2000)]);
      expect(await store.revision()).toBe(before);
      const use = (user: string, at: number) => ({ user, gateway: 'main', at });
      expect(await store.hosts()).toEqual([
        { id: 'token:a', state: 'seen', first: use('ada', 1000), last: use('bob', 2000) },
        { id: 'https://a.example/', title: 'A', state: 'seen', first: use('ada', 1000), last: use('ada', 1000) },
      ]);
      const once = { firstAt: 1000, minutes: 1, gateway: 'main' };
      expect(await store.hostUses('token:a')).toEqual([
        { ...once, user: 'bob', firstAt: 2000, lastAt: 2000 },
        { ...once, user: 'ada', lastAt: 1000 },
      ]);
      expect(await store.decidedHosts()).toEqual([]);
      expect(await store.decideHost('token:a', 'blocked', 3000)).toBe(true);
      expect(await store.decideHost('token:a', 'blocked', 3000)).toBe(false);
      expect(await store.decideHost('https://new.example/', 'allowed', 3000)).toBe(true);
      expect(await store.revision()).toBe(before + 2);
      await store.sawHosts([seen('https://new.example/', 'bob', 400 * day)]);
      const states = (await store.hosts()).map(({ id, state, first }) => [id, state, first?.user]);
      expect(states).toEqual([
        ['https://new.example/', 'allowed', 'bob'],
        ['token:a', 'blocked', 'ada'],
      ]);
      await applyPolicy(store, { ...samplePolicy, hosts: 'allow-list' });
      expect((await store.policy()).policy.hosts).toBe('allow-list');
      await applyPolicy(store, samplePolicy);
      expect((await store.policy()).policy.hosts).toBeUndefined();
      expect(await store.decidedHosts()).toHaveLength(2);
    });

    test('a sign-in makes a user once, under a free name, gives and takes teams of groups, and a file takes one over or leaves them', async () => {
      const [team] = Object.keys(samplePolicy.teams).map((name) => slug(name));
      const come = (email: string, change: object = {}) =>
        store.signIn.arrive({
          issuer: 'https://login.example.org',
          subject: `of ${email}`,
          gives: true,
          email,
          provider: 'company',
          makes: true,
          title: undefined,
          teams: [],
          ofGroups: undefined,
          at: 1000,
          ...change,
        });
      await come('new.one@example.org', { ofGroups: [team] });
      await come('new_one@example.org');
      await come('new.one@example.org', { ofGroups: [team], at: 2000 });
      const users = async () => (await store.policy()).policy.users;
      expect(await users()).toMatchObject({
        'new-one-example-org': { email: 'new.one@example.org', teams: [team] },
        'new-one-example-org-2': { email: 'new_one@example.org', teams: [] },
      });
      expect(Object.keys((await store.filedPolicy()).users)).toEqual(Object.keys(samplePolicy.users).toSorted());
      const id = UserId.parse((await store.policy()).ids.users['new-one-example-org']);
      expect(await store.signIn.lastArrival(id)).toEqual({ provider: 'company', at: 2000 });
      await come('new.one@example.org', { ofGroups: [] });
      expect((await users())[slug('new-one-example-org')]?.teams).toEqual([]);
      await come('nobody@example.org', { makes: false });
      const named = {
        'new-one-example-org': { email: 'new.one@example.org', teams: [] },
        other: { email: 'NEW_ONE@example.org', teams: [] },
      };
      await applyPolicy(store, { ...samplePolicy, users: { ...samplePolicy.users, ...named } });
      expect((await store.policy()).ids.users['new-one-example-org']).toBe(id);
      expect(await store.signIn.madePeople()).toEqual([]);
      await come('last@example.org');
      expect(await store.signIn.madePeople()).toMatchObject([{ slug: 'last-example-org', provider: 'company' }]);
      expect(await store.signIn.removePerson('ada', 3000)).toBe(false);
      expect(await store.signIn.removePerson('last-example-org', 3000)).toBe(true);
      expect(Object.keys(await users())).not.toContain('last-example-org');
    });

    test('a user comes by one account, which keeps them whatever its address, until they are bound anew', async () => {
      proves('sign-in.account', {
        file: 'gateway/store/sql/account.ts',
        find: "return told(taken ? 'elsewhere' : 'unbound', holder);",
        replace: "return told('unbound', holder);",
      });
      const { email = '' } = (await store.policy()).policy.users[slug('ada')] ?? {};
      const ada = { user: UserId.parse((await store.policy()).ids.users['ada']), slug: 'ada' };
      const account = (subject: string, change: object = {}) => ({
        issuer: 'https://login.example.org',
        subject,
        email: email.toLowerCase(),
        ...change,
      });
      const come = (subject: string, change: object = {}) =>
        store.signIn.arrive({
          ...account(subject),
          provider: 'company',
          makes: false,
          gives: false,
          title: undefined,
          teams: [],
          ofGroups: undefined,
          at: 1000,
          ...change,
        });
      expect(await store.signIn.whose(account('one'))).toEqual({ kind: 'unbound', ...ada });
      expect(await come('one')).toEqual({ kind: 'unbound', ...ada });
      expect(await come('one')).toEqual({ kind: 'bound', ...ada });
      // Somebody else has her address now, there or at another issuer; her own account has another one.
      expect(await come('two')).toEqual({ kind: 'elsewhere', ...ada });
      expect(await come('two', { makes: true })).toEqual({ kind: 'elsewhere', ...ada });
      expect(await come('one', { issuer: 'https://other.example.org' })).toEqual({ kind: 'elsewhere', ...ada });
      expect(await come('one', { email: 'lovelace@example.org' })).toEqual({ kind: 'bound', ...ada });
      expect((await store.policy()).policy.users[slug('ada')]?.email).toBe(email);
      expect(await come('two', { email: 'lovelace@example.org' })).toEqual({ kind: 'nobody' });
      expect(await store.signIn.lastArrival(ada.user)).toBeUndefined();
      expect(await store.signIn.unbind({ issuer: 'https://other.example.org' })).toBe(0);
      expect(await store.signIn.unbind({ slug: 'ada' })).toBe(1);
      expect(await come('two')).toEqual({ kind: 'unbound', ...ada });
      expect(await come('one')).toEqual({ kind: 'elsewhere', ...ada });
      // An administrator gives her another address: that says who she is from now on.
      const users = { ...samplePolicy.users, ada: { email: 'new@example.org', teams: [] } };
      await applyPolicy(store, { ...samplePolicy, users });
      expect(await come('two')).toEqual({ kind: 'nobody' });
      expect(await come('three', { email: 'new@example.org' })).toEqual({ kind: 'unbound', ...ada });
      expect(await come('three', { email: 'new@example.org' })).toEqual({ kind: 'bound', ...ada });
    });

    test("a user whom a sign-in made goes by their account's address, and the former one is free", async () => {
      const come = (subject: string, email: string) =>
        store.signIn.arrive({
          issuer: 'https://login.example.org',
          subject,
          email,
          provider: 'company',
          makes: true,
          gives: true,
          title: undefined,
          teams: [],
          ofGroups: undefined,
          at: 1000,
        });
      expect(await come('one', 'new.one@example.org')).toEqual({ kind: 'nobody' });
      const made = { slug: 'new-one-example-org' };
      expect(await come('two', 'new.one@example.org')).toMatchObject({ kind: 'elsewhere', ...made });
      const before = await store.revision();
      expect(await come('one', 'married@example.org')).toMatchObject({ kind: 'bound', ...made });
      expect(await store.revision()).toBe(before + 1);
      expect(await store.signIn.madePeople()).toMatchObject([{ ...made, email: 'married@example.org' }]);
      expect(await come('one', 'married@example.org')).toMatchObject({ kind: 'bound', ...made });
      expect(await come('two', 'new.one@example.org')).toEqual({ kind: 'nobody' });
      expect(await store.signIn.madePeople()).toMatchObject([made, { slug: 'new-one-example-org-2' }]);
      // Her account tells the address of the other one: nobody is let in.
      expect(await come('one', 'new.one@example.org')).toMatchObject({ kind: 'elsewhere', slug: 'new-one-example-org-2' });
    });

    test('an access token is worth something while its grant and its connection stand', async () => {
      const { connection, access, family } = await signedIn('ada');
      expect(await store.signIn.bearer(access)).toEqual({ connection, scopes: '', stepUp: {}, expiresAt: 10 * day });
      expect(await store.signIn.bearer(sha256('another'))).toBeUndefined();
      const before = await store.revision();
      await store.signIn.removeItem('Grant', family);
      expect(await store.signIn.bearer(access)).toBeUndefined();
      expect(await store.revision()).toBeGreaterThan(before);
    });

    test('an access token whose family was ended lets nobody in, and says whose it was', async () => {
      const [ada, ben] = [await signedIn('ada'), await signedIn('ben')];
      const before = await store.revision();
      expect(await store.signIn.endAccess(ada.family, 2000)).toBe(1);
      expect(await store.signIn.endAccess(ada.family, 3000)).toBe(0);
      expect(await store.revision()).toBe(before + 1);
      expect(await store.signIn.bearer(ada.access)).toBeUndefined();
      expect(await store.signIn.formerBearer(ada.access)).toEqual(ada.connection);
      expect(await store.signIn.bearer(ben.access)).toBeDefined();
      expect(await store.signIn.formerBearer(ben.access)).toBeUndefined();
    });

    test('a connection that is revoked takes its tokens with it, and no others', async () => {
      const [one, other] = [await signedIn('ada'), await signedIn('ben')];
      const before = await store.revision();
      expect(await store.signIn.revokeConnection(one.connection.id, 2000)).toBe(true);
      expect(await store.signIn.revokeConnection(one.connection.id, 3000)).toBe(false);
      expect(await store.revision()).toBe(before + 1);
      expect(await store.signIn.bearer(one.access)).toBeUndefined();
      expect(await store.signIn.item('RefreshToken', one.refresh)).toBeUndefined();
      expect(await store.signIn.bearer(other.access)).toBeDefined();
      expect(await store.signIn.connection(one.connection.id)).toMatchObject({ revokedAt: 2000 });
    });

    test('a connection is found by client, user, gateway and redirect while it lives', async () => {
      const { id, client, user, gateway, redirect } = await connectionOf('ada');
      const of = { client, user: user.id, gateway, redirect };
      expect(await store.signIn.connectionOf(of)).toMatchObject({ id });
      expect(await store.signIn.connectionOf({ ...of, redirect: 'http://127.0.0.1/other' })).toBeUndefined();
      expect(await store.signIn.connectionOf({ ...of, client: 'other' })).toBeUndefined();
      expect(await store.signIn.connectionOf({ ...of, gateway: slug('other') })).toBeUndefined();
      await expect(connectionOf('ada', { gateway: slug('nowhere') })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    });

    test('connections of users and gateways that are gone are revoked', async () => {
      const [ada, ben] = [await signedIn('ada'), await signedIn('ben')];
      await applyPolicy(store, without(samplePolicy, 'ben'), 5000);
      expect(await store.signIn.bearer(ben.access)).toBeUndefined();
      expect(await store.signIn.bearer(ada.access)).toBeDefined();
      expect(await store.signIn.connection(ben.connection.id)).toMatchObject({ revokedAt: 5000 });
    });

    test('clients that register are bounded; those that never came to a connection make room after a day', async () => {
      const add = (id: string, createdAt: number) => store.signIn.addClient({ id, body: '{}', createdAt }, 2);
      const { id } = await connectionOf('ada', { client: 'kept' });
      await store.signIn.putItem(itemOf('Grant', id, { connection: id }), 1000);
      expect(await add('kept', 1000)).toBe(true);
      expect(await add('idle', 1000)).toBe(true);
      expect(await add('late', 2000)).toBe(false);
      expect(await add('late', 1001 + day)).toBe(true);
      expect(await store.signIn.client('kept')).toEqual({ id: 'kept', body: '{}', createdAt: 1000 });
      expect(await store.signIn.client('idle')).toBeUndefined();
    });

    test('of clients that came to a connection those make room whose every grant is over, once others need it', async () => {
      const add = (id: string, createdAt: number) => store.signIn.addClient({ id, body: '{}', createdAt }, 3);
      const { connection: living } = await signedIn('ada');
      const { connection: over } = await signedIn('ben');
      const revoked = await connectionOf('ada', { client: 'revoked' });
      await store.signIn.revokeConnection(revoked.id, 2000);
      for (const id of ['client', 'revoked']) expect(await add(id, 1000)).toBe(true);
      expect(await add('young', 1000 + day)).toBe(true);
      expect(await store.signIn.client('revoked')).toBeDefined();
      expect(await add('next', 1001 + day)).toBe(true);
      expect(await store.signIn.client('revoked')).toBeUndefined();
      // Of one client, so that it stays for as long as one of the two has a grant.
      for (const [nth, { id }] of [living, over].entries()) {
        expect(await add(`late ${nth}`, 1002 + day)).toBe(false);
        expect(await store.signIn.client('client')).toBeDefined();
        await store.signIn.removeItem('Grant', sha256(id));
        await store.signIn.removeItem('AccessToken', sha256(`access ${id}`));
      }
      expect(await add('late', 1002 + day)).toBe(true);
      expect(await store.signIn.client('client')).toBeUndefined();
      for (const id of ['young', 'next']) expect(await store.signIn.client(id)).toBeDefined();
    });
  });
}
