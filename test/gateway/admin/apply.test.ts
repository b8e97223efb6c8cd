// Applying a policy to a real store, also while somebody else changes it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Capability } from '#contract/capability.ts';
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
      find: 'if (changes.length === 0) return',
      replace: 'if (isPlanOnly && changes.length === 0) return',
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

  test('for its plan only says what applying it is refused with, and changes nothing', async () => {
    const ada = { email: 'ada@example.org', teams: ['eng'] };
    const bob = { email: 'bob@example.org', teams: ['ops'] };
    const of = (users: object) => PolicyFile.parse({ ...twoTeams, users });
    await apply(data.store, of({ ada: { ...ada, role: 'super-admin' }, bob }));
    const revision = await data.store.revision();
    const none = of({ ada, bob });
    expect(await apply(data.store, none, true)).toMatchObject({ isApplied: false, refusal: { code: 'LAST_SUPER_ADMIN' } });
    await expect(apply(data.store, none)).rejects.toMatchObject({ code: 'LAST_SUPER_ADMIN' });
    const other = of({ ada, bob: { ...bob, role: 'super-admin' } });
    expect(await apply(data.store, other, true)).not.toHaveProperty('refusal');
    const actor = {
      kind: 'system',
      part: 'a part',
      capabilities: new Set<Capability>(['policy.apply', 'roles.manage', 'people.manage']),
    } as const;
    const by = (isPlanOnly: boolean) =>
      applyPolicy({ actor, reason: null, store: data.store, policy: other, now: 1, isPlanOnly });
    expect(await by(true)).toMatchObject({ isApplied: false, refusal: { code: 'ABOVE_OWN' } });
    await expect(by(false)).rejects.toMatchObject({ code: 'ABOVE_OWN' });
    const reader = { kind: 'system', part: 'a part', capabilities: new Set<Capability>(['policy.read']) } as const;
    const harmless = of({ ada: { ...ada, role: 'super-admin' }, bob, cy: { email: 'cy@example.org' } });
    const read = { actor: reader, reason: null, store: data.store, policy: harmless, now: 1, isPlanOnly: true };
    const seen = await applyPolicy(read);
    expect([seen.changes.length > 0, seen.refusal?.message]).toEqual([true, expect.stringContaining('policy.apply')]);
    expect(await data.store.revision()).toBe(revision);
    expect((await data.store.filedPolicy()).users).toMatchObject({ ada: { role: 'super-admin' } });
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
