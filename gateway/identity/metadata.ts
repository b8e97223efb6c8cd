// What servers publish of how to sign in to them: the metadata of a protected resource (RFC 9728) and of an authorization server (RFC 8414, OpenID Connect
// Discovery). Rule: a document counts only where it names the very thing that it was asked for.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { isLoopback } from '#contract/gateway-origin.ts';
import type { Egress } from '../egress/egress.ts';
import { readWhole } from '../egress/read.ts';
import type { RemotePlace } from './place.ts';

const limitBytes = 256 * 1024;
export const withinMs = 10_000;
const text = z.string().max(2048);
const texts = z.array(z.string().max(300)).max(200);

/** https; plain http on loopback only, which the guard for addresses holds to as well. */
const Endpoint = text.refine((address) => {
  const url = URL.parse(address);
  return (
    url !== null &&
    !url.username &&
    !url.password &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  );
});

const Resource = z.object({
  resource: text,
  authorization_servers: z.array(Endpoint).min(1).max(20),
  scopes_supported: texts.optional().catch(undefined),
});
export type Resource = z.infer<typeof Resource>;

const AuthorizationServer = z.object({
  issuer: Endpoint,
  authorization_endpoint: Endpoint,
  token_endpoint: Endpoint,
  registration_endpoint: Endpoint.optional(),
  revocation_endpoint: Endpoint.optional(),
  scopes_supported: texts.optional().catch(undefined),
  code_challenge_methods_supported: texts.optional().catch(undefined),
  token_endpoint_auth_methods_supported: texts.optional().catch(undefined),
  authorization_response_iss_parameter_supported: z.boolean().optional().catch(undefined),
  client_id_metadata_document_supported: z.boolean().optional().catch(undefined),
});
export type AuthorizationServer = z.infer<typeof AuthorizationServer>;

export interface Reading {
  readonly egress: Pick<Egress, 'send'>;
  readonly place: RemotePlace;
}

/** The metadata of the server at `place`; undefined where it publishes none. `named`: where its challenge says that it lies. Rejects with a Fault. */
export async function readResource(of: Reading, named: string | undefined): Promise<Resource | undefined> {
  const { url } = of.place;
  const { origin, pathname } = new URL(url);
  const path = pathname === '/' ? '' : pathname;
  const usual = [`${origin}/.well-known/oauth-protected-resource${path}`, `${origin}/.well-known/oauth-protected-resource`];
  for (const address of named === undefined ? new Set(usual) : [named]) {
    const found = Resource.safeParse(await readJson(of, address));
    if (!found.success) continue;
    if (!covers(found.data.resource, url)) throw failed(of, 'its metadata is about another resource');
    return found.data;
  }
  if (named !== undefined) throw failed(of, 'the metadata that it names is not there');
  return undefined;
}

/** The metadata of an issuer; undefined where it publishes none. Rejects with a Fault. */
export async function readAuthorizationServer(of: Reading, issuer: string): Promise<AuthorizationServer | undefined> {
  for (const address of wellKnown(issuer)) {
    const found = AuthorizationServer.safeParse(await readJson(of, address));
    if (!found.success) continue;
    // A slash at the end leads to the same documents, and to the same owner.
    if (bare(found.data.issuer) !== bare(issuer)) throw failed(of, 'its authorization server calls itself something else');
    return found.data;
  }
  return undefined;
}

/** In the order of MCP 2026-07-28, basic/authorization: the path inserted (RFC 8414, OpenID Connect), then appended (OpenID Connect). */
function wellKnown(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = bare(pathname);
  const inserted = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ];
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`];
}

/** Undefined where there is no such document. */
async function readJson({ egress, place }: Reading, address: string): Promise<unknown> {
  const url = URL.parse(address);
  if (!url) throw failed({ place }, 'its metadata names something that is no address');
  const headers = { accept: 'application/json', 'mcp-protocol-version': '2026-07-28' };
  const request = { ...place.out, url, method: 'GET', headers, limitBytes } as const;
  const { status, body } = await readWhole(egress, request, withinMs);
  if (status !== 200) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // a site that answers everything with a page publishes no metadata
  }
}

/** Whether the resource is the server itself, or a place above it on the same site (RFC 9728 section 3.3, as MCP's clients compare it). */
function covers(resource: string, url: string): boolean {
  const [wide, narrow] = [URL.parse(resource), new URL(url)];
  if (!wide || wide.origin !== narrow.origin || (wide.search !== '' && wide.search !== narrow.search)) return false;
  return `${bare(narrow.pathname)}/`.startsWith(`${bare(wide.pathname)}/`);
}

const bare = (address: string): string => address.replace(/\/$/, '');

export function failed({ place }: Pick<Reading, 'place'>, reason: string, cause?: unknown): Fault {
  return new Fault('UPSTREAM_SIGN_IN_FAILED', { server: place.server.slug, reason }, { cause });
}
