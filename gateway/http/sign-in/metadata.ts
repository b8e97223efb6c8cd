// What a host needs to find the way in: the challenge of a 401 (RFC 6750, RFC 9728 section 5.1) and the metadata of each MCP endpoint (RFC 9728).
import { addressOf, type Address } from '../../mcp/address.ts';
import { scope } from '../../sign-in/provider.ts';

export const resourceMetadataPath = '/.well-known/oauth-protected-resource';

/** `hadToken`: the request came with one, and it was not valid. */
export function challengeOf(publicOrigin: string, address: Address, hadToken: boolean): string {
  const error = hadToken ? 'error="invalid_token", ' : '';
  return `Bearer realm="Drawbridge", ${error}resource_metadata="${publicOrigin}${resourceMetadataPath}${address.path}", scope="${scope}"`;
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
