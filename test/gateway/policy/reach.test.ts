// Team x gateway x person: who may enter which gateway, against a naive reading of the policy.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import { enter } from '../../../gateway/policy/decide.ts';
import { Fault } from '#contract/error.ts';
import { proves } from '../../requirement.ts';

const people = ['ada', 'bob', 'cyd'];
const teams = ['red', 'blue', 'green'];
const gateways = ['eng', 'ops', 'lab'];
const roles = ['none', 'caller', 'everywhere'];
const some = (of: string[]) => fc.uniqueArray(fc.constantFrom(...of));
const role = fc.constantFrom(undefined, 'member', 'administrator', 'super-admin', ...roles);
const grants = fc.constantFrom('gateways.use', 'gateways.use-all', 'gateways.view-all', 'policy.apply');

const policies = fc.record({
  version: fc.constant(1),
  roles: fc.record(Object.fromEntries(roles.map((name) => [name, fc.record({ capabilities: fc.uniqueArray(grants) })]))),
  users: fc.dictionary(fc.constantFrom(...people), fc.record({ email: fc.constant('a@example.org'), role, teams: some(teams) })),
  teams: fc.dictionary(fc.constantFrom(...teams), fc.record({ gateways: some(gateways) })),
  gateways: fc.dictionary(fc.constantFrom(...gateways), fc.constant({})),
});

/** As somebody would read it aloud. */
function mayEnter(policy: PolicyFile, person: string, gateway: string): boolean {
  for (const [name, user] of Object.entries(policy.users)) {
    if (name !== person) continue;
    const held: string = user.role ?? 'member';
    let capabilities: readonly string[] = [];
    if (held === 'member' || held === 'administrator') capabilities = ['gateways.use'];
    else if (held === 'super-admin') capabilities = ['gateways.use', 'gateways.use-all'];
    else for (const [own, of] of Object.entries(policy.roles)) if (own === held) capabilities = of.capabilities ?? [];
    if (!capabilities.includes('gateways.use')) return false;
    if (!Object.keys(policy.gateways).includes(gateway)) return false;
    if (capabilities.includes('gateways.use-all')) return true;
    for (const [team, of] of Object.entries(policy.teams))
      if (user.teams.some((one) => one === team) && of.gateways.some((one) => one === gateway)) return true;
  }
  return false;
}

test('a person enters a gateway exactly where their role lets them call and a team of theirs, or their role, grants it', () => {
  proves('admin.role-reach', {
    file: 'contract/grant.ts',
    find: 'if (!capabilities.includes(needed)) return new Set();',
    replace: '',
  });
  fc.assert(
    fc.property(policies, fc.constantFrom(...people), fc.constantFrom(...gateways), (drawn, person, gateway) => {
      const policy = PolicyFile.parse(drawn);
      const idsOf = (of: object) => Object.fromEntries(Object.keys(of).map((slug) => [slug, newId()]));
      const ids = { users: idsOf(policy.users), teams: {}, servers: {}, gateways: idsOf(policy.gateways), assignments: {} };
      const snapshot = compile({ policy, ids, offers: [], approvals: [] });
      const caller = {
        user: { id: UserId.parse(ids.users[person] ?? newId()), slug: Slug.parse(person) },
        host: 'codex',
        client: 'token:codex',
        token: TokenId.parse(newId()),
        gateway: Slug.parse(gateway),
        via: 'http',
        workstation: null,
      } as const;
      expect(!(enter(snapshot, caller, gateway) instanceof Fault)).toBe(mayEnter(policy, person, gateway));
    }),
    { numRuns: 500 },
  );
});
