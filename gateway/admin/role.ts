// Roles: those that are always there, of which only the title can be changed, and those of the policy.
import type { Role, roleOperations } from '#contract/admin-role.ts';
import { builtInRoles, isBuiltIn, roleCapabilities } from '#contract/capability.ts';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type { PolicyFile, PolicyRole } from '#contract/policy.ts';
import { refuseMore } from './above.ts';
import type { HandlersFor } from './context.ts';
import { policyNoun } from './policy-noun.ts';

const roles = policyNoun<PolicyRole, Role>({
  what: 'role',
  plural: 'roles',
  values: (policy) => ({ ...Object.fromEntries(Object.keys(builtInRoles).map((name) => [name, {}])), ...policy.roles }),
  put: (policy, values) => ({
    ...policy,
    roles: Object.fromEntries(Object.entries(values).filter(([name, { title }]) => !isBuiltIn(name) || title !== undefined)),
  }),
  show: shownRole,
});

function shownRole(slug: Slug, { title }: PolicyRole, policy: PolicyFile): Role {
  const shown = title ?? (isBuiltIn(slug) ? builtInRoles[slug]?.title : undefined) ?? slug;
  return { slug, title: shown, isBuiltIn: isBuiltIn(slug), capabilities: [...roleCapabilities(policy, slug)] };
}

export const roleHandlers: HandlersFor<typeof roleOperations> = {
  'roles.list': async ({ store }, { query }) => roles.list(await store.filedPolicy(), query),
  'roles.read': async ({ store }, { params }) => roles.read(await store.filedPolicy(), params.role),
  'roles.create': (context, { body: { slug, role } }) => roles.create(context, slug, role),
  async 'roles.replace'(context, { params: { role }, body }) {
    if (isBuiltIn(role) && body.capabilities !== undefined)
      throw unchangeable(role, 'it is built in, and what it grants is fixed. Duplicate it, and change that one.');
    return roles.replace(context, role, isBuiltIn(role) ? body : (before) => ({ capabilities: before.capabilities, ...body }));
  },
  async 'roles.duplicate'(context, { params, body: { slug, title } }) {
    const { capabilities } = roles.read(await context.store.filedPolicy(), params.role);
    refuseMore(context.actor, capabilities);
    return roles.create(context, slug, { ...(title === undefined ? {} : { title }), capabilities }, 'duplicate');
  },
  async 'roles.remove'(context, { params: { role } }) {
    if (isBuiltIn(role)) throw unchangeable(role, 'it is built in.');
    const { policy } = await context.store.policy();
    const having = Object.values(policy.users).filter((user) => user.role === role).length;
    if (having > 0) throw unchangeable(role, `${counted(having, 'user has', 'users have')} it. Give them another one first.`);
    await roles.remove(context, role);
    return { done: true };
  },
};

function unchangeable(name: string, reason: string): Fault {
  return new Fault('UNCHANGEABLE', { what: 'role', name, reason });
}
