// Users: those of the policy, which can be changed in all they are, and those whom a sign-in or a directory made, who get a role here and nothing else.
import type { userOperations } from '#contract/admin-user.ts';
import { User } from '#contract/admin-user.ts';
import { member, roleCapabilities } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { PolicyFile, PolicyUser } from '#contract/policy.ts';
import { refuseMore, refuseRole } from './above.ts';
import { type AdminContext, doing, type HandlersFor } from './context.ts';
import { removeMadePerson } from './person.ts';
import { page } from './page.ts';
import { changePolicy, refuseStale } from './policy-part.ts';
import { unknownName } from './suggest.ts';

export const userHandlers: HandlersFor<typeof userOperations> = {
  async 'users.list'({ store }, { query }) {
    const all = await everybody(store);
    return page([...all.values()], query, ({ slug }) => slug);
  },
  async 'users.read'({ store }, { params }) {
    return existing(await everybody(store), params.user);
  },
  async 'users.create'(context, { body: { slug, user } }) {
    const known = await everybody(context.store);
    await changePolicy(context, {
      operation: 'users.create',
      target: slug,
      show: (policy) => filedUser(policy, slug),
      change(policy) {
        if (known.has(slug) || Object.hasOwn(policy.users, slug)) throw new Fault('NAME_TAKEN', { what: 'user', name: slug });
        return withUser(policy, slug, user);
      },
    });
    return existing(await everybody(context.store), slug);
  },
  async 'users.replace'(context, { params, body }) {
    const known = existing(await everybody(context.store), params.user);
    refuseMade(known);
    await changePolicy(context, {
      operation: 'users.replace',
      target: params.user,
      show: (policy) => filedUser(policy, params.user),
      change: (policy) => withUser(policy, params.user, body),
    });
    return existing(await everybody(context.store), params.user);
  },
  async 'users.set-role'(context, { params, body }) {
    const known = existing(await everybody(context.store), params.user);
    if (known.madeBy === null) await setFiledRole(context, params.user, body.role);
    else await setMadeRole(context, known, body.role);
    return existing(await everybody(context.store), params.user);
  },
  async 'users.remove'(context, { params }) {
    const { store, actor, now } = context;
    const known = existing(await everybody(store), params.user);
    if (known.madeBy === null) {
      await changePolicy(context, {
        operation: 'users.remove',
        target: params.user,
        show: (policy) => filedUser(policy, params.user),
        change: (policy) => withUser(policy, params.user, undefined),
      });
      return { done: true };
    }
    refuseStale(context, known);
    if (known.role !== member) refuseMore(actor, roleCapabilities(await store.filedPolicy(), known.role));
    await removeMadePerson(context, known.slug, now());
    return { done: true };
  },
};

function withUser(policy: PolicyFile, slug: Slug, user: PolicyUser | undefined): PolicyFile {
  const others = Object.entries(policy.users).filter(([name]) => name !== slug);
  return { ...policy, users: Object.fromEntries(user ? [...others, [slug, user]] : others) };
}

async function setFiledRole(context: AdminContext, slug: Slug, role: Slug): Promise<void> {
  await changePolicy(context, {
    operation: 'users.set-role',
    target: slug,
    show: (policy) => filedUser(policy, slug),
    change(policy) {
      const known = Object.hasOwn(policy.users, slug) ? policy.users[slug] : undefined;
      if (!known) throw gone(slug);
      const { role: _, ...others } = known;
      return withUser(policy, slug, role === member ? others : { ...others, role });
    },
  });
}

async function setMadeRole(context: AdminContext, known: User, role: Slug): Promise<void> {
  const policy = await context.store.filedPolicy();
  refuseStale(context, known);
  refuseRole(context.actor, [policy, known], [policy, { role }]);
  const after = told({ ...known, role });
  const to = doing(context, context.now(), { operation: 'users.set-role', target: known.slug, before: told(known), after });
  // False also where it is that role already.
  await to.administration.setPersonRole(known.slug, role);
}

function refuseMade({ slug, madeBy }: User): void {
  if (madeBy === null) return;
  const reason = `"${madeBy}" made this user and says who they are. Their role can be set here, and a policy file may name them.`;
  throw new Fault('UNCHANGEABLE', { what: 'user', name: slug, reason });
}

async function everybody(store: AdminContext['store']): Promise<ReadonlyMap<string, User>> {
  const [{ policy }, filed, made] = await Promise.all([store.policy(), store.filedPolicy(), store.signIn.madePeople()]);
  const madeBy = new Map<string, string>(made.map(({ slug, provider }) => [slug, provider]));
  return new Map(
    Object.entries(policy.users).map(([slug, user]) => {
      const by = madeBy.get(slug) ?? null;
      return [
        slug,
        shownUser(Slug.parse(slug), (by === null ? new Map(Object.entries(filed.users)).get(slug) : user) ?? user, by),
      ];
    }),
  );
}

function filedUser({ users }: PolicyFile, slug: Slug): User | null {
  const user = Object.hasOwn(users, slug) ? users[slug] : undefined;
  return user ? shownUser(slug, user, null) : null;
}

function shownUser(slug: Slug, { kind = 'person', role = Slug.parse(member), ...user }: PolicyUser, madeBy: string | null): User {
  return User.parse({ slug, kind, role, madeBy, ...user });
}

/** As records may have it. */
function told(user: User): { [key: string]: string | null | string[] } {
  return { slug: user.slug, email: user.email ?? null, teams: user.teams, role: user.role, madeBy: user.madeBy };
}

function existing(all: ReadonlyMap<string, User>, slug: Slug): User {
  const user = all.get(slug);
  if (!user) throw unknownName('user', slug, [...all.keys()], '`users.create` adds one');
  return user;
}

function gone(slug: string): Fault {
  return unknownName('user', slug, [], 'they were removed meanwhile');
}
