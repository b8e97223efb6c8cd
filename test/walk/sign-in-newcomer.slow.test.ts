// Who comes from the company's identity provider: a first sign-in makes the person, groups there give teams and take them, and no policy file removes anybody silently.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
  teams: { everyone: { gateways: ['eng'] }, operators: { gateways: ['ops'] } },
  servers: {},
  gateways: { eng: {}, ops: {} },
};
beforeAll(async () => {
  at = await deploySignIn({
    policy,
    domains: { company: ['example.org'] },
    provider: { create: true, teams: ['everyone'], groups: { map: { 'ops-staff': 'operators', gone: 'no-such-team' } } },
  });
  const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('the policy to be in force', async () => (await works(token)) === 200);
});
afterAll(() => at?.close());
const urlOf = (gateway: string) => `${at.deployment.origin}/g/${gateway}/mcp`;
const works = async (token: string, gateway = 'eng') => (await modern(urlOf(gateway), token, 'tools/list')).status;

async function signedIn(person: string, gateway = 'eng') {
  const host = await rawHost(at.deployment.origin);
  const browser = at.browser();
  // With several ways to sign in, or domains, the address is asked for first.
  const back = await letIn(browser, host.begin(urlOf(gateway)), person);
  const { tokens } = await host.redeem(back.searchParams.get('code') ?? '');
  if (!tokens) throw new Error('no tokens');
  return { host, access: tokens.access_token, refresh: tokens.refresh_token ?? '' };
}

test('a first sign-in makes the person, on record, with the teams of the provider and of their groups', async () => {
  proves('sign-in.creates', {
    file: 'gateway/store/sql/person.ts',
    find: "(came.kind === 'nobody' && !makes)",
    replace: "came.kind === 'nobody'",
  });
  at.identityProvider.groups.set('new.person@example.org', ['ops-staff', 'other', 'gone']);
  const { access } = await signedIn('new.person@example.org', 'ops');
  await expect.poll(() => works(access, 'ops'), { timeout: 15_000 }).toBe(200);
  expect(await at.deployment.admin('person', 'list')).toContain('new-person-example-org');
  const records = JSON.stringify(await at.deployment.records(100));
  for (const told of ['person_made', 'teams_of_groups', '"name":"new-person-example-org"']) expect(records).toContain(told);
  // Nobody else's address makes anybody.
  await expect(signedIn('somebody@elsewhere.example')).rejects.toThrow('SIGN_IN_REFUSED');
});

test("an address that only looks like somebody's once its letters are brought to a-z is nobody's", async () => {
  proves('sign-in.address-as-written', {
    file: 'gateway/sign-in/identity-provider.ts',
    find: 'if (!Address.safeParse(given).success) throw',
    replace: 'if (false) throw',
  });
  // The Kelvin sign, of which the lower case is a plain k.
  expect('\u212A'.toLowerCase()).toBe('k');
  await signedIn('kim@example.org');
  await expect(signedIn('\u212Aim@example.org')).rejects.toThrow('SIGN_IN_REFUSED');
});

test('a group that is taken away at the provider takes its team at the next sign-in, and leaves what the file gives', async () => {
  proves('sign-in.groups', {
    file: 'gateway/store/sql/person.ts',
    find: "await tx.deleteFrom('group_membership').where('user_id', '=', user).execute();",
    replace: '',
  });
  at.identityProvider.groups.set('ada@example.org', ['ops-staff']);
  const { access } = await signedIn('ada@example.org', 'ops');
  await expect.poll(() => works(access, 'ops'), { timeout: 15_000 }).toBe(200);
  at.identityProvider.groups.set('ada@example.org', []);
  const now = await signedIn('ada@example.org');
  await expect.poll(() => works(access, 'ops'), { timeout: 15_000 }).toBe(403);
  expect(await works(now.access)).toBe(200);
});

test('applying the file again changes nothing for those whom it does not name, and the plan says whom it takes over', async () => {
  proves('sign-in.made-stay', {
    file: 'gateway/store/sql/replace-policy.ts',
    find: "await insert('user', [...rows.users, ...staying]);",
    replace: "await insert('user', rows.users);",
  });
  const { access } = await signedIn('eve@example.org');
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(200);
  await at.deployment.apply({ ...policy, teams: { ...policy.teams, more: { gateways: [] } } });
  await at.deployment.apply(policy);
  expect(await at.deployment.admin('person', 'list')).toContain('eve-example-org');
  const fresh = await signedIn('eve@example.org');
  await expect.poll(() => works(fresh.access), { timeout: 15_000 }).toBe(200);
  expect(await works(access)).toBe(200);
  await at.deployment.apply({ ...policy, users: { ...policy.users, eve: { email: 'Eve@example.org', teams: ['everyone'] } } });
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(401);
  expect(await at.deployment.admin('person', 'list')).not.toContain('eve-example-org');
});

test('who is removed is out at once, with everything of theirs', async () => {
  const { host, access, refresh } = await signedIn('leaver@example.org');
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(200);
  await at.deployment.admin('person', 'remove', 'leaver-example-org');
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(401);
  expect((await host.refresh(refresh)).error).toBe('invalid_grant');
});

test('an account keeps its person whatever its address, and another account with that address is nobody until an administrator says so', async () => {
  proves('sign-in.account-refused', {
    file: 'gateway/sign-in/newcomer.ts',
    find: "if (whose.kind === 'elsewhere') throw",
    replace: "if (whose.kind !== 'elsewhere') return; if (false) throw",
  });
  const { people } = at.identityProvider;
  await signedIn('ada@example.org');
  people.set('ada@example.org', { email: 'lovelace@example.org' });
  const { access } = await signedIn('ada@example.org');
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(200);
  people.set('another ada', { email: 'ada@example.org' });
  await expect(signedIn('another ada')).rejects.toThrow('ACCOUNT_OF_ANOTHER');
  const records = await at.deployment.records(100);
  expect(records).toContainEqual(
    expect.objectContaining({
      event: 'sign_in_refused',
      code: 'ACCOUNT_OF_ANOTHER',
      detail: { identityProvider: 'company', person: 'ada' },
    }),
  );
  expect(records).toContainEqual(
    expect.objectContaining({
      event: 'account_bound',
      detail: expect.objectContaining({ email: 'ada@example.org', subject: 'ada@example.org' }),
    }),
  );
  expect((await at.deployment.adminRaw('person', 'rebind')).stderr).toContain('either one user or an issuer');
  expect((await at.deployment.adminRaw('person', 'rebind', 'adda')).stderr).toContain('Did you mean "ada"');
  expect(await at.deployment.admin('person', 'rebind', 'ada')).toContain('1 account forgotten');
  const now = await signedIn('another ada');
  await expect.poll(() => works(now.access), { timeout: 15_000 }).toBe(200);
  expect(await at.deployment.admin('person', 'rebind', '--issuer', at.identityProvider.issuer)).toMatch(
    /^\d+ accounts? forgotten/,
  );
  people.clear();
});
