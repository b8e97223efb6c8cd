// What a host needs to find the way in: the challenge of a 401 (RFC 6750, RFC 9728 section 5.1) and the metadata of each MCP endpoint (RFC 9728).
import { scope, stepUpScope } from '#contract/scope.ts';
import { addressOf, type Address } from '../../mcp/address.ts';
import type { Missing } from '../mcp.ts';

export const resourceMetadataPath = '/.well-known/oauth-protected-resource';

const errors = { token: '', 'valid-token': 'error="invalid_token", ', 'step-up': 'error="insufficient_scope", ' } as const;

/** With every scope that the request needs, so that a host that asks for exactly these loses none. */
export function challengeOf(publicOrigin: string, address: Address, why: Missing): string {
  const error = errors[why];
  const scopes = why === 'step-up' ? `${scope} ${stepUpScope}` : scope;
  return `Bearer realm="Drawbridge", ${error}resource_metadata="${publicOrigin}${resourceMetadataPath}${address.path}", scope="${scopes}"`;
}

/** The metadata at this URL (path and query), undefined where it belongs to no MCP endpoint. Which gateways there are it does not tell. */
export function resourceMetadata(publicOrigin: string, url: string): object | undefined {
  if (!url.startsWith(`${resourceMetadataPath}/`)) return undefined;
  const address = addressOf(url.slice(resourceMetadataPath.length));
  if (!address) return undefined;
  return {
    resource: `${publicOrigin}${address.path}`,
    resource_name: 'Drawbridge',
    authorization_servers: [publicOrigin],
    scopes_supported: [scope],
    bearer_methods_supported: ['header'],
  };
}
