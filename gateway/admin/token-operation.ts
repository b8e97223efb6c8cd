// Tokens of hosts, agents and enrollments by the admin API. Who makes one for somebody acts as that one with it: nobody does so for somebody with more than they
// have themselves, nor at a gateway that they don't reach.
import type { tokenOperations } from '#contract/admin-token.ts';
import { HeldToken } from '#contract/admin-token.ts';
import { hosts } from '#contract/host-table.ts';
import type { PolicyFile, PolicyUser } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import type { Token } from '../store/store.ts';
import { refuseBeing, refuseOver } from './above.ts';
import { needGateway, reaches } from './actor.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { page } from './page.ts';
import { issueEnrollToken, issueHostToken, revokeToken, type Issued } from './token.ts';
import { stateOf } from './token-state.ts';

export const tokenHandlers: HandlersFor<typeof tokenOperations> = {
  async 'tokens.list'({ store, actor, now }, { query }) {
    const all = (await store.tokens()).filter((token) => token.kind === 'enroll' || reaches(actor, token.gateway));
    return page(
      all.map((token) => shown(token, now())),
      query,
      ({ id }) => id,
    );
  },
  async 'tokens.host'(context, { body }) {
    needGateway(context.actor, body.gateway);
    await refuseAs(context, body.user);
    const knownHosts = hosts.map(({ id }) => id);
    const { ttlSeconds, ...of } = body;
    const made = await issueHostToken({ ...context, ...of, knownHosts, ttlMs: ttlSeconds * 1000, now: context.now() });
    return issued(made, context.now());
  },
  async 'tokens.agent'(context, { body }) {
    needGateway(context.actor, body.gateway);
    await refuseAs(context, body.user);
    const { ttlSeconds, ...of } = body;
    const made = await issueHostToken({ ...context, ...of, knownHosts: [], ttlMs: ttlSeconds * 1000, now: context.now() });
    return issued(made, context.now());
  },
  async 'tokens.enroll'(context, { body: { user, ttlSeconds } }) {
    // Hosts on that workstation call at every gateway that its user reaches.
    const policy = await inForce(context);
    const of = userOf(policy, user);
    if (of) refuseBeing(context.actor, policy, of);
    const made = await issueEnrollToken({ ...context, user, ttlMs: ttlSeconds * 1000, now: context.now() });
    return issued(made, context.now());
  },
  async 'tokens.revoke'(context, { params }) {
    const found = (await context.store.tokens()).find(({ id }) => id === params.id);
    if (found && found.kind !== 'enroll') needGateway(context.actor, found.gateway);
    await revokeToken(context, params.id, context.now());
    return { done: true };
  },
};

async function refuseAs(context: AdminContext, user: string): Promise<void> {
  const policy = await inForce(context);
  refuseOver(context.actor, policy, userOf(policy, user)?.role);
}

const inForce = async ({ store }: AdminContext): Promise<PolicyFile> => (await store.policy()).policy;
const userOf = ({ users }: PolicyFile, name: string): PolicyUser | undefined => new Map(Object.entries(users)).get(name);

function shown(token: Token, now: number): HeldToken {
  const { id, kind, user, createdAt, expiresAt } = token;
  const place = token.kind === 'enroll' ? { gateway: null, host: null } : { gateway: token.gateway, host: token.host };
  return HeldToken.parse({ id, kind, user, ...place, createdAt, expiresAt, state: stateOf(token, now) });
}

function issued({ token, secret, warnings }: Issued, now: number) {
  return { ...shown(token, now), token: reveal(secret), warnings: [...warnings] };
}
