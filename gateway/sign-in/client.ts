// What a client says of itself, whichever way it came (its own document, registration, the administrator's file or policy), brought to what is believed of it.
// Its name is a claim; only where it is sent back to counts, and what it proves where an administrator gave it a secret or knows its keys.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { ClientProof } from '#contract/client-proof.ts';
import { hosts } from '#contract/host-table.ts';
import { kindOfRedirect } from './redirect.ts';

const Text = z.string().max(200);

/** RFC 7591 section 2, what is looked at of it. Unknown members are left out. */
export const ClientClaim = z.object({
  redirect_uris: z.array(z.string()).max(32).default([]),
  client_name: Text.optional(),
  application_type: z.enum(['web', 'native']).optional(),
  grant_types: z.array(Text).max(16).optional(),
  response_types: z.array(Text).max(16).optional(),
  token_endpoint_auth_method: Text.optional(),
  client_uri: z.url().max(2000).optional().catch(undefined),
  software_id: Text.optional().catch(undefined),
  software_version: Text.optional().catch(undefined),
});
export type ClientClaim = z.infer<typeof ClientClaim>;

/** How far a client's id can be believed: `domain` vouches for it, an administrator listed it, or nobody knows it. */
export type Provenance = { readonly kind: 'domain'; readonly domain: string } | { readonly kind: 'listed' | 'unknown' };

/** As oidc-provider takes it. */
export interface ClientMetadata extends Readonly<Record<string, unknown>> {
  readonly client_id: string;
  readonly client_name: string;
  readonly redirect_uris: readonly string[];
  readonly application_type: 'web' | 'native';
  readonly grant_types: readonly string[];
  /** Empty of a client that never sends a person to a browser of its own. */
  readonly response_types: readonly 'code'[];
  readonly token_endpoint_auth_method: 'none' | 'client_secret_basic' | 'private_key_jwt';
}

/** RFC 8628: for what has no browser, such as a terminal on another machine. */
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Throws CLIENT_REFUSED with the reason. `proof`: what it has to prove, where an administrator said so; without it a client is public. */
export function clientMetadata(id: string, claim: ClientClaim, proof?: ClientProof): ClientMetadata {
  const kinds = claim.redirect_uris.map((uri) => {
    const kind = kindOfRedirect(uri);
    if (typeof kind === 'object') throw new Fault('CLIENT_REFUSED', { reason: `redirect_uri ${uri}: ${kind.refused}` });
    return kind;
  });
  const isNative = kinds.some((kind) => kind !== 'web');
  if (claim.application_type === 'web' && isNative)
    throw new Fault('CLIENT_REFUSED', { reason: 'application_type web allows https redirect_uris only' });
  const grants = claim.grant_types ?? ['authorization_code'];
  const usesCodes = grants.includes('authorization_code') && (claim.response_types ?? ['code']).includes('code');
  const usesDevice = grants.includes(deviceGrant);
  if (!usesCodes && !usesDevice)
    throw new Fault('CLIENT_REFUSED', {
      reason: `only the response type code with the grant type authorization_code, or the grant type ${deviceGrant}, begin a sign-in`,
    });
  if (usesCodes && kinds.length === 0) throw new Fault('CLIENT_REFUSED', { reason: 'redirect_uris: name at least one' });
  return {
    client_id: id,
    client_name: nameOf(claim),
    redirect_uris: [...new Set(claim.redirect_uris)],
    // What it leaves out follows from where it is sent back to: loopback ports are free for native clients only.
    application_type: claim.application_type ?? (isNative || !usesCodes ? 'native' : 'web'),
    grant_types: [
      ...(usesCodes ? ['authorization_code'] : []),
      ...(usesDevice ? [deviceGrant] : []),
      ...(grants.includes('refresh_token') ? ['refresh_token'] : []),
    ],
    response_types: usesCodes ? ['code'] : [],
    ...provenBy(proof),
    ...(claim.client_uri === undefined ? {} : { client_uri: claim.client_uri }),
  };
}

/** As oidc-provider takes it: of a secret its hash, which is compared in its place (provider.ts). */
export function provenBy(proof: ClientProof | undefined): Pick<ClientMetadata, 'token_endpoint_auth_method'> {
  if (proof?.secretHash !== undefined)
    return { token_endpoint_auth_method: 'client_secret_basic', ...{ client_secret: proof.secretHash } };
  if (proof?.jwks !== undefined) return { token_endpoint_auth_method: 'private_key_jwt', ...{ jwks: proof.jwks } };
  return { token_endpoint_auth_method: 'none' };
}

/**
 * The host as records and policies name it, made of what the client calls itself: the id of a host that we know where it begins with its name ("Claude Code (github)"),
 * else 1-40 of a-z, 0-9 and hyphens.
 */
export function hostOf(title: string): string {
  const given = title.toLowerCase();
  const known = hosts.find((host) => isNamed(given, host.title.toLowerCase()) || isNamed(given, host.id));
  if (known) return known.id;
  const slug = title
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-$/, '');
  return slug === '' ? 'unnamed' : slug;
}

/** Whether it is this name, or goes on after it with another word. */
function isNamed(title: string, name: string): boolean {
  return title.startsWith(name) && !/^[a-z0-9]/.test(title.slice(name.length));
}

/** One line without what reorders or hides text. */
function nameOf({ client_name }: ClientClaim): string {
  const name = (client_name ?? '').replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return name === '' ? 'An unnamed app' : name.slice(0, 80);
}
