// Users of one e-mail address: no policy file with such is applied, whatever else is wrong with it.
import { expect, onTestFinished, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { describeProblem, readPolicy } from '../../../gateway/admin/policy-file.ts';
import { personByEmail } from '../../../gateway/sign-in/person.ts';
import { openData } from '../data.ts';

const problemsOf = (text: string): readonly string[] => {
  const read = readPolicy(text);
  return read.kind === 'policy' ? [] : read.problems.map((problem) => describeProblem('p.yaml', problem));
};

test('a policy in which users have one address, in whatever case, is refused at each of them, also beside other mistakes', () => {
  const text = `version: 1
users:
  ada: { email: ada@example.org }
  bob: { email: bob@example.org }
  eve: { email: Ada@Example.org }
  gus: { email: ADA@example.org, nick: g }
  bot: { kind: service, secretHash: 'sha256:${'0'.repeat(64)}' }
  box: { kind: service, secretHash: 'sha256:${'1'.repeat(64)}' }
`;
  const says = (name: string) => `the user "${name}" has this address too, and who signs in with it would be refused`;
  const found = [
    `p.yaml:3:17: users.ada.email: ${says('eve')}`,
    `p.yaml:5:17: users.eve.email: ${says('ada')}`,
    `p.yaml:6:17: users.gus.email: ${says('ada')}`,
  ];
  expect(problemsOf(text.replace(', nick: g', ''))).toEqual(found);
  expect(problemsOf(text)).toEqual([...found, expect.stringMatching(/^p\.yaml:6:34: users\.gus\.nick: unknown key/)]);
});

test('a policy that has such from before is read as it is, and lets in none of them', async () => {
  const users = { ada: { email: 'ada@example.org' }, eve: { email: 'Ada@Example.org' }, bob: { email: 'bob@example.org' } };
  const { store, close } = await openData(PolicyFile.parse({ version: 1, users }));
  onTestFinished(close);
  expect(Object.keys((await store.policy()).policy.users).toSorted()).toEqual(['ada', 'bob', 'eve']);
  const refused = { code: 'SIGN_IN_REFUSED', message: expect.stringContaining('several users of this gateway have') };
  await expect(personByEmail(store, { email: 'ada@example.org' })).rejects.toMatchObject(refused);
  expect((await personByEmail(store, { email: 'bob@example.org' })).slug).toBe('bob');
});
