// Gateways, and what is assigned to them. Whoever asks sees and changes those that they reach.
import type { gatewayOperations } from '#contract/admin-gateway.ts';
import { Assignment, Gateway } from '#contract/admin-gateway.ts';
import type { Slug } from '#contract/id.ts';
import { type PolicyAssignment, type PolicyFile, PolicyGateway } from '#contract/policy.ts';
import { reaches } from './actor.ts';
import type { HandlersFor } from './context.ts';
import { page } from './page.ts';
import { policyNoun } from './policy-noun.ts';
import { changePolicy } from './policy-part.ts';
import { unknownName } from './suggest.ts';

const gateways = policyNoun({
  what: 'gateway',
  plural: 'gateways',
  values: (policy) => policy.gateways,
  put: (policy, values) => ({ ...policy, gateways: values }),
  show: (slug, { title, capture = 'off', assignments }) =>
    Gateway.parse({
      slug,
      ...(title === undefined ? {} : { title }),
      capture,
      assignments: Object.keys(assignments).toSorted(),
    }),
  detach(policy, gateway) {
    const teams = Object.entries(policy.teams).map(([name, team]) => [
      name,
      { ...team, gateways: team.gateways.filter((one) => one !== gateway) },
    ]);
    return { ...policy, teams: Object.fromEntries(teams) };
  },
});

/** As the policy has it. Throws NAME_UNKNOWN. */
export function existingGateway(policy: PolicyFile, gateway: Slug): PolicyGateway {
  gateways.read(policy, gateway);
  return policy.gateways[gateway] ?? PolicyGateway.parse({});
}

export const gatewayHandlers: HandlersFor<typeof gatewayOperations> = {
  async 'gateways.list'({ store, actor }, { query }) {
    const policy = await store.filedPolicy();
    const reached = Object.entries(policy.gateways).filter(([name]) => reaches(actor, name));
    return gateways.list({ ...policy, gateways: Object.fromEntries(reached) }, query);
  },
  'gateways.read': async ({ store }, { params }) => gateways.read(await store.filedPolicy(), params.gateway),
  'gateways.create': (context, { body: { slug, gateway } }) => gateways.create(context, slug, PolicyGateway.parse(gateway)),
  'gateways.replace': (context, { params, body }) =>
    gateways.replace(context, params.gateway, (before) => retitled(before, body.title)),
  'gateways.capture': (context, { params, body: { capture } }) =>
    gateways.replace(context, params.gateway, (before) => ({ ...before, capture }), 'capture'),
  async 'gateways.remove'(context, { params }) {
    await gateways.remove(context, params.gateway);
    return { done: true };
  },
  async 'assignments.list'({ store }, { params, query }) {
    const policy = await store.filedPolicy();
    const { assignments } = gateways.read(policy, params.gateway);
    const { items, next } = page(assignments, query, (server) => server);
    return { items: items.map((server) => existing(policy, params.gateway, server)), next };
  },
  'assignments.read': async ({ store }, { params }) => existing(await store.filedPolicy(), params.gateway, params.server),
  async 'assignments.put'(context, { params: { gateway, server }, body }) {
    const after = await changeAssignment(context, 'assignments.put', gateway, server, body);
    return existing(after, gateway, server);
  },
  async 'assignments.remove'(context, { params: { gateway, server } }) {
    await changeAssignment(context, 'assignments.remove', gateway, server, undefined);
    return { done: true };
  },
};

/** All else stays. */
function retitled(before: PolicyGateway, title: string | undefined): PolicyGateway {
  const { title: _, ...rest } = before;
  return title === undefined ? rest : { ...rest, title };
}

function changeAssignment(
  context: Parameters<typeof changePolicy>[0],
  operation: string,
  gateway: Slug,
  server: Slug,
  assignment: PolicyAssignment | undefined,
): Promise<PolicyFile> {
  return changePolicy(context, {
    operation,
    target: `${gateway}/${server}`,
    show: (policy) => shownAssignment(policy, gateway, server),
    change(policy) {
      const of = existingGateway(policy, gateway);
      if (assignment === undefined) existing(policy, gateway, server);
      const others = Object.entries(of.assignments).filter(([name]) => name !== server);
      const assignments = Object.fromEntries(assignment ? [...others, [server, assignment]] : others);
      return { ...policy, gateways: { ...policy.gateways, [gateway]: { ...of, assignments } } };
    },
  });
}

function shownAssignment({ gateways: all }: PolicyFile, gateway: Slug, server: Slug): Assignment | null {
  const assignments = new Map(Object.entries(all)).get(gateway)?.assignments ?? {};
  const assignment = new Map(Object.entries(assignments)).get(server);
  return assignment ? Assignment.parse({ gateway, server, assignment }) : null;
}

function existing(policy: PolicyFile, gateway: Slug, server: Slug): Assignment {
  const shown = shownAssignment(policy, gateway, server);
  if (shown) return shown;
  const { assignments } = gateways.read(policy, gateway);
  throw unknownName('assignment', `${gateway}/${server}`, assignments, '`assignments.put` makes one');
}
