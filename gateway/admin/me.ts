// Whoever asks, and personal access tokens. A token that is made by another one can do no more than that one.
import type { meOperations } from '#contract/admin-me.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import { reveal } from '#contract/secret.ts';
import { issueAccessToken, revokeAccessToken, rotateAccessToken, shownAccessToken } from './access-token.ts';
import { refuseMore } from './above.ts';
import { type Actor, capabilitiesOf } from './actor.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { page } from './page.ts';

export const meHandlers: HandlersFor<typeof meOperations> = {
  async 'me.read'({ actor }) {
    const { user, accessToken, gateways } = person(actor);
    const names = [...gateways].toSorted().map((name) => Slug.parse(name));
    return { user, capabilities: [...capabilitiesOf(actor)].toSorted(), gateways: names, accessToken: accessToken.id };
  },
  async 'access-tokens.own'(context, { query }) {
    return page(await shown(context, person(context.actor).user.slug), query, ({ id }) => id);
  },
  async 'access-tokens.create'(context, { body: { title, capabilities, days } }) {
    const { actor, now } = context;
    if (capabilities) refuseMore(actor, capabilities);
    const own = capabilities ?? capabilitiesOf(actor);
    const { user, accessToken: parent } = person(actor);
    const made = await issueAccessToken(context, { user: user.slug, title, capabilities: own, days, parent });
    return { ...shownAccessToken(made.token, now()), token: reveal(made.secret) };
  },
  async 'access-tokens.rotate'(context) {
    const { token, secret } = await rotateAccessToken(context, person(context.actor).accessToken);
    return { ...shownAccessToken(token, context.now()), token: reveal(secret) };
  },
  async 'access-tokens.revoke-own'(context, { params }) {
    await revokeAccessToken(context, 'access-tokens.revoke-own', params.id, person(context.actor).user.slug);
    return { done: true };
  },
  async 'access-tokens.list'(context, { query }) {
    return page(await shown(context), query, ({ id }) => id);
  },
  async 'access-tokens.revoke'(context, { params }) {
    await revokeAccessToken(context, 'access-tokens.revoke', params.id);
    return { done: true };
  },
};

async function shown({ store, now }: AdminContext, of?: string) {
  const all = await store.administration.accessTokens();
  return all.filter(({ user }) => of === undefined || user === of).map((one) => shownAccessToken(one, now()));
}

function person(actor: Actor): Extract<Actor, { kind: 'user' }> {
  if (actor.kind !== 'user') throw new Fault('ACCESS_TOKEN_NEEDED');
  return actor;
}
