// Who may change whom, where what somebody has is more than the policy file says of them: groups of a directory give it.
import { describe, expect, test } from 'vitest';
import { type Capability, capabilities as all } from '#contract/capability.ts';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyUser } from '#contract/policy.ts';
import type { Actor } from '../../../gateway/admin/actor.ts';
import { refuseAbove, refuseTaking } from '../../../gateway/admin/above.ts';
import { proves } from '../../requirement.ts';

const ben = { email: 'ben@example.org', teams: [] };
const bot = { kind: 'service', secretHash: `sha256:${'0'.repeat(64)}`, teams: [] };
const filed = (users: Readonly<Record<string, object>>): PolicyFile =>
  PolicyFile.parse({ version: 1, users, teams: { eng: { gateways: ['main'] } }, gateways: { main: {} } });
const before = filed({ ben, bot });
const inForce = (of: Partial<PolicyUser>): PolicyFile => filed({ ben: { ...ben, ...of }, bot: { ...bot, teams: ['eng'] } });
const actor = (...capabilities: Capability[]): Actor => ({
  kind: 'user',
  user: { id: UserId.parse(newId()), slug: Slug.parse('pat') },
  accessToken: { id: TokenId.parse(newId()), expiresAt: 1e12, hash: '' },
  capabilities: new Set(capabilities),
  gateways: new Set(),
});
const people = actor('people.manage', 'roles.manage', 'gateways.use');
const codeOf = async (by: Actor, has: PolicyFile, after: PolicyFile, from = before): Promise<unknown> => {
  try {
    await refuseAbove(by, from, after);
    await refuseTaking(by, has, from, after);
    return 'done';
  } catch (error) {
    return Object(error).code;
  }
};

test('which group counts is said only by whoever has all that the groups behind it give', async () => {
  proves('admin.group-order', {
    file: 'gateway/admin/above.ts',
    find: 'for (const [, role] of olds.slice(from)) refuseOver(',
    replace: 'for (const [, role] of olds.slice(olds.length)) refuseOver(',
  });
  const groups = (...names: readonly string[]) =>
    PolicyFile.parse({
      version: 1,
      roles: { low: { capabilities: ['people.view'] } },
      directory: { groups: Object.fromEntries(names.map((name) => [name, { role: name === 'boss' ? 'super-admin' : 'low' }])) },
    });
  const by =
    (...of: Parameters<typeof actor>) =>
    (from: PolicyFile, to: PolicyFile) =>
      codeOf(actor(...of), to, to, from);
  const low = by('directory.manage', 'people.view');
  const [both, swapped] = [groups('low', 'boss'), groups('boss', 'low')];
  for (const to of [swapped, groups('boss'), groups('low'), groups('new', 'low', 'boss')])
    expect(await low(both, to)).toBe('ABOVE_OWN');
  expect(await low(swapped, groups('boss'))).toBe('done');
  expect(await low(swapped, groups('boss', 'low', 'new'))).toBe('done');
  expect(await by('people.view')(swapped, groups('boss'))).toBe('CAPABILITY_NEEDED');
  expect(await by(...all)(both, swapped)).toBe('done');
});

describe('somebody to whom groups give more', () => {
  const boss = inForce({ role: Slug.parse('super-admin') });
  test('is changed only by whoever has all that', async () => {
    proves('admin.group-role', {
      file: 'gateway/admin/above.ts',
      find: 'if (holder && !isDeepStrictEqual(butTeams(old), butTeams(now))) refuseOver(',
      replace: 'if (holder && isDeepStrictEqual(butTeams(old), butTeams(now))) refuseOver(',
    });
    for (const [what, users] of Object.entries({
      role: { ben: { ...ben, role: 'member' }, bot },
      title: { ben: { ...ben, title: 'Ben' }, bot },
      address: { ben: { ...ben, email: 'pat@example.org' }, bot },
      removal: { bot },
    })) {
      expect([what, await codeOf(people, boss, filed(users))]).toEqual([what, 'ABOVE_OWN']);
      expect([what, await codeOf(people, inForce({}), filed(users))]).toEqual([what, 'done']);
      expect([what, await codeOf(actor(...all), boss, filed(users))]).toEqual([what, 'done']);
    }
  });

  test('is known by something else only by whoever reaches all their gateways', async () => {
    proves('admin.being-somebody', {
      file: 'gateway/admin/above.ts',
      find: 'if (holder) refuseBeing(actor, inForce, holder);',
      replace: '',
    });
    const moved = filed({ ben: { ...ben, email: 'pat@example.org' }, bot });
    const rekeyed = filed({ ben, bot: { ...bot, secretHash: `sha256:${'1'.repeat(64)}` } });
    const titled = filed({ ben: { ...ben, title: 'Ben', email: 'BEN@example.org' }, bot });
    const eng = inForce({ teams: [Slug.parse('eng')] });
    expect(await Promise.all([moved, rekeyed, titled].map((after) => codeOf(people, eng, after)))).toEqual([
      'GATEWAY_NOT_GRANTED',
      'GATEWAY_NOT_GRANTED',
      'done',
    ]);
    expect(await codeOf(actor(...all), eng, moved)).toBe('done');
    // A name that a directory made is taken by the policy.
    const known = filed({ ben, bot, zoe: { email: 'zoe@example.org', teams: ['eng'] } });
    expect(await codeOf(people, known, filed({ ben, bot, zoe: { email: 'pat@example.org' } }))).toBe('GATEWAY_NOT_GRANTED');
  });
});
