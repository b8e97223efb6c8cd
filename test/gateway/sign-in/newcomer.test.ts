// How long what an identity provider said of somebody is believed.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Slug, UserId } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { createNewcomers } from '../../../gateway/sign-in/newcomer.ts';
import { proves } from '../../requirement.ts';
import { openData, twoTeams, type Data } from '../data.ts';

let data: Data;
beforeEach(async () => {
  data = await openData(twoTeams);
});
afterEach(() => data.close());

test('what groups gave ends with the next sign-in after they count for nothing, and tokens are renewed by that sign-in', async () => {
  proves('sign-in.groups-end', {
    file: 'gateway/store/sql/person.ts',
    find: 'if (!gives && before === undefined) return',
    replace: 'if (!gives) return',
  });
  let now = 1000;
  const events = { record: () => Promise.resolve(), recordRefusal: () => Promise.resolve() };
  const { policy, ids } = await data.store.policy();
  const ada = UserId.parse(ids.users['ada']);
  const { email = '', teams: own = [] } = policy.users[Slug.parse('ada')] ?? {};
  const other = Object.keys(policy.teams).find((team) => !own.includes(Slug.parse(team))) ?? '';
  const plain = {
    slug: 'company',
    title: 'Company',
    issuer: 'https://login.example.org',
    clientId: 'drawbridge',
    clientSecret: new Secret('x'),
  };
  const giving = { ...plain, groups: { claim: 'groups', map: { staff: Slug.parse(other) } } };
  const newcomers = createNewcomers({ store: data.store, events, providers: [plain], now: () => now });
  const arrival = {
    provider: 'company',
    issuer: 'https://login.example.org',
    subject: 's',
    email: email.toLowerCase(),
    name: undefined,
    groups: ['staff'],
  };
  const teamsOf = async () => (await data.store.policy()).policy.users[Slug.parse('ada')]?.teams.toSorted();
  await newcomers.welcome(giving, arrival);
  expect(await teamsOf()).toEqual([...own, other].toSorted());
  now += 30 * 3_600_000;
  await newcomers.welcome(plain, arrival);
  expect(await teamsOf()).toEqual([...own].toSorted());
  expect(await newcomers.isFresh(ada)).toBe(true);
});

test('until the stated time after a sign-in, and for nobody whose provider is there no more', async () => {
  proves('sign-in.fresh', {
    file: 'gateway/sign-in/newcomer.ts',
    find: 'return provider !== undefined && now() - last.at <= (provider.signInEveryHours ?? usualHours) * 3_600_000;',
    replace: 'return provider !== undefined;',
  });
  let now = 1000;
  const { policy, ids } = await data.store.policy();
  const ada = UserId.parse(ids.users['ada']);
  const company = {
    slug: 'company',
    title: 'Company',
    issuer: 'https://login.example.org',
    clientId: 'drawbridge',
    clientSecret: new Secret('x'),
    groups: { claim: 'groups', map: { eng: Slug.parse(Object.keys(policy.teams)[0]) } },
    signInEveryHours: 10,
  };
  const events = { record: () => Promise.resolve(), recordRefusal: () => Promise.resolve() };
  const newcomersOf = (providers: readonly (typeof company)[]) =>
    createNewcomers({ store: data.store, events, providers, now: () => now });
  const newcomers = newcomersOf([company]);
  expect(await newcomers.isFresh(ada)).toBe(true);
  const { email = '' } = policy.users[Slug.parse('ada')] ?? {};
  const arrival = {
    provider: 'company',
    issuer: 'https://login.example.org',
    subject: 's',
    email: email.toLowerCase(),
    name: undefined,
    groups: ['eng'],
  };
  expect((await newcomers.welcome(company, arrival)).slug).toBe('ada');
  now += 10 * 3_600_000;
  expect(await newcomers.isFresh(ada)).toBe(true);
  expect(await newcomersOf([]).isFresh(ada)).toBe(false);
  now += 1;
  expect(await newcomers.isFresh(ada)).toBe(false);
});
