// What a remote server wants of who calls it, found out at the server itself: asked without any identity it either answers (open), or refuses and says where
// to sign in (OAuth), or refuses and says nothing of that (a token that somebody gives by hand). Rule: a sign-in is possible only where PKCE with S256 is.
import type { Challenge } from '../mcp/challenge.ts';
import { bearerChallengeIn } from '../mcp/challenge.ts';
import { readWhole } from '../egress/read.ts';
import { type AuthorizationServer, failed, type Reading, readAuthorizationServer, readResource, withinMs } from './metadata.ts';
import type { RemotePlace } from './place.ts';

export interface SignInAt {
  readonly server: AuthorizationServer;
  /** What tokens are asked for (RFC 8707). */
  readonly resource: string;
  /** What the server asks for, separated by spaces. */
  readonly scope: string | undefined;
}
export type Wants = { readonly kind: 'open' | 'header' } | ({ readonly kind: 'oauth' } & SignInAt);

export interface Discovery {
  /** Asks the server anew. Rejects with a Fault: UPSTREAM_SIGN_IN_FAILED, EGRESS_FORBIDDEN, UPSTREAM_UNREACHABLE … */
  wantsOf(place: RemotePlace): Promise<Wants>;
  /** The authorization server behind an issuer, remembered for ten minutes. Rejects as above. */
  authorizationServer(place: RemotePlace, issuer: string): Promise<AuthorizationServer>;
}

const rememberMs = 600_000;
const rememberAtMost = 1000;
const limitBytes = 1024 * 1024;
/** Harmless, and understood by servers of the newest revision; an older one refuses it, which says as much. */
const question = Buffer.from(
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'server/discover',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'drawbridge-gateway', version: '0.1.0' },
      },
    },
  }),
);

export function createDiscovery({ egress, now }: Pick<Reading, 'egress'> & { now: () => number }): Discovery {
  const known = new Map<string, { readonly server: AuthorizationServer; readonly until: number }>();

  async function ask(place: RemotePlace): Promise<{ status: number; challenge: Challenge | undefined }> {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-method': 'server/discover',
      'mcp-protocol-version': '2026-07-28',
    };
    const url = new URL(place.url);
    const request = { ...place.out, url, method: 'POST', headers, body: question, limitBytes } as const;
    const { status, header } = await readWhole(egress, request, withinMs);
    return { status, challenge: bearerChallengeIn(header('www-authenticate')) };
  }

  async function readServer(place: RemotePlace, issuer: string): Promise<AuthorizationServer | undefined> {
    const found = await readAuthorizationServer({ egress, place }, issuer);
    if (!found) return undefined;
    if (!found.code_challenge_methods_supported?.includes('S256'))
      throw failed({ place }, 'its authorization server does not offer PKCE with S256, without which a sign-in is not safe');
    const oldest = known.size >= rememberAtMost ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    known.set(keyOf(place, issuer), { server: found, until: now() + rememberMs });
    return found;
  }

  async function readServerOf(place: RemotePlace, issuer: string): Promise<AuthorizationServer> {
    const found = await readServer(place, issuer);
    if (!found) throw failed({ place }, 'its authorization server publishes no metadata');
    return found;
  }

  return {
    async wantsOf(place) {
      const { status, challenge } = await ask(place);
      if (status !== 401) return { kind: status === 403 ? 'header' : 'open' };
      const resource = await readResource({ egress, place }, challenge?.resourceMetadata);
      const settled = place.oauth?.issuer;
      if (!resource) {
        // A server of 2025-03-26 is its own authorization server, and publishes no metadata of a resource.
        const issuer = settled ?? place.origin;
        const server = await readServer(place, issuer);
        return server ? { kind: 'oauth', server, resource: place.url, scope: challenge?.scope } : { kind: 'header' };
      }
      const issuers = resource.authorization_servers;
      const issuer = settled === undefined ? issuers[0] : issuers.find((one) => one === settled);
      if (issuer === undefined) throw failed({ place }, 'it names another authorization server than the policy does');
      const server = await readServerOf(place, issuer);
      return {
        kind: 'oauth',
        server,
        resource: resource.resource,
        scope: challenge?.scope ?? resource.scopes_supported?.join(' '),
      };
    },
    async authorizationServer(place, issuer) {
      const found = known.get(keyOf(place, issuer));
      return found && found.until > now() ? found.server : readServerOf(place, issuer);
    },
  };
}

const keyOf = ({ out }: RemotePlace, issuer: string): string => JSON.stringify([issuer, out]);
