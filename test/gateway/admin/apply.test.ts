// Applying a policy to a real store, also while somebody else changes it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { applyPolicy } from '../../../gateway/admin/apply.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { byHand, openData, twoTeams, type Data } from '../data.ts';

describe('a policy that is applied', () => {
  let data: Data;
  beforeEach(async () => {
    data = await openData();
  });
  afterEach(() => data.close());
  const apply = (store: Store, policy: PolicyFile, isPlanOnly = false) =>
    applyPolicy({ ...byHand, store, policy, now: 1, isPlanOnly });

  test('is in force, and applying it again is no change', async () => {
    proves('gateway-shell.policy-twice', {
      file: 'gateway/admin/apply.ts',
      find: 'if (isPlanOnly || changes.length === 0) return',
      replace: 'if (isPlanOnly) return',
    });
    const first = await apply(data.store, twoTeams);
    expect([first.isApplied, first.changes.length > 0]).toEqual([true, true]);
    expect((await data.store.policy()).policy).toEqual(twoTeams);
    const revision = await data.store.revision();
    expect(await apply(data.store, twoTeams)).toEqual({ changes: [], isApplied: false });
    expect(await data.store.revision()).toBe(revision);
  });

  test('for its plan only changes nothing', async () => {
    const planned = await apply(data.store, twoTeams, true);
    expect([planned.isApplied, planned.changes.length > 0]).toEqual([false, true]);
    expect((await data.store.policy()).policy.users).toEqual({});
  });

  test('is planned anew where somebody else changed the data meanwhile', async () => {
    proves('gateway-shell.policy-conflict', {
      file: 'gateway/admin/apply.ts',
      find: 'await to.replacePolicy(policy, revision, now);',
      replace: 'await to.replacePolicy(policy, await store.revision(), now);',
    });
    const others = PolicyFile.parse({ ...twoTeams, users: { cy: { email: 'cy@example.org', teams: ['eng'] } } });
    let looks = 0;
    const contested: Store = {
      ...data.store,
      async filedPolicy() {
        const seen = await data.store.filedPolicy();
        // Right after the first look another administrator is faster.
        if (++looks === 1) await data.store.replacePolicy(others, await data.store.revision(), 1);
        return seen;
      },
    };
    const { changes } = await apply(contested, twoTeams);
    expect(looks).toBe(2);
    expect(changes.map(({ action, what, name }) => `${action} ${what} ${name}`)).toContain('remove user cy');
  });

  test('is given up where others never stop changing the data', async () => {
    const contested: Store = {
      ...data.store,
      async filedPolicy() {
        const seen = await data.store.filedPolicy();
        await data.store.replacePolicy(PolicyFile.parse({ version: 1 }), await data.store.revision(), 1);
        return seen;
      },
    };
    await expect(apply(contested, twoTeams)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await data.store.policy()).policy.users).toEqual({});
  });
});
