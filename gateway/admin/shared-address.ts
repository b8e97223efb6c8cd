// Users of a policy who have one e-mail address. Who comes with it is neither of them (SIGN_IN_REFUSED), so no policy with such is applied; one that was before
// there was this rule stays in force, and `rollout check` says so. The rule: addresses are the same here where they are to a sign-in, so without their case.
import type { PolicyFile } from '#contract/policy.ts';
import type { Finding } from './policy-check.ts';

/** Each at least two, in the order of the policy. */
export function sharedAddresses({ users }: Pick<PolicyFile, 'users'>): readonly (readonly string[])[] {
  const people = Object.entries(users).flatMap(([slug, { email }]) => (email === undefined ? [] : [{ slug, email }]));
  const byAddress = Map.groupBy(people, ({ email }) => email.toLowerCase());
  return [...byAddress.values()].filter(({ length }) => length > 1).map((all) => all.map(({ slug }) => slug));
}

/** Each of them at its own place. */
export function addressesIn(policy: Pick<PolicyFile, 'users'>): readonly Finding[] {
  return sharedAddresses(policy).flatMap(([first = '', second = '', ...rest]) =>
    [first, second, ...rest].map((slug) => ({
      path: ['users', slug, 'email'],
      at: 'value',
      message: `the user "${slug === first ? second : first}" has this address too, and who signs in with it would be refused`,
    })),
  );
}
