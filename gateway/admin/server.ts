// Servers of the policy, and what workstations offer to run of them.
import type { serverOperations } from '#contract/admin-server.ts';
import { Server } from '#contract/admin-server.ts';
import type { PolicyServer } from '#contract/policy.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { decideOffered, listOffered } from './offer.ts';
import { page } from './page.ts';
import { policyNoun } from './policy-noun.ts';

const servers = policyNoun<PolicyServer, Server>({
  what: 'server',
  plural: 'servers',
  values: (policy) => policy.servers,
  put: (policy, values) => ({ ...policy, servers: values }),
  show: (slug, server) => Server.parse({ slug, server }),
  detach(policy, server) {
    const gateways = Object.entries(policy.gateways).map(([name, gateway]) => [
      name,
      { ...gateway, assignments: Object.fromEntries(Object.entries(gateway.assignments).filter(([one]) => one !== server)) },
    ]);
    return { ...policy, gateways: Object.fromEntries(gateways) };
  },
});

export const serverHandlers: HandlersFor<typeof serverOperations> = {
  'servers.check': ({ remote }, { params }) => remote.check(params.server),
  'servers.list': async ({ store }, { query }) => servers.list(await store.filedPolicy(), query),
  'servers.read': async ({ store }, { params }) => servers.read(await store.filedPolicy(), params.server),
  'servers.create': (context, { body: { slug, server } }) => servers.create(context, slug, server),
  'servers.replace': (context, { params, body }) => servers.replace(context, params.server, body),
  async 'servers.remove'(context, { params }) {
    await servers.remove(context, params.server);
    return { done: true };
  },
  async 'offers.list'({ store }, { query }) {
    const key = ({ server, fingerprint, workstation }: { server: string; fingerprint: string; workstation: string }) =>
      `${server} ${fingerprint} ${workstation}`;
    const { items, next } = page(await listOffered(store), query, key);
    return { items: items.map(plain), next };
  },
  'offers.approve': (context, { params, body }) => decide(context, 'approved', params.server, body.fingerprint),
  'offers.deny': (context, { params, body }) => decide(context, 'denied', params.server, body.fingerprint),
};

async function decide(context: AdminContext, decision: 'approved' | 'denied', server: string, fingerprint: string) {
  return plain(await decideOffered({ ...context, decision, server, fingerprint, now: context.now() }));
}

function plain<T extends { readonly hosts: readonly string[] }>(offer: T) {
  return { ...offer, hosts: [...offer.hosts] };
}
