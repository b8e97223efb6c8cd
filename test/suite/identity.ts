// What a store promises of remote servers and of identities at them, run against each implementation beside the store suite.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayId, IdentityId, newId, ServerId, UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { backup } from '../../gateway/store/backup.ts';
import { openStore } from '../../gateway/store/open.ts';
import { restore } from '../../gateway/store/restore.ts';
import type { Store, StoredIdentity } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { freshFolder } from './ground.ts';
import { applyPolicy, quiet, slug } from './sample.ts';
import type { Ground } from './store.ts';

const policyOf = (users: readonly string[] = ['ada', 'ben'], kind = 'remote') =>
  PolicyFile.parse({
    version: 1,
    users: Object.fromEntries(users.map((user) => [user, { email: `${user}@example.org` }])),
    servers: {
      tracker:
        kind === 'remote'
          ? {
              kind,
              url: 'https://tracker.example.org/mcp',
              auth: 'header',
              header: 'X-Api-Key',
              allowPrivate: ['10.0.0.0/8'],
              transport: 'sse',
              egress: 'corp',
              sign: true,
              timeoutSeconds: 9,
            }
          : { kind },
      wiki: { kind: 'remote', url: 'https://wiki.example.org/mcp' },
      memory: { kind: 'workstation', shareable: true },
    },
    gateways: {
      main: {
        assignments: {
          tracker: { tools: 'all', identity: kind === 'remote' ? 'own' : 'none' },
          wiki: {},
          memory: { reach: '01a20491-e46f-708d-b6df-159d2fd25a16' },
        },
      },
    },
  });

export function describeIdentities(kind: string, ground: () => Promise<Ground>): void {
  describe(`a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, policyOf());
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    async function identityOf(user: string | null, change: Partial<StoredIdentity> = {}): Promise<StoredIdentity> {
      const { ids } = await store.policy();
      return {
        id: IdentityId.parse(newId()),
        server: { id: ServerId.parse(ids.servers['tracker']), slug: slug('tracker') },
        user: user === null ? null : { id: UserId.parse(ids.users[user]), slug: slug(user) },
        gateway: null,
        origin: 'https://tracker.example.org',
        kind: 'token',
        sealed: `sealed for ${user}`,
        setAt: 1000,
        ...change,
      };
    }
    async function main(): Promise<NonNullable<StoredIdentity['gateway']>> {
      return { id: GatewayId.parse((await store.policy()).ids.gateways['main']), slug: slug('main') };
    }

    test('gives back remote servers as they were applied', async () => {
      expect((await store.policy()).policy).toEqual(policyOf());
    });

    test('keeps one identity for each server, user and gateway, and finds the one for the gateway first', async () => {
      const [ada, ben, shared] = [await identityOf('ada'), await identityOf('ben'), await identityOf(null)];
      const gateway = await main();
      const adaAtMain = await identityOf('ada', { gateway, sealed: 'for main' });
      const before = await store.revision();
      for (const one of [ada, ben, shared, adaAtMain]) expect(await store.setIdentity(one)).toBe(true);
      expect(await store.revision()).toBe(before + 4);
      expect(await store.setIdentity(await identityOf('ada'))).toBe(false);
      const find = (of: StoredIdentity, at: GatewayId) => store.identity(of.server.id, of.user?.id ?? null, at);
      const elsewhere = GatewayId.parse(newId());
      expect(await find(ada, elsewhere)).toEqual(ada);
      expect(await find(ada, gateway.id)).toEqual(adaAtMain);
      expect(await find(ben, gateway.id)).toEqual(ben);
      expect(await find(shared, gateway.id)).toEqual(shared);
      expect(await store.setIdentity({ ...ada, sealed: 'again', setAt: 2000 })).toBe(true);
      expect(await find(ada, elsewhere)).toMatchObject({ id: ada.id, sealed: 'again', setAt: 2000 });
      expect(await store.identities()).toHaveLength(4);
    });

    test('keeps none for a server that is not remote, or for somebody who is not in the policy', async () => {
      const { ids } = await store.policy();
      const memory = { id: ServerId.parse(ids.servers['memory']), slug: slug('memory') };
      const nobody = { id: UserId.parse(newId()), slug: slug('nobody') };
      const nowhere = { id: GatewayId.parse(newId()), slug: slug('nowhere') };
      for (const change of [{ server: memory }, { user: nobody }, { gateway: nowhere }])
        expect(await store.setIdentity(await identityOf('ada', change))).toBe(false);
      expect(await store.identities()).toEqual([]);
    });

    test('forgets the value of one that was removed, or whose user or server is gone', async () => {
      const [ada, ben] = [await identityOf('ada'), await identityOf('ben')];
      await store.setIdentity(ada);
      await store.setIdentity(ben);
      expect(await store.removeIdentity(ada.id, 2000)).toBe(true);
      expect(await store.removeIdentity(ada.id, 3000)).toBe(false);
      expect(await store.identities()).toEqual([ben]);
      await applyPolicy(store, policyOf(['ada']));
      expect(await store.identities()).toEqual([]);
      await applyPolicy(store, policyOf());
      expect(await store.identity(ben.server.id, ben.user?.id ?? null, (await main()).id)).toBeUndefined();
      await store.setIdentity(await identityOf(null));
      await applyPolicy(store, policyOf(undefined, 'workstation'));
      expect(await store.identities()).toEqual([]);
    });

    test('seals anew what is still what it was, and says what was not', async () => {
      const [ada, ben] = [await identityOf('ada'), await identityOf('ben')];
      await store.setIdentity(ada);
      await store.setIdentity(ben);
      const changes = [
        { id: ada.id, before: ada.sealed, after: 'anew' },
        { id: ben.id, before: 'something else', after: 'anew' },
      ];
      expect(await store.resealIdentities(changes)).toEqual([ben.id]);
      expect((await store.identities()).map(({ sealed }) => sealed)).toEqual(['anew', ben.sealed]);
    });

    test('finds one by its id, and the client of a server by its issuer, which is no identity of anybody', async () => {
      const issuer = 'https://login.example.org';
      const [ada, client] = [
        await identityOf('ada', { origin: issuer }),
        await identityOf(null, { kind: 'client', origin: issuer }),
      ];
      const { server } = client;
      const other = await identityOf(null, { kind: 'client', origin: 'https://other.example.org', sealed: 'for another' });
      for (const one of [ada, client, other]) {
        expect(await store.setIdentity(one)).toBe(true);
        expect(await store.identityById(one.id)).toEqual(one);
      }
      expect(await store.identityById(IdentityId.parse(newId()))).toBeUndefined();
      expect(await store.identityClient(server.id, issuer)).toEqual(client);
      expect(await store.identityClient(server.id, other.origin)).toEqual(other);
      expect(await store.identityClient(server.id, server.slug)).toBeUndefined();
      expect(await store.identityClient(ServerId.parse((await store.policy()).ids.servers['wiki']), issuer)).toBeUndefined();
      expect(await store.identity(server.id, null, (await main()).id)).toBeUndefined();
      expect(await store.setIdentity({ ...client, id: IdentityId.parse(newId()) })).toBe(false);
      await store.removeIdentity(client.id, 2000);
      expect(await store.identityById(client.id)).toBeUndefined();
      expect(await store.identityClient(server.id, issuer)).toBeUndefined();
      expect(await store.identityById(ada.id)).toEqual(ada);
    });

    test('leases one to a single one of those who ask at once, until its time is over', async () => {
      const ada = await identityOf('ada', { kind: 'oauth' });
      const ben = await identityOf('ben', { kind: 'oauth' });
      for (const one of [ada, ben]) await store.setIdentity(one);
      const before = await store.revision();
      const other = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      try {
        const ask = (of: Store, now: number, sealed = ada.sealed) => of.leaseIdentity(ada.id, sealed, now, now + 100);
        const all = await Promise.all(Array.from({ length: 20 }, (_, nth) => ask(nth % 2 === 0 ? store : other, 1000)));
        expect(all.filter((isMine) => isMine)).toHaveLength(1);
        expect(await ask(other, 1099)).toBe(false);
        expect(await ask(other, 1100, 'what it was not')).toBe(false);
        expect(await ask(other, 1100)).toBe(true);
        expect(await ask(store, 1199)).toBe(false);
        // Of its own, and only while it is that one: the value stays what it was, and so does the other's lease.
        expect(await store.renewIdentity(ada.id, ada.sealed, ada.sealed, 1100)).toBe(false);
        expect(await store.leaseIdentity(ada.id, ada.sealed, 1150, 1300, 1100)).toBe(false);
        expect(await store.leaseIdentity(ada.id, ada.sealed, 1150, 1300, 1200)).toBe(true);
        expect(await ask(store, 1299)).toBe(false);
        expect(await store.renewIdentity(ada.id, ada.sealed, ada.sealed, 1300)).toBe(true);
        expect(await ask(store, 1301)).toBe(true);
        expect(await store.leaseIdentity(ben.id, ben.sealed, 1000, 1100)).toBe(true);
        expect(await store.leaseIdentity(IdentityId.parse(newId()), ada.sealed, 1000, 1100)).toBe(false);
      } finally {
        await other.close();
      }
      for (const one of [ada, ben]) expect(await store.identityById(one.id)).toEqual(one);
      expect(await store.revision()).toBe(before);
    });

    test('renews one in the place of the value that it was made from and no other, which ends the lease', async () => {
      const ada = await identityOf('ada', { kind: 'oauth' });
      await store.setIdentity(ada);
      const before = await store.revision();
      const lease = (sealed: string) => store.leaseIdentity(ada.id, sealed, 1000, 2000);
      const renewed = { ...ada, sealed: 'renewed' };
      expect(await lease(ada.sealed)).toBe(true);
      expect(await store.renewIdentity(ada.id, 'what it was not', 'stray')).toBe(false);
      expect(await store.identityById(ada.id)).toEqual(ada);
      expect(await lease(ada.sealed)).toBe(false);
      expect(await store.renewIdentity(ada.id, ada.sealed, renewed.sealed)).toBe(true);
      // Who comes late, whose lease was over meanwhile.
      expect(await store.renewIdentity(ada.id, ada.sealed, 'late')).toBe(false);
      expect(await store.identityById(ada.id)).toEqual(renewed);
      expect(await lease(ada.sealed)).toBe(false);
      expect(await lease(renewed.sealed)).toBe(true);
      expect(await store.revision()).toBe(before);
      const anew = { ...ada, sealed: 'of a new sign-in', setAt: 2000 };
      expect(await store.setIdentity(anew)).toBe(true);
      expect(await store.renewIdentity(ada.id, renewed.sealed, 'late')).toBe(false);
      expect(await store.identityById(ada.id)).toEqual(anew);
      expect(await lease(anew.sealed)).toBe(true);
      await store.removeIdentity(ada.id, 3000);
      expect(await store.renewIdentity(ada.id, anew.sealed, 'back again')).toBe(false);
      expect(await lease(anew.sealed)).toBe(false);
      expect(await store.identityById(ada.id)).toBeUndefined();
    });

    test('brings back from a backup what was lost, and nothing that was removed or set since', async () => {
      proves('vault.removed-stays', {
        file: 'gateway/store/merge.ts',
        find: 'const missing = rows.filter((row) => !known.has(row.id) && !taken.has(placeOf(row)));',
        replace: 'const missing = rows; await tx.deleteFrom("identity").execute();',
      });
      const [ada, ben, shared] = [await identityOf('ada'), await identityOf('ben'), await identityOf(null)];
      for (const one of [ada, ben, shared]) await store.setIdentity(one);
      await store.organization();
      const folder = await freshFolder();
      try {
        const file = join(folder, 'backup');
        await backup(place.location, file, { logger: quiet });
        await store.removeIdentity(ada.id, 2000);
        await store.setIdentity({ ...ben, sealed: 'newer', setAt: 2000 });
        expect(await restore(file, place.location, { logger: quiet })).toMatchObject({ mode: 'merged' });
        expect((await store.identities()).map(({ sealed }) => sealed)).toEqual([shared.sealed, 'newer']);

        const elsewhere = { kind: 'sqlite', file: join(folder, 'elsewhere.db') } as const;
        expect(await restore(file, elsewhere, { logger: quiet })).toMatchObject({ mode: 'all', counts: { identity: 3 } });
        const copy = await openStore(elsewhere, { logger: quiet });
        expect(new Set((await copy.identities()).map(({ sealed }) => sealed))).toEqual(
          new Set([ada.sealed, ben.sealed, shared.sealed]),
        );
        expect((await copy.policy()).policy).toEqual(policyOf());
        await copy.close();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}
