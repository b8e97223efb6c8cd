// A host as the official SDKs' clients want one for OAuth.

/** What an SDK asks of a host: a place to keep what it gets, and a browser to send a person to. Kept by the authorization server, as the SDKs ask. */
export function createHost(name: string, grants: readonly string[] = ['authorization_code', 'refresh_token']) {
  const kept: { client?: unknown; tokens?: unknown; verifier?: string; sentTo?: URL; discovery?: unknown } = {};
  const provider = {
    redirectUrl: 'http://127.0.0.1:53682/callback',
    clientMetadata: {
      client_name: name,
      redirect_uris: ['http://127.0.0.1:53682/callback'],
      grant_types: [...grants],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => kept.client,
    saveClientInformation: (client: unknown) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens: unknown) => void (kept.tokens = tokens),
    redirectToAuthorization: (to: URL) => void (kept.sentTo = to),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier ?? '',
    saveDiscoveryState: (state: unknown) => void (kept.discovery = state),
    discoveryState: () => kept.discovery,
  };
  return { kept, provider };
}
export type Host = ReturnType<typeof createHost>;
