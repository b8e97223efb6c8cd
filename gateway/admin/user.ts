// Users: those of the policy, which can be changed in all they are, and those whom a sign-in or a directory made, who get a role here and nothing else.
import type { userOperations } from '#contract/admin-user.ts';
import { User } from '#contract/admin-user.ts';
import { member } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { PolicyFile, PolicyUser } from '#contract/policy.ts';
import type { StoredUser } from '../store/administration.ts';
import { refuseBeing, refuseOver, refuseRole } from './above.ts';
import { type AdminContext, doing, type HandlersFor } from './context.ts';
import { offboard, takeBack } from './offboard.ts';
import { rebind, removeMadePerson } from './person.ts';
import { makeCursor, readCursor } from './page.ts';
import { changePolicy, refuseStale } from './policy-part.ts';
import { unknownName } from './suggest.ts';

export const userHandlers: HandlersFor<typeof userOperations> = {
  async 'users.list'({ store }, { query }) {
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
    // One more than is shown tells whether there are more.
    const found = await store.administration.users({ after, limit: query.limit + 1, search: query.search });
    const shown = found.slice(0, query.limit);
    const last = shown.at(-1);
    return { items: shown.map(userOf), next: last && found.length > query.limit ? makeCursor(last.slug) : null };
  },
  async 'users.read'({ store }, { params }) {
    return existing(store, params.user);
  },
  async 'users.create'(context, { body: { slug, user } }) {
    const known = await find(context.store, slug);
    await changePolicy(context, {
      operation: 'users.create',
      target: slug,
      show: (policy) => filedUser(policy, slug),
      change(policy) {
        if (known || Object.hasOwn(policy.users, slug)) throw new Fault('NAME_TAKEN', { what: 'user', name: slug });
        return withUser(policy, slug, user);
      },
    });
    return existing(context.store, slug);
  },
  async 'users.replace'(context, { params, body }) {
    const known = await existing(context.store, params.user);
    refuseMade(known);
    await changePolicy(context, {
      operation: 'users.replace',
      target: params.user,
      show: (policy) => filedUser(policy, params.user),
      change: (policy) => withUser(policy, params.user, body),
    });
    return existing(context.store, params.user);
  },
  async 'users.set-role'(context, { params, body }) {
    const known = await existing(context.store, params.user);
    if (known.madeBy === null) await setFiledRole(context, params.user, body.role);
    else await setMadeRole(context, known, body.role);
    return existing(context.store, params.user);
  },
  async 'users.remove'(context, { params }) {
    const { store, now } = context;
    const known = await existing(store, params.user);
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
    await refuseAs(context, params.user);
    await removeMadePerson(context, known.slug, now());
    return { done: true };
  },
  async 'users.rebind'(context, { params }) {
    await existing(context.store, params.user);
    await refuseAs(context, params.user);
    return { forgotten: await rebind(context, { slug: params.user, issuer: undefined }, context.now()) };
  },
  async 'users.offboard'(context, { params }) {
    const { store, actor } = context;
    const known = await existing(store, params.user);
    refuseOver(actor, await store.filedPolicy(), known.role);
    return await offboard({ ...context, removeIdentity: context.remote.removeIdentity }, known);
  },
  async 'users.take-back'(context, { params }) {
    const known = await existing(context.store, params.user);
    // Whoever comes back reaches what their teams grant.
    await refuseAs(context, params.user);
    await takeBack(context, known.slug);
    return existing(context.store, params.user);
  },
};

/** Whoever takes somebody away, or lets them in again, does so with all that they have: also what groups of a directory give them. */
async function refuseAs({ store, actor }: AdminContext, slug: Slug): Promise<void> {
  const { role, teams = [], groupTeams = [] } = (await store.administration.user(slug)) ?? {};
  refuseBeing(actor, await store.filedPolicy(), { role, teams: [...teams, ...groupTeams] });
}

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
  await to.administration.setPersonRole(known.slug, role, known.role);
}

function refuseMade({ slug, madeBy }: User): void {
  if (madeBy === null) return;
  const reason = `"${madeBy}" made this user and says who they are. Their role can be set here, and a policy file may name them.`;
  throw new Fault('UNCHANGEABLE', { what: 'user', name: slug, reason });
}

async function find({ administration }: AdminContext['store'], slug: Slug): Promise<User | undefined> {
  const found = await administration.user(slug);
  return found && userOf(found);
}

function userOf({ service, teams, groupTeams, role, title, email, ...of }: StoredUser): User {
  const proof: unknown = service === undefined ? {} : JSON.parse(service);
  return User.parse({
    ...of,
    ...(title === undefined ? {} : { title }),
    ...(email === undefined ? {} : { email }),
    kind: service === undefined ? 'person' : 'service',
    role: role ?? member,
    teams: [...new Set(of.madeBy === null ? teams : [...teams, ...groupTeams])],
    ...(proof instanceof Object ? proof : {}),
  });
}

/** Rejects with NAME_UNKNOWN, and says which one may be meant. */
async function existing(store: AdminContext['store'], slug: Slug): Promise<User> {
  const found = await find(store, slug);
  if (found) return found;
  throw unknownName('user', slug, Object.keys((await store.policy()).policy.users), '`users.create` adds one');
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

function gone(slug: string): Fault {
  return unknownName('user', slug, [], 'they were removed meanwhile');
}
