// Users whom a sign-in or a directory made, how they go, and by which account there anybody comes. The next sign-in would make them anew.
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

/** With what is theirs. Rejects with NAME_UNKNOWN, LAST_SUPER_ADMIN. */
export async function removeMadePerson(acting: Acting, slug: string, now: number): Promise<void> {
  const [people, { policy }] = await Promise.all([acting.store.signIn.madePeople(), acting.store.policy()]);
  const found = people.find((one) => one.slug === slug);
  const { teams = [], role = null } = (found && policy.users[found.slug]) ?? {};
  const before = found && { slug: found.slug, email: found.email, madeBy: found.provider, teams, role };
  const to = doing(acting, now, { operation: 'users.remove', target: slug, before, after: null });
  const known = people.map((one) => one.slug);
  if (!(await to.signIn.removePerson(slug, now)))
    throw unknownName('person', slug, known, 'users of the policy file leave with it');
}

/** Forgets by which account at an identity provider one user comes, or all who come by an issuer; how many. Rejects with NAME_UNKNOWN. */
export async function rebind(
  acting: Acting,
  { slug, issuer }: { readonly slug: string | undefined; readonly issuer: string | undefined },
  now: number,
): Promise<number> {
  const of = { operation: 'users.rebind', target: slug ?? issuer ?? null, before: null, after: null };
  if (issuer === undefined) {
    const { users } = (await acting.store.policy()).policy;
    if (slug === undefined || !Object.hasOwn(users, slug))
      throw unknownName('user', slug ?? '', Object.keys(users), 'name one in the policy file');
  }
  const { signIn, administration } = doing(acting, now, of);
  await administration.noteDeed();
  return issuer === undefined ? signIn.unbind({ slug: slug ?? '' }) : signIn.unbind({ issuer });
}
