// What every store promises of the emergency account, run against each implementation (test/gateway/store/*.test.ts).
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { applyPolicy, quiet, samplePolicy, sha256, slug } from './sample.ts';
import type { Ground } from './store.ts';

export function describeLocalAccounts(kind: string, ground: () => Promise<Ground>): void {
  describe(`the emergency account, on ${kind}`, () => {
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

    test('attempts are counted before they are looked at, by network; codes behind the password by account, and each step counts once', async () => {
      const { signIn } = store;
      const account = { email: 'ada@example.org', password: 'hashed', totp: 'sealed', createdAt: 1000 };
      const [here, elsewhere] = [sha256('192.0.2.1'), sha256('192.0.2.2')];
      await signIn.putAccount(account);
      expect(await signIn.accounts()).toEqual([account]);
      const many = await Promise.all(Array.from({ length: 12 }, () => signIn.beginAttempt(here, 1000)));
      expect(many.filter(Boolean)).toHaveLength(5);
      expect(await signIn.beginAttempt(here, 1000 + 899_999)).toBe(false);
      expect(await signIn.beginAttempt(elsewhere, 1000)).toBe(true);
      expect(await signIn.beginAttempt(here, 1000 + 900_000)).toBe(true);
      expect(await signIn.beginCode('ben@example.org', 1000)).toBe(false);
      const codes = await Promise.all(Array.from({ length: 12 }, () => signIn.beginCode(account.email, 1000)));
      expect(codes.filter(Boolean)).toHaveLength(5);
      expect(await signIn.beginCode(account.email, 1000 + 899_999)).toBe(false);
      expect(await signIn.beginCode(account.email, 1000 + 900_000)).toBe(true);
      const passed = await Promise.all(Array.from({ length: 5 }, () => signIn.passAttempt(account.email, 7, elsewhere)));
      expect(passed.filter(Boolean)).toHaveLength(1);
      expect(await signIn.passAttempt(account.email, 6, elsewhere)).toBe(false);
      const again = await Promise.all(Array.from({ length: 6 }, () => signIn.beginAttempt(elsewhere, 2000)));
      expect(again.filter(Boolean)).toHaveLength(5);
      // Whoever makes it anew has the command line, and is let in at once.
      await signIn.putAccount(account);
      expect(await signIn.beginAttempt(elsewhere, 2000)).toBe(true);
      expect(await signIn.removeAccount(account.email)).toBe(true);
      expect(await signIn.removeAccount(account.email)).toBe(false);
    });

    test('codes behind the password are looked at a hundred times, however far apart the clocks of two servers are, until one passes', async () => {
      const { signIn } = store;
      const account = { email: 'ada@example.org', password: 'hashed', totp: 'sealed', createdAt: 1000 };
      await signIn.putAccount(account);
      /** Of two servers, one an hour ahead; one code after the other, at each of them in turn. */
      const looked = async () => {
        let count = 0;
        for (let nth = 0; nth < 300; nth++) {
          const isLooked = await signIn.beginCode(account.email, nth * 1000 + (nth % 2) * 3_600_000);
          if (isLooked) count++;
        }
        return count;
      };
      expect(await looked()).toBe(100);
      await signIn.putAccount(account);
      expect(await signIn.beginCode(account.email, 1000)).toBe(true);
      expect(await signIn.passAttempt(account.email, 7, sha256('192.0.2.1'))).toBe(true);
      expect(await looked()).toBe(100);
    });

    test('whoever makes the account anew, or removes it, ends what its person is signed in to in browsers, and nobody else', async () => {
      const { signIn } = store;
      const { ids, policy } = await store.policy();
      const email = policy.users[slug('ada')]?.email ?? '';
      const account = { email: email.toLowerCase(), password: 'hashed', totp: 'sealed', createdAt: 1000 };
      const sessionsOf = async (user: string) => {
        const none = { family: null, uid: null, connection: null, consumedAt: null, expiresAt: 100_000 };
        const body = JSON.stringify({ user: ids.users[user] });
        const items = ['Session', 'PersonSession'].map((model) => ({ ...none, model, key: sha256(user), body }));
        for (const item of items) await signIn.putItem(item, 1000);
        return async () => (await Promise.all(items.map(({ model, key }) => signIn.item(model, key)))).filter(Boolean).length;
      };
      const ben = await sessionsOf('ben');
      for (const end of [() => signIn.putAccount(account), () => signIn.removeAccount(account.email)]) {
        const ada = await sessionsOf('ada');
        await end();
        expect([await ada(), await ben()]).toEqual([0, 2]);
      }
    });
  });
}
