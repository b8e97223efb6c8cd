// What a host may ask for when it signs in, and how long what it gets counts. There is as little as there can be: what a person may reach stands in the policy, and is decided at each call.

/** To call what the gateway exposes to this person. What that is, the policy says at each call. */
export const scope = 'mcp';
/** Beside it: tools that the policy marks with `stepUp`. It is asked for each time, and never remembered. */
export const stepUpScope = 'mcp:step-up';
/** How long an access token of a host that signed in, or of a service account, lives. Its making is told by its end. */
export const accessTokenSeconds = 3600;

/** What of a scope parameter is known here; the first scope is asked for in any case. */
export function knownScopes(asked: unknown): string {
  return String(asked).split(' ').includes(stepUpScope) ? `${scope} ${stepUpScope}` : scope;
}
