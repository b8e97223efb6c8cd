// What every store promises, run against each implementation (test/gateway/store/*.test.ts).
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TokenId, WorkstationId, newId } from '#contract/id.ts';
import type { StoreLocation } from '../../gateway/store/location.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import {
  applyPolicy,
  enrollToken,
  enrolled,
  everything,
  fingerprint,
  group,
  hostToken,
  offerOf,
  quiet,
  samplePolicy,
  sha256,
  slug,
  without,
  workstationOf,
} from './sample.ts';

/** Where each test finds a new, empty database; remove() is called after it. */
export interface Ground {
  readonly location: StoreLocation;
  remove(): Promise<void>;
}

export function describeStore(kind: string, ground: () => Promise<Ground>): void {
  describe(`a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    describe('keeps the policy', () => {
      test('and gives back what was applied, with an id for every name', async () => {
        await applyPolicy(store, samplePolicy);
        const { policy, ids } = await store.policy();
        expect(policy).toEqual(samplePolicy);
        expect(Object.keys(ids.users)).toEqual(['ada', 'ben', 'constructor']);
        expect(Object.keys(ids.assignments).toSorted()).toEqual([
          'main/everything',
          'main/memory',
          'other/everything',
          'other/memory',
        ]);
        const all = Object.values(ids).flatMap((of: Readonly<Record<string, string>>) => Object.values(of));
        expect(new Set(all).size).toBe(all.length);
      });

      test('with the ids of the names that stay, and never an old id for a name that comes back', async () => {
        proves('store.id-never-reused', {
          file: 'gateway/store/sql/replace-policy.ts',
          find: 'before.get(slug) ?? make()',
          replace: 'make()',
        });
        await applyPolicy(store, samplePolicy);
        const first = (await store.policy()).ids;
        await applyPolicy(store, without(samplePolicy, 'ben'));
        const second = (await store.policy()).ids;
        expect(second).toEqual({ ...first, users: { ada: first.users['ada'], constructor: first.users['constructor'] } });
        await applyPolicy(store, samplePolicy);
        const third = (await store.policy()).ids;
        expect(third.users['ada']).toBe(first.users['ada']);
        expect(third.users['ben']).not.toBe(first.users['ben']);
      });

      test('and refuses to replace one that somebody else has changed meanwhile', async () => {
        proves('store.policy-compare', {
          file: 'gateway/store/sql/replace-policy.ts',
          find: 'if (!(await isAsExpected(tx, policy, expectedRevision, revision)))',
          replace: 'if (revision < expectedRevision)',
        });
        const before = await store.revision();
        await store.replacePolicy(samplePolicy, before, 1);
        const lost = store.replacePolicy(without(samplePolicy, 'ada'), before, 2);
        await expect(lost).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect((await store.policy()).policy).toEqual(samplePolicy);
      });

      test('and lets exactly one of several replacements at once win', async () => {
        const revision = await store.revision();
        const all = Array.from({ length: 5 }, () => store.replacePolicy(samplePolicy, revision, 1));
        const results = await Promise.allSettled(all);
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      });

      test('as it was where a name is used that is not defined', async () => {
        await applyPolicy(store, samplePolicy);
        const dangling = { ...samplePolicy, teams: {} };
        const revision = await store.revision();
        await expect(store.replacePolicy(dangling, revision, 1)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
        expect((await store.policy()).policy).toEqual(samplePolicy);
        expect(await store.revision()).toBe(revision);
      });

      test('of ten thousand names', async () => {
        const users = Object.fromEntries(
          Array.from({ length: 10_000 }, (_, i) => [`user${i}`, { email: `u${i}@example.org`, teams: [slug('eng')] }]),
        );
        await applyPolicy(store, { ...samplePolicy, users });
        expect(Object.keys((await store.policy()).policy.users)).toHaveLength(10_000);
      });
    });

    describe('keeps tokens', () => {
      beforeEach(() => applyPolicy(store, samplePolicy));

      test('and finds them by their hash and by their id', async () => {
        const [host, enroll] = [hostToken('ada'), enrollToken('ben', { createdAt: 2000 })];
        await store.addToken(host);
        await store.addToken(enroll);
        expect([await store.tokenByHash(host.hash), await store.tokenById(host.id)]).toEqual([host, host]);
        expect(await store.tokens()).toEqual([host, enroll]);
        expect(await store.tokenByHash(sha256('another'))).toBeUndefined();
      });

      test('for users and gateways of the policy only', async () => {
        await expect(store.addToken(enrollToken('eve'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
        await expect(store.addToken(hostToken('ada', 'nowhere'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
        expect(await store.tokens()).toEqual([]);
      });

      test('and revokes one once', async () => {
        const token = hostToken('ada');
        await store.addToken(token);
        expect(await store.revokeToken(token.id, 5000)).toBe(true);
        expect(await store.revokeToken(token.id, 6000)).toBe(false);
        expect(await store.revokeToken(TokenId.parse(newId()), 6000)).toBe(false);
        expect((await store.tokenByHash(token.hash))?.revokedAt).toBe(5000);
      });

      test('and revokes those of a user that is gone, with the workstations, for good', async () => {
        proves('store.gone-user-revoked', {
          file: 'gateway/store/sql/replace-policy.ts',
          find: 'await revokeOrphans(tx, now);',
          replace: '',
        });
        const [ada, ben] = [hostToken('ada'), hostToken('ben')];
        await store.addToken(ada);
        await store.addToken(ben);
        const workstation = await enrolled(store, 'ben');
        await applyPolicy(store, without(samplePolicy, 'ben'), 9000);
        await applyPolicy(store, samplePolicy, 9500);
        expect((await store.tokenByHash(ben.hash))?.revokedAt).toBe(9000);
        expect((await store.workstationsOf([workstation.id])).get(workstation.id)?.revokedAt).toBe(9000);
        expect((await store.tokenByHash(ada.hash))?.revokedAt).toBeNull();
      });

      test('and revokes host tokens of a gateway that is gone', async () => {
        const [other, main] = [hostToken('ada', 'other'), hostToken('ada', 'main')];
        await store.addToken(other);
        await store.addToken(main);
        const gateways = Object.fromEntries(Object.entries(samplePolicy.gateways).filter(([name]) => name === 'main'));
        const teams = { ...samplePolicy.teams, ops: { gateways: [slug('main')] } };
        await applyPolicy(store, { ...samplePolicy, gateways, teams }, 9000);
        expect((await store.tokenByHash(other.hash))?.revokedAt).toBe(9000);
        expect((await store.tokenByHash(main.hash))?.revokedAt).toBeNull();
      });
    });

    describe('enrolls a workstation', () => {
      beforeEach(() => applyPolicy(store, samplePolicy));

      test('for a token, once, however many try at the same moment', async () => {
        proves('store.enroll-once', {
          file: 'gateway/store/sql/token.ts',
          find: "if (token.spent_at !== null) return unchanged('spent');",
          replace: '',
        });
        const token = enrollToken('ada');
        await store.addToken(token);
        const tries = Array.from({ length: 8 }, () => workstationOf('ada'));
        const results = await Promise.all(tries.map((workstation) => store.enroll(token.hash, workstation, 3000)));
        expect(results.toSorted()).toEqual(['enrolled', ...Array<string>(7).fill('spent')]);
        expect(await store.workstations()).toEqual([tries[results.indexOf('enrolled')]]);
        expect((await store.tokenByHash(token.hash))?.spentAt).toBe(3000);
      });

      test('and says of many at once which are not revoked, and whose they are', async () => {
        proves('store.live-workstations', {
          file: 'gateway/store/sql/workstation.ts',
          find: ".where('revoked_at', 'is', null)\n      .execute()",
          replace: '.execute()',
        });
        const [first, second, third] = [workstationOf('ada'), workstationOf('ben'), workstationOf('ada')];
        for (const workstation of [first, second, third]) {
          const token = enrollToken(workstation.user);
          await store.addToken(token);
          await store.enroll(token.hash, workstation, 3000);
        }
        await store.revokeWorkstation(third.id, 4000);
        // more than one statement takes
        const unknown = Array.from({ length: 1200 }, () => workstationOf('ada').id);
        const live = await store.liveWorkstations([first.id, ...unknown, third.id, second.id]);
        expect([...live].toSorted()).toEqual(
          [
            [first.id, 'ada'],
            [second.id, 'ben'],
          ].toSorted(),
        );
        expect(await store.liveWorkstations([])).toEqual(new Map());
      });

      test('never for a token that is revoked, expired, unknown, of a host, or of another user', async () => {
        const revoked = enrollToken('ada', { revokedAt: 1 });
        const expired = enrollToken('ada', { expiresAt: 3000 });
        const [host, live] = [hostToken('ada'), enrollToken('ada')];
        for (const token of [revoked, expired, host, live]) await store.addToken(token);
        const results = [];
        for (const hash of [revoked.hash, expired.hash, sha256('none'), host.hash])
          results.push(await store.enroll(hash, workstationOf('ada'), 3000));
        results.push(await store.enroll(live.hash, workstationOf('ben'), 3000));
        expect(results).toEqual(['revoked', 'expired', 'unknown', 'unknown', 'unknown']);
        expect(await store.workstations()).toEqual([]);
        expect((await store.tokenByHash(live.hash))?.spentAt).toBeNull();
      });

      test('never with a key that another has, and leaves the token unspent', async () => {
        const first = await enrolled(store, 'ada');
        const token = enrollToken('ben');
        await store.addToken(token);
        const twin = { ...workstationOf('ben'), thumbprint: first.thumbprint };
        await expect(store.enroll(token.hash, twin, 3000)).rejects.toMatchObject({ code: 'KEY_ENROLLED' });
        expect((await store.tokenByHash(token.hash))?.spentAt).toBeNull();
      });

      test('and revokes it once', async () => {
        const workstation = await enrolled(store, 'ada');
        expect(await store.revokeWorkstation(workstation.id, 7000)).toBe(true);
        expect(await store.revokeWorkstation(workstation.id, 8000)).toBe(false);
        expect((await store.workstationsOf([workstation.id])).get(workstation.id)).toEqual({ ...workstation, revokedAt: 7000 });
        expect(await store.workstationsOf([WorkstationId.parse(newId())])).toEqual(new Map());
      });
    });

    describe('keeps offers and decisions', () => {
      beforeEach(() => applyPolicy(store, samplePolicy));

      test('as the workstation said last, the same name twice where it has two commands', async () => {
        const [one, two] = [await enrolled(store, 'ada'), await enrolled(store, 'ben')];
        await store.replaceOffers(one.id, [offerOf('memory'), offerOf('memory', 'other'), offerOf('everything')], 4000);
        await store.replaceOffers(two.id, [offerOf('memory')], 4000);
        await store.replaceOffers(one.id, [offerOf('memory'), offerOf('filesystem')], 5000);
        expect(await store.offers()).toEqual([
          { ...offerOf('filesystem'), workstation: one.id, offeredAt: 5000 },
          { ...offerOf('memory'), workstation: one.id, offeredAt: 4000 },
          { ...offerOf('memory'), workstation: two.id, offeredAt: 4000 },
        ]);
      });

      test('of enrolled workstations only', async () => {
        const gone = await enrolled(store, 'ada');
        await store.revokeWorkstation(gone.id, 4000);
        await store.replaceOffers(gone.id, [offerOf('memory')], 5000);
        await store.replaceOffers(WorkstationId.parse(newId()), [offerOf('memory')], 5000);
        expect(await store.offers()).toEqual([]);
      });

      test('the last decision holds', async () => {
        await store.decide(slug('memory'), fingerprint('a'), 'approved', null, 1);
        await store.decide(slug('memory'), fingerprint('b'), 'approved', 'known', 2);
        await store.decide(slug('memory'), fingerprint('a'), 'denied', 'found out', 3);
        expect(await store.approvals()).toEqual([
          { server: 'memory', fingerprint: fingerprint('b'), decision: 'approved', reason: 'known', decidedAt: 2 },
          { server: 'memory', fingerprint: fingerprint('a'), decision: 'denied', reason: 'found out', decidedAt: 3 },
        ]);
      });
    });

    test('has a revision that grows with every change, and with nothing else', async () => {
      proves('store.revision-grows', {
        file: 'gateway/store/sql/change.ts',
        find: 'revision: revision + 1',
        replace: 'revision',
      });
      let last = await store.revision();
      const grows = async (what: Promise<unknown>) => {
        await what;
        const now = await store.revision();
        expect(now).toBeGreaterThan(last);
        last = now;
      };
      const stays = async (what: Promise<unknown>) => {
        await what;
        expect(await store.revision()).toBe(last);
      };
      await grows(store.organization());
      await stays(store.organization());
      await grows(applyPolicy(store, samplePolicy));
      const [token, host] = [enrollToken('ada'), hostToken('ada')];
      await grows(store.addToken(token));
      await grows(store.addToken(host));
      const workstation = workstationOf('ada');
      await stays(store.enroll(sha256('none'), workstation, 1));
      await grows(store.enroll(token.hash, workstation, 1));
      await stays(store.seenWorkstations([workstation.id, workstationOf('bob').id], 2));
      expect((await store.workstationsOf([workstation.id])).get(workstation.id)?.lastSeenAt).toBe(2);
      await grows(store.replaceOffers(workstation.id, [offerOf('memory'), offerOf('everything')], 3));
      await stays(store.replaceOffers(workstation.id, [offerOf('everything'), offerOf('memory')], 4));
      await grows(store.decide(slug('memory'), fingerprint('memory'), 'approved', null, 5));
      await grows(store.revokeToken(host.id, 6));
      await stays(store.revokeToken(host.id, 7));
      await grows(store.revokeWorkstation(workstation.id, 8));
      await stays(store.revokeWorkstation(workstation.id, 9));
      await stays(store.appendRecords(...group('main', 0, 3)));
    });

    test('has one organization, which it keeps', async () => {
      const [first, second] = await Promise.all([store.organization(), store.organization()]);
      expect(first).toBe(second);
      const again = await openStore(place.location, { logger: quiet });
      expect(await again.organization()).toBe(first);
      await again.close();
    });

    describe('keeps audit records', () => {
      test('in the order of their chain, and pages through them', async () => {
        const [first, firstSeal] = group('main', 0, 5);
        const [second, secondSeal] = group('main', 5, 700);
        await store.appendRecords(first, firstSeal);
        await store.appendRecords(second, secondSeal);
        await store.appendRecords(...group('other', 0, 2));
        expect(await store.chains()).toEqual(['main', 'other']);
        expect(await store.chainHead('main')).toEqual({ record: second.at(-1), seal: secondSeal });
        expect(await store.chainHead('none')).toBeUndefined();
        expect(await store.recordsAfter('main', 3, 4)).toEqual([...first, ...second].slice(3, 7));
        expect(await store.sealsAfter('main', 0, 10)).toEqual([firstSeal, secondSeal]);
        const last = (await store.sealedAfter('main', 704, 9)).map(({ seal, ...of }) => ({ ...of, mac: seal?.mac }));
        expect(last).toEqual([{ ...second.at(-1), mac: secondSeal.mac }]);
      });

      test('and shows the newest of all chains', async () => {
        await store.appendRecords(...group('one', 0, 3, 100));
        await store.appendRecords(...group('two', 0, 3, 102));
        const newest = await store.newestRecords(4);
        expect(newest.map(({ chain, at }) => `${chain} ${at}`)).toEqual(['two 105', 'two 104', 'one 103', 'two 103']);
      });

      test('all of a group or nothing, and never another under the same number', async () => {
        proves('store.append-whole', {
          file: 'gateway/store/migration/0014-one-record-tree.ts',
          find: '  id integer not null primary key,',
          replace: '  id integer not null,',
        });
        await store.appendRecords(...group('main', 0, 3));
        await expect(store.appendRecords(...group('main', 2, 3, 500))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(await store.recordsAfter('main', 0, 10)).toHaveLength(3);
        await store.appendRecords(...group('main', 3, 1));
        expect(await store.recordsAfter('main', 0, 10)).toHaveLength(4);
      });

      test('of any text', async () => {
        const texts = ['{"a":"\\u0000"}', '"\u2028 \u00e9 \ud83d\ude00 \\\\ \\" \'{},"', ' '.repeat(100_000)];
        const [records, seal] = group('main', 0, texts.length);
        const bodies = records.map((record, i) => ({ ...record, body: texts[i] ?? '' }));
        await store.appendRecords(bodies, seal);
        expect((await store.recordsAfter('main', 0, 10)).map((record) => record.body)).toEqual(texts);
      });

      test('while it changes and reads other things', async () => {
        await applyPolicy(store, samplePolicy);
        let seq = 0;
        const appends = Array.from({ length: 30 }, () => store.appendRecords(...group('main', seq++, 1)));
        const others = Array.from({ length: 30 }, (_, i) =>
          store.decide(slug('memory'), fingerprint(`${i}`), 'approved', null, i),
        );
        await Promise.all([...appends, ...others, ...Array.from({ length: 30 }, () => store.policy())]);
        expect(await store.recordsAfter('main', 0, 100)).toHaveLength(30);
        expect(await store.approvals()).toHaveLength(30);
      });
    });

    test('is the same after it was closed and opened again', async () => {
      await applyPolicy(store, samplePolicy);
      const workstation = await enrolled(store, 'ada');
      await store.replaceOffers(workstation.id, [offerOf('memory')], 4000);
      await store.appendRecords(...group('main', 0, 3));
      const before = await everything(store);
      await store.close();
      store = await openStore(place.location, { logger: quiet });
      expect(await everything(store)).toEqual(before);
    });

    test('rejects with STORE_UNAVAILABLE once it is closed', async () => {
      await store.close();
      await expect(store.revision()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.appendRecords(...group('main', 0, 1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}
