// Service accounts: programs that sign in by themselves (OAuth client credentials, MCP's extension io.modelcontextprotocol/oauth-client-credentials), each a user
// of the policy. Nobody consents for them: the policy is what lets them in, and what they reach is what their teams grant.
import { errors } from 'oidc-provider';
import { ConnectionId, newId, type Slug } from '#contract/id.ts';
import type { PolicyUser } from '#contract/policy.ts';
import { addressOfResource } from '../mcp/address.ts';
import type { Connection } from '../store/sign-in.ts';
import type { Store } from '../store/store.ts';
import { type ClientMetadata, provenBy } from './client.ts';
import { connectionDetail, type SignInEvents } from './event.ts';
import { type Person, personBySlug } from './person.ts';

export interface Services {
  /** The client that a service account is; undefined where the policy has none of this id. */
  find(clientId: string): Promise<ClientMetadata | undefined>;
  /** Records that a token is issued, and gives the connection that it stands for. Rejects with what oidc-provider answers as invalid_target or invalid_client. */
  connect(clientId: string, resource: unknown): Promise<Connection>;
}

const prefix = 'service.';
/** Where the connection of one would return to: nowhere. */
const place = 'client_credentials';

export function createServices(deps: { store: Store; publicOrigin: string; events: SignInEvents; now: () => number }): Services {
  const { store, publicOrigin, events, now } = deps;

  async function accountOf(clientId: string): Promise<{ slug: string; user: PolicyUser } | undefined> {
    if (!clientId.startsWith(prefix)) return undefined;
    const slug = clientId.slice(prefix.length);
    const { users } = (await store.policy({ by: 'slug', is: slug })).policy;
    const user = new Map<string, PolicyUser>(Object.entries(users)).get(slug);
    return user?.kind === 'service' ? { slug, user } : undefined;
  }

  return {
    async find(clientId) {
      const account = await accountOf(clientId);
      if (!account) return undefined;
      return {
        client_id: clientId,
        client_name: account.user.title ?? account.slug,
        redirect_uris: [],
        application_type: 'native',
        grant_types: ['client_credentials'],
        response_types: [],
        ...provenBy(account.user),
      };
    },
    async connect(clientId, resource) {
      const account = await accountOf(clientId);
      const person = account && (await personBySlug(store, account.slug));
      if (!person) throw new errors.InvalidClient('there is no such service account any more');
      const gateway = gatewayOf(person, typeof resource === 'string' ? resource : '');
      const of = { client: clientId, user: person.id, gateway, redirect: place };
      const known = await store.signIn.connectionOf(of);
      const at = now();
      const connection: Connection = known ?? {
        id: ConnectionId.parse(newId(at)),
        client: clientId,
        host: clientId,
        title: account.user.title ?? account.slug,
        redirect: place,
        user: { id: person.id, slug: person.slug },
        gateway,
        createdAt: at,
        revokedAt: null,
      };
      const user = { id: person.id, name: person.slug };
      await events.record({ event: 'service_token_issued', user, detail: connectionDetail(connection) });
      if (!known) await store.signIn.addConnection(connection);
      return connection;
    },
  };

  /** The gateway of the resource; at `/mcp` there is nobody who could choose, so it has to be the only one. */
  function gatewayOf({ gateways, slug }: Person, resource: string): Slug {
    const address = addressOfResource(publicOrigin, resource);
    const choices = gateways.filter((one) => address?.gateway === undefined || one.slug === address.gateway);
    const [only] = choices;
    if (!address || !only) throw new errors.InvalidTarget(`no team of "${slug}" grants a gateway at this resource`);
    if (choices.length > 1)
      throw new errors.InvalidTarget(`"${slug}" may enter several gateways: name one, as in /g/<gateway>/mcp`);
    return only.slug;
  }
}
