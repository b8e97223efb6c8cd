// Checks signatures of requests as an upstream would, from the text of RFC 9421 (sections 2.5, 3.2) and RFC 9530 alone: no library of the product's.
import { createPublicKey, hash, verify } from 'node:crypto';
import { z } from 'zod';

export interface SignedRequest {
  readonly method: string;
  /** The whole address. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}
export interface Found {
  readonly covered: readonly string[];
  readonly params: Readonly<Record<string, string | number>>;
  readonly base: string;
  readonly signature: Buffer;
}
export const KeySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), crv: z.string(), x: z.string(), kid: z.string() })),
});

/** One signature of a request, and the text that it has to be over. */
export function signatureOf(request: SignedRequest, label: string): Found | undefined {
  const header = (name: string) => [request.headers[name]].flat().join(', ');
  const input = new RegExp(`(?:^|,\\s*)${label}=(\\(([^)]*)\\)[^,]*)`).exec(header('signature-input'));
  const value = new RegExp(`(?:^|,\\s*)${label}=:([A-Za-z0-9+/=]+):`).exec(header('signature'));
  if (!input?.[1] || !value?.[1]) return undefined;
  const covered = [...(input[2] ?? '').matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
  const url = new URL(request.url);
  const derived = new Map([
    ['@method', request.method],
    ['@target-uri', request.url],
    ['@authority', url.host.toLowerCase()],
    ['@path', url.pathname],
  ]);
  const lines = covered.map((name) => `"${name}": ${derived.get(name) ?? header(name).trim()}`);
  const params = [...input[1].matchAll(/;([a-z]+)=(?:"([^"]*)"|(\d+))/g)].map(
    (match) => [match[1] ?? '', match[2] ?? Number(match[3])] as const,
  );
  return {
    covered,
    params: Object.fromEntries(params),
    base: [...lines, `"@signature-params": ${input[1]}`].join('\n'),
    signature: Buffer.from(value[1], 'base64'),
  };
}

/** What is wrong with it; undefined where it is one of this gateway. `keys`: the JWKS that it published. `seen`: nonces so far. */
export function objectionTo(request: SignedRequest, keys: unknown, seen: Set<string>): string | undefined {
  const found = signatureOf(request, 'drawbridge');
  if (!found) return 'no signature';
  const { covered, params, base, signature } = found;
  const needed = ['@method', '@target-uri', ...(request.body.length > 0 ? ['content-digest'] : [])];
  if (!needed.every((name) => covered.includes(name))) return 'it covers too little';
  const digest = `sha-256=:${hash('sha256', request.body, 'base64')}:`;
  if (request.body.length > 0 && request.headers['content-digest'] !== digest) return 'the digest is not that of the body';
  const now = Date.now() / 1000;
  if (!(Number(params['created']) <= now + 5 && now <= Number(params['expires']))) return 'not now';
  if (seen.has(String(params['nonce']))) return 'seen before';
  seen.add(String(params['nonce']));
  const jwk = KeySet.parse(keys).keys.find(({ kid }) => kid === params['keyid']);
  if (!jwk) return 'a key that nobody published';
  return verify(null, Buffer.from(base), createPublicKey({ key: jwk, format: 'jwk' }), signature)
    ? undefined
    : 'not signed by it';
}
