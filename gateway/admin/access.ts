// What got access, by the admin API: workstations, AI hosts, connections, identities at remote servers.
import type { accessOperations } from '#contract/admin-access.ts';
import { proofOfHost } from '#contract/host-identity.ts';
import { Secret } from '#contract/secret.ts';
import { needGateway, reaches } from './actor.ts';
import { revokeConnection } from './connection.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { decideHost, hostMode, setHostMode } from './host.ts';
import {
  clientPlace,
  linkIdentity,
  listIdentities,
  removableIdentity,
  removing,
  setClientSecret,
  setIdentity,
} from './identity.ts';
import { page } from './page.ts';
import { unknownName } from './suggest.ts';
import { revokeWorkstation, standingWorkstations } from './workstation.ts';

export const accessHandlers: HandlersFor<typeof accessOperations> = {
  'workstations.list': async ({ store, now }, { query }) => page(await standingWorkstations(store, now()), query, ({ id }) => id),
  async 'workstations.revoke'(context, { params }) {
    await revokeWorkstation(context, params.id, context.now());
    return { done: true };
  },
  async 'hosts.list'({ store }, { query }) {
    const all = (await store.hosts()).map((host) => ({ ...host, proof: proofOfHost(host.id) }));
    return page(all, query, ({ id }) => id);
  },
  async 'hosts.uses'({ store, actor }, { query }) {
    const seen = (await store.hostUses(query.host)).filter(({ gateway }) => reaches(actor, gateway));
    return page(seen, query, ({ user, gateway }) => `${user} ${gateway}`);
  },
  'hosts.mode': async ({ store }) => hostMode(await store.filedPolicy()),
  'hosts.set-mode': (context, { body }) => setHostMode(context, body.mode),
  'hosts.allow': (context, { body }) => decide(context, body.host, 'allowed'),
  'hosts.block': (context, { body }) => decide(context, body.host, 'blocked'),
  async 'connections.list'({ store, actor }, { query }) {
    const all = (await store.signIn.connections()).filter(({ gateway }) => reaches(actor, gateway));
    return page(
      all.map((one) => ({ ...one, user: one.user.slug })),
      query,
      ({ id }) => id,
    );
  },
  async 'connections.revoke'(context, { params }) {
    const found = (await context.store.signIn.connections()).find(({ id }) => id === params.id);
    if (found) needGateway(context.actor, found.gateway);
    await revokeConnection(context, params.id, context.now());
    return { done: true };
  },
  async 'identities.list'({ store, keys, actor }, { query }) {
    const all = await listIdentities({ store, keys });
    return page(
      all.filter(({ gateway }) => gateway === null || reaches(actor, gateway)),
      query,
      ({ id }) => id,
    );
  },
  async 'identities.set'(context, { body: { server, user, gateway, value } }) {
    if (gateway !== undefined) needGateway(context.actor, gateway);
    const set = await setIdentity({ ...context, server, user, gateway, value: new Secret(value), now: context.now() });
    return { ...set.identity, warnings: [...set.warnings] };
  },
  async 'identities.set-client'(context, { params: { server }, body }) {
    const place = clientPlace(await context.store.policy(), server);
    await setClientSecret({ ...context, ...place, value: new Secret(body.value), now: context.now() });
    return { server, issuer: place.place.origin };
  },
  async 'identities.link'(context, { params, body: { gateway, ttlSeconds } }) {
    if (gateway !== undefined) needGateway(context.actor, gateway);
    const now = context.now();
    return linkIdentity({ ...context, ...params, gateway, now, expiresAt: now + ttlSeconds * 1000, link: context.remote.link });
  },
  async 'identities.remove'(context, { params }) {
    const id = await removableIdentity(context.store, params.id);
    const found = await context.store.identityById(id);
    if (found?.gateway) needGateway(context.actor, found.gateway.slug);
    const removal = await context.remote.removeIdentity(await removing(context, id, context.now()), id);
    if (removal === undefined) throw unknownName('identity', id, [], 'it was removed meanwhile');
    return { isRevoked: removal === 'revoked' };
  },
};

async function decide(context: AdminContext, host: string, state: 'allowed' | 'blocked') {
  await decideHost(context, host, state, context.now());
  return { host, state };
}
