// What a store promises of the sinks that records are sent to, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SinkId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { SinkProgress } from '../../gateway/store/sink.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, group, quiet } from './sample.ts';
import type { Ground } from './store.ts';

const policyOf = (...slugs: readonly string[]) =>
  PolicyFile.parse({
    version: 1,
    sinks: Object.fromEntries(
      slugs.map((slug) => [
        slug,
        { kind: 'webhook', url: `https://${slug}.example.org/in`, redact: ['user.name'], only: { kinds: ['call'] } },
      ]),
    ),
  });
const progress = (change: Partial<SinkProgress> = {}): SinkProgress => ({
  cursors: new Map(),
  sent: 0,
  rejected: 0,
  skipped: 0,
  parked: [],
  error: null,
  complaint: null,
  at: 5000,
  ...change,
});

export function describeSinks(kind: string, ground: () => Promise<Ground>): void {
  describe(`the sinks of a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    const idOf = async (slug: string) => {
      const found = (await store.sink.sinks()).find((one) => one.slug === slug);
      return SinkId.parse(found?.id);
    };
    const standingOf = async (slug: string) => (await store.sink.standing()).find((one) => one.slug === slug);

    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('are part of the policy, and keep their ids as long as their names stay', async () => {
      const policy = policyOf('siem', 'archive');
      await applyPolicy(store, policy);
      expect((await store.policy()).policy.sinks).toEqual(policy.sinks);
      expect((await store.filedPolicy()).sinks).toEqual(policy.sinks);
      const before = await idOf('siem');
      await applyPolicy(store, policyOf('siem'));
      expect(await idOf('siem')).toBe(before);
      await applyPolicy(store, policyOf());
      expect((await store.policy()).policy).not.toHaveProperty('sinks');
      await applyPolicy(store, policyOf('siem'));
      expect(await idOf('siem')).not.toBe(before);
    });

    test('owe exactly what is committed after they came', async () => {
      proves('sink.begins-with-policy', {
        file: 'gateway/store/sql/sink.ts',
        find: "for (const { chain, seq } of heads) await tx.insertInto('sink_cursor').values({ sink_id, chain, seq }).execute();",
        replace: '',
      });
      await store.appendRecords(...group('main', 0, 3));
      await applyPolicy(store, policyOf('siem'));
      expect(await standingOf('siem')).toMatchObject({ owed: 0, oldestAt: null, cursors: new Map([['main', 3]]) });
      await store.appendRecords(...group('main', 3, 2, 700));
      await store.appendRecords(...group('other', 0, 4, 500));
      expect(await standingOf('siem')).toMatchObject({ owed: 6, oldestAt: 501, sent: 0, failingSince: null });
    });

    test('are moved by who holds the lease, and by nobody else until its time is over', async () => {
      proves('sink.one-sender', {
        file: 'gateway/store/sql/sink.ts',
        find: "is('lease_until', '<=', now)",
        replace: "is('lease_until', '>=', 0)",
      });
      await store.appendRecords(...group('main', 0, 3));
      await applyPolicy(store, policyOf('siem'));
      await store.appendRecords(...group('main', 3, 4));
      const id = await idOf('siem');
      expect(await store.sink.lease(id, 'a', 1000, 2000)).toEqual(new Map([['main', 3]]));
      expect(await store.sink.lease(id, 'b', 1500, 2500)).toBeUndefined();
      expect(await store.sink.report(id, 'b', progress({ sent: 1 }))).toBe(false);
      expect(await store.sink.report(id, 'a', progress({ cursors: new Map([['main', 5]]), sent: 2 }))).toBe(true);
      expect(await store.sink.lease(id, 'a', 1800, 2800)).toEqual(new Map([['main', 5]]));
      expect(await store.sink.lease(id, 'b', 2800, 3800)).toEqual(new Map([['main', 5]]));
      expect(await store.sink.report(id, 'a', progress())).toBe(false);
      await store.sink.release(id, 'a');
      expect(await store.sink.lease(id, 'c', 3000, 4000)).toBeUndefined();
      await store.sink.release(id, 'b');
      expect(await store.sink.lease(id, 'c', 3000, 4000)).toBeDefined();
      expect(await standingOf('siem')).toMatchObject({ owed: 2, sent: 2, deliveredAt: 5000 });
    });

    test('remember since when they fail, and what was set aside', async () => {
      await applyPolicy(store, policyOf('siem'));
      const id = await idOf('siem');
      await store.sink.lease(id, 'a', 1000, 9000);
      await store.sink.report(id, 'a', progress({ error: 'nothing listens there', at: 6000 }));
      await store.sink.report(id, 'a', progress({ error: 'it is busy', at: 7000 }));
      expect(await standingOf('siem')).toMatchObject({ failingSince: 6000, lastError: 'it is busy', lastErrorAt: 7000 });
      const parked = [{ chain: 'main', seq: 2, reason: 'too long' }];
      await store.sink.report(id, 'a', progress({ skipped: 2 }));
      expect(await standingOf('siem')).toMatchObject({ failingSince: 6000 });
      await store.sink.report(
        id,
        'a',
        progress({ sent: 1, parked, rejected: 1, skipped: 1, complaint: 'one is too old', at: 8000 }),
      );
      await store.sink.report(id, 'a', progress({ parked }));
      expect(await standingOf('siem')).toMatchObject({ failingSince: null, lastError: 'one is too old', parked: 1, skipped: 3 });
      expect(await store.sink.parked(id)).toEqual(parked);
      await store.sink.unpark(id, parked);
      expect(await standingOf('siem')).toMatchObject({ parked: 0, rejected: 1 });
    });

    test('have secrets that go with them, and a change of one is told', async () => {
      await applyPolicy(store, policyOf('siem', 'archive'));
      const [siem, archive] = [await idOf('siem'), await idOf('archive')];
      const secret = { sink: siem, name: 'secret', origin: 'https://siem.example.org', sealed: '1.a', setAt: 1 };
      const revision = await store.revision();
      expect(await store.sink.setSecret(secret)).toBe(true);
      expect(await store.revision()).toBeGreaterThan(revision);
      expect(await store.sink.setSecret({ ...secret, sealed: '1.b', setAt: 2 })).toBe(true);
      expect(await store.sink.setSecret({ ...secret, sink: archive })).toBe(true);
      const reseal = { sink: siem, name: 'secret', before: '1.b', after: '1.c' };
      expect(await store.sink.resealSecrets([reseal, reseal])).toBe(1);
      expect((await store.sink.secrets()).find((one) => one.sink === siem)).toEqual({ ...secret, sealed: '1.c', setAt: 2 });
      expect(await standingOf('siem')).toMatchObject({ secrets: [{ name: 'secret', origin: secret.origin, setAt: 2 }] });
      await applyPolicy(store, policyOf('archive'));
      expect((await store.sink.secrets()).map((one) => one.sink)).toEqual([archive]);
      expect(await store.sink.setSecret(secret)).toBe(false);
    });
  });
}
