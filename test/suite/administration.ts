// What every store promises of administration: roles, personal access tokens, deeds, requests that are done once (test/gateway/store/*.test.ts).
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { DeedRecord } from '#contract/audit.ts';
import { newId, newRecordId, TokenId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { AccessToken } from '../../gateway/store/administration.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, quiet, samplePolicy, sha256, slug } from './sample.ts';
import type { Ground } from './store.ts';

const policy = PolicyFile.parse({
  ...samplePolicy,
  roles: { member: { title: 'Staff' }, auditor: { title: 'Auditor', capabilities: ['audit.read', 'people.view'] } },
  users: { ...samplePolicy.users, ada: { email: 'ada@example.org', teams: ['eng'], role: 'super-admin' } },
});

export function describeAdministration(kind: string, ground: () => Promise<Ground>): void {
  describe(`administration on ${kind}`, () => {
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

    const come = (email: string) =>
      store.signIn.arrive({
        issuer: 'https://idp.example.org',
        subject: email,
        email,
        provider: 'idp',
        makes: true,
        gives: true,
        title: undefined,
        teams: [slug('eng')],
        ofGroups: undefined,
        at: 1,
      });
    async function token(user: string, change: Partial<AccessToken> = {}): Promise<AccessToken> {
      const id = TokenId.parse(newId());
      const times = { createdAt: 1, expiresAt: 1e12, revokedAt: null, usedAt: null, parent: null };
      const made = { id, user: slug(user), title: 'x', hash: sha256(id), capabilities: undefined, ...times, ...change };
      await store.administration.addAccessToken(made);
      return made;
    }
    const deed = (at = 1): DeedRecord => {
      const of = {
        version: 1,
        kind: 'deed',
        id: newRecordId(at),
        at,
        operation: 'hosts.block',
        target: 'x',
        reason: null,
      } as const;
      return { ...of, actor: { kind: 'command-line', osUser: 'root' }, before: null, after: { text: 'ü"\u0001' } };
    };

    test('keeps roles, and who has which', async () => {
      expect((await store.policy()).policy).toEqual(policy);
      expect(await store.filedPolicy()).toEqual(policy);
    });

    test('shows users one by one and by pages, and finds them by a part of what they are called', async () => {
      await come('a%b@example.org');
      const { administration } = store;
      const page = async (after?: string, search?: string) =>
        (await administration.users({ after, limit: 2, search })).map((one) => one.slug);
      expect(await page()).toEqual(['a-b-example-org', 'ada']);
      expect(await page('ada')).toEqual(['ben', 'constructor']);
      expect(await page('constructor')).toEqual([]);
      expect(await page(undefined, 'ADA')).toEqual(['ada']);
      expect(await page(undefined, 'BEN@EX')).toEqual(['ben']);
      expect(await page(undefined, '%')).toEqual(['a-b-example-org']);
      expect(await page(undefined, '_')).toEqual([]);
      expect(await administration.user(slug('ada'))).toMatchObject({
        role: 'super-admin',
        teams: ['eng'],
        madeBy: null,
        groupTeams: [],
      });
      expect(await administration.user(slug('a-b-example-org'))).toMatchObject({ teams: [], madeBy: 'idp', groupTeams: ['eng'] });
      expect(await administration.user(slug('nobody'))).toBeUndefined();
    });

    test('gives a user whom a sign-in made a role, which goes with the role', async () => {
      await come('new@example.org');
      const { administration } = store;
      expect(await administration.setPersonRole(slug('new-example-org'), slug('auditor'), slug('member'))).toBe(true);
      expect(await administration.setPersonRole(slug('new-example-org'), slug('auditor'), slug('auditor'))).toBe(false);
      const stale = administration.setPersonRole(slug('new-example-org'), slug('member'), slug('member'));
      await expect(stale).rejects.toMatchObject({ code: 'CHANGED_MEANWHILE' });
      await expect(administration.setPersonRole(slug('new-example-org'), slug('nobody'), slug('auditor'))).rejects.toMatchObject({
        code: 'NAME_UNKNOWN',
      });
      expect(await administration.setPersonRole(slug('ben'), slug('auditor'), slug('member'))).toBe(false);
      expect((await store.policy()).policy.users[slug('new-example-org')]?.role).toBe('auditor');
      await applyPolicy(store, { ...policy, roles: {} });
      expect((await store.policy()).policy.users[slug('new-example-org')]?.role).toBeUndefined();
    });

    test('leaves nobody without a super admin, whichever way', async () => {
      await come('boss@example.org');
      const boss = slug('boss-example-org');
      await store.administration.setPersonRole(boss, slug('super-admin'), slug('member'));
      await applyPolicy(store, { ...policy, users: samplePolicy.users });
      const refused = { code: 'LAST_SUPER_ADMIN' };
      await expect(store.administration.setPersonRole(boss, slug('member'), slug('super-admin'))).rejects.toMatchObject(refused);
      await expect(store.signIn.removePerson(boss, 2)).rejects.toMatchObject(refused);
      const named = { ...samplePolicy.users, [boss]: { email: 'boss@example.org', teams: [] } };
      await expect(applyPolicy(store, { ...policy, users: named })).rejects.toMatchObject(refused);
      expect((await store.policy()).policy.users[boss]?.role).toBe('super-admin');
    });

    test('tries a policy by what applying it is refused with, and nothing of it stays', async () => {
      await token('ada');
      const before = [await store.revision(), await store.policy(), await store.administration.accessTokens()];
      const none = { ...policy, users: samplePolicy.users };
      await expect(store.tryPolicy(none, 2)).rejects.toMatchObject({ code: 'LAST_SUPER_ADMIN' });
      const other = PolicyFile.parse({ ...policy, users: { zoe: { email: 'zoe@example.org', teams: [], role: 'super-admin' } } });
      await store.tryPolicy(other, 2);
      expect([await store.revision(), await store.policy(), await store.administration.accessTokens()]).toEqual(before);
      await expect(applyPolicy(store, none)).rejects.toMatchObject({ code: 'LAST_SUPER_ADMIN' });
      await applyPolicy(store, other);
      expect(Object.keys((await store.policy()).policy.users)).toEqual(['zoe']);
    });

    test('says who comes with a personal access token as it is now', async () => {
      const own = await token('ada', { capabilities: ['people.view'] });
      const { administration } = store;
      const holder = await administration.tokenHolder(own.hash);
      expect(holder).toMatchObject({ token: own, user: { slug: 'ada' }, gateways: ['main'] });
      expect(holder?.capabilities).toContain('policy.apply');
      const other = { ...policy.users, [slug('ada')]: { email: 'ada@example.org', teams: [], role: slug('auditor') } };
      await applyPolicy(store, {
        ...policy,
        users: { ...other, [slug('ben')]: { email: 'b@example.org', teams: [], role: slug('super-admin') } },
      });
      expect(await administration.tokenHolder(own.hash)).toMatchObject({
        capabilities: ['audit.read', 'people.view'],
        gateways: [],
      });
      expect(await administration.tokenHolder(sha256('another'))).toBeUndefined();
      await administration.usedAccessToken(own.id, 77);
      expect(await administration.accessTokens()).toEqual([{ ...own, usedAt: 77 }]);
      expect(await administration.revokeAccessToken(own.id, 88)).toBe(true);
      expect(await administration.revokeAccessToken(own.id, 99)).toBe(false);
      expect(await administration.accessTokens()).toMatchObject([{ revokedAt: 88 }]);
      await expect(token('nobody')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    });

    test('revokes with a personal access token those that were made with it, and makes none with one that is revoked', async () => {
      const [parent, other] = [await token('ada'), await token('ada')];
      const child = await token('ada', { parent: parent.id });
      const grandchild = await token('ada', { parent: child.id });
      await expect(token('ben', { parent: parent.id })).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      expect(await store.administration.revokeAccessToken(parent.id, 88)).toBe(true);
      const states = new Map((await store.administration.accessTokens()).map(({ id, revokedAt }) => [id, revokedAt]));
      expect(states).toEqual(
        new Map<TokenId, number | null>([
          [parent.id, 88],
          [other.id, null],
          [child.id, 88],
          [grandchild.id, 88],
        ]),
      );
      await expect(token('ada', { parent: child.id })).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    });

    test('gives a personal access token another secret once, and ends what was made with it or is about to be', async () => {
      proves('admin.token-rotate', {
        file: 'gateway/store/sql/access-token.ts',
        find: "      .where('hash', '=', from)\n",
        replace: '',
      });
      const { administration } = store;
      const [own, other] = [await token('ada', { expiresAt: 1000 }), await token('ada')];
      const child = await token('ada', { parent: own.id });
      const grandchild = await token('ada', { parent: child.id });
      const to = ['a', 'b', 'c'].map(sha256);
      const all = await Promise.all(to.map((hash) => administration.rotateAccessToken(own.id, own.hash, hash, 88)));
      expect(all.toSorted()).toEqual([false, false, true]);
      const hash = to[all.indexOf(true)] ?? '';
      expect(await administration.tokenHolder(own.hash)).toBeUndefined();
      expect((await administration.tokenHolder(hash))?.token).toEqual({ ...own, hash });
      const states = (await administration.accessTokens()).map(({ id, revokedAt }) => [id, revokedAt] as const);
      expect(new Map(states)).toEqual(
        new Map<TokenId, number | null>([
          [own.id, null],
          [other.id, null],
          [child.id, 88],
          [grandchild.id, 88],
        ]),
      );
      const late = { ...child, id: TokenId.parse(newId()), hash: sha256('late') };
      await expect(administration.addAccessToken(late, own.hash)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      await administration.addAccessToken(late, hash);
      expect(await administration.rotateAccessToken(own.id, hash, sha256('d'), 1000)).toBe(false);
      await administration.revokeAccessToken(other.id, 90);
      expect(await administration.rotateAccessToken(other.id, other.hash, sha256('e'), 91)).toBe(false);
    });

    test('forgets personal access tokens 90 days after they expired', async () => {
      const [old, young] = [await token('ada', { expiresAt: 999 }), await token('ada', { expiresAt: 1000 })];
      const added = await token('ben', { createdAt: 1000 + 90 * 86_400_000 });
      const left = (await store.administration.accessTokens()).map(({ id }) => id);
      expect([left.includes(old.id), left.includes(young.id), left.includes(added.id)]).toEqual([false, true, true]);
    });

    test('gives gateways by the groups of a directory too', async () => {
      await come('group@example.org');
      const of = await token('group-example-org');
      expect(await store.administration.tokenHolder(of.hash)).toMatchObject({
        gateways: ['main'],
        capabilities: ['gateways.use'],
      });
    });

    test('revokes the personal access tokens of whoever is gone', async () => {
      const of = await token('ben');
      const users = Object.fromEntries(Object.entries(policy.users).filter(([name]) => name !== 'ben'));
      await applyPolicy(store, { ...policy, users }, 55);
      expect(await store.administration.accessTokens()).toMatchObject([{ id: of.id, revokedAt: 55 }]);
      expect(await store.administration.tokenHolder(of.hash)).toBeUndefined();
    });

    test('gives each deed to one, and to another when its time is over or it was given back', async () => {
      const { administration } = store;
      const [a, b] = [deed(), deed()];
      await store.recording(a).decideHost('token:a', 'blocked', 1);
      await store.recording(b).administration.noteDeed();
      const both = await Promise.all([administration.takeDeeds(10, 20, 10), administration.takeDeeds(10, 20, 10)]);
      expect(both.flat()).toEqual([
        { deed: a, again: false },
        { deed: b, again: false },
      ]);
      expect(await administration.takeDeeds(19, 30, 10)).toEqual([]);
      await administration.releaseDeeds([a.id]);
      expect(await administration.takeDeeds(19, 30, 10)).toEqual([{ deed: a, again: true }]);
      expect(await administration.takeDeeds(20, 30, 10)).toEqual([{ deed: b, again: true }]);
      await administration.forgetDeeds([a.id]);
      expect(await administration.deedsWaiting()).toBe(1);
    });

    test('knows a deed that is on record already', async () => {
      const [there, missing] = [deed(), deed()];
      const record = { chain: 'main', seq: 1, at: 1, body: JSON.stringify(there), hash: 'h' };
      await store.appendRecords([record], { chain: 'main', after: 0, seq: 1, hash: 'h', mac: 'm' });
      expect(await store.administration.deedsOnRecord([there.id, missing.id])).toEqual(new Set([there.id]));
      expect(await store.administration.deedsOnRecord([])).toEqual(new Set());
    });

    test('lets one begin what is to be done once', async () => {
      const { administration } = store;
      const begun = await Promise.all(['r1', 'r1', 'r1'].map((request) => administration.beginOnce('k', request, 100)));
      expect(begun.filter((one) => one === 'begun')).toHaveLength(1);
      expect(begun.filter((one) => one !== 'begun')).toEqual([
        { request: 'r1', answer: null, at: 100, isDone: false },
        { request: 'r1', answer: null, at: 100, isDone: false },
      ]);
      await administration.endOnce('k', 'answer');
      expect(await administration.beginOnce('k', 'r2', 101)).toMatchObject({ request: 'r1', answer: 'answer', at: 100 });
      expect(await administration.beginOnce('k', 'r2', 100 + 86_400_000)).toBe('begun');
      await administration.forgetOnce('k');
      expect(await administration.beginOnce('k', 'r3', 101)).toBe('begun');
    });

    test('knows of a request whether it changed something, and lets one begin anew where it did not', async () => {
      const { administration } = store;
      await administration.beginOnce('k', 'r', 100);
      const retaken = await Promise.all([101, 102].map((now) => administration.retakeOnce('k', 100, now)));
      expect(retaken.filter(Boolean)).toHaveLength(1);
      await store.once('other').recording(deed()).administration.noteDeed();
      expect(await administration.beginOnce('k', 'r', 103)).toMatchObject({ isDone: false });
      await store.once('k').recording(deed()).decideHost('token:a', 'blocked', 1);
      expect(await administration.beginOnce('k', 'r', 104)).toMatchObject({ isDone: true, answer: null });
      const { at } = z.object({ at: z.number() }).parse(await administration.beginOnce('k', 'r', 105));
      expect(await administration.retakeOnce('k', at, 106)).toBe(false);
      await administration.forgetOnce('k');
      expect(await administration.beginOnce('k', 'r', 107)).toMatchObject({ isDone: true });
    });
  });
}
