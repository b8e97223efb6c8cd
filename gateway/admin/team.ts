// Teams: which gateways they grant, and who of the policy is in them.
import type { teamOperations } from '#contract/admin-team.ts';
import { Team } from '#contract/admin-team.ts';
import type { Slug } from '#contract/id.ts';
import type { PolicyFile, PolicyUser } from '#contract/policy.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { policyNoun } from './policy-noun.ts';
import { changePolicy } from './policy-part.ts';
import { unknownName } from './suggest.ts';

const teams = policyNoun({
  what: 'team',
  plural: 'teams',
  values: (policy) => policy.teams,
  put: (policy, values) => ({ ...policy, teams: values }),
  show: (slug, team) => Team.parse({ slug, ...team }),
  detach(policy, team) {
    const users = Object.entries(policy.users).map(([name, user]) => [name, without(user, team)]);
    return { ...policy, users: Object.fromEntries(users) };
  },
});

export const teamHandlers: HandlersFor<typeof teamOperations> = {
  'teams.list': async ({ store }, { query }) => teams.list(await store.filedPolicy(), query),
  'teams.read': async ({ store }, { params }) => teams.read(await store.filedPolicy(), params.team),
  'teams.create': (context, { body: { slug, team } }) => teams.create(context, slug, team),
  'teams.replace': (context, { params, body }) => teams.replace(context, params.team, body),
  async 'teams.remove'(context, { params }) {
    await teams.remove(context, params.team);
    return { done: true };
  },
  async 'teams.add-user'(context, { params: { team, user } }) {
    await changeUser(context, 'teams.add-user', team, user, (of) =>
      of.teams.includes(team) ? of : { ...of, teams: [...of.teams, team] },
    );
    return { done: true };
  },
  async 'teams.remove-user'(context, { params: { team, user } }) {
    await changeUser(context, 'teams.remove-user', team, user, (of) => without(of, team));
    return { done: true };
  },
};

async function changeUser(
  context: AdminContext,
  operation: string,
  team: Slug,
  user: Slug,
  change: (user: PolicyUser) => PolicyUser,
): Promise<void> {
  const userOf = ({ users }: PolicyFile) => (Object.hasOwn(users, user) ? users[user] : undefined);
  await changePolicy(context, {
    operation,
    target: `${team}/${user}`,
    show: (policy) => userOf(policy)?.teams ?? null,
    change(policy) {
      teams.read(policy, team);
      const known = userOf(policy);
      if (!known) throw unknownName('user', user, Object.keys(policy.users), '`users.create` adds one');
      return { ...policy, users: { ...policy.users, [user]: change(known) } };
    },
  });
}

function without(user: PolicyUser, team: Slug): PolicyUser {
  return { ...user, teams: user.teams.filter((name) => name !== team) };
}
