// What a server says of itself where it refuses a request: the Bearer challenge of WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1).
// Rule: what it says is a claim of the far end; it is read up to a bound, and nothing of it is believed here.

export interface Challenge {
  readonly error: string | undefined;
  /** Separated by spaces. */
  readonly scope: string | undefined;
  /** Where the metadata of the protected resource lies. */
  readonly resourceMetadata: string | undefined;
}

const limit = 8192;
const parameter = /([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** The first Bearer challenge; undefined where there is none. */
export function bearerChallengeIn(header: string | undefined): Challenge | undefined {
  const text = (header ?? '').slice(0, limit);
  const begin = /(?:^|[\s,])bearer(?:\s+|$)/i.exec(text);
  if (!begin) return undefined;
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.slice(begin.index + begin[0].length).matchAll(parameter)) {
    const known = name.toLowerCase();
    if (!parameters.has(known)) parameters.set(known, quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/g, '$1'));
  }
  return {
    error: parameters.get('error'),
    scope: scopesIn(parameters.get('scope')),
    resourceMetadata: parameters.get('resource_metadata'),
  };
}

/** Only what RFC 6749 section 3.3 lets a scope be made of, so that it can be shown and sent on. */
function scopesIn(text: string | undefined): string | undefined {
  const scopes = (text ?? '').split(' ').filter((one) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(one));
  return scopes.length === 0 ? undefined : scopes.slice(0, 50).join(' ');
}
