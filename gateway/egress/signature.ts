// The signature of a request to a remote server (RFC 9421, Ed25519; RFC 9530 for its body), by which that server can tell this gateway from everybody else.
// The rule: what is signed is what is sent: method, whole address, the bytes of the body, and the credential; each signature counts for one request and two minutes.
import { hash, randomBytes, sign, type KeyObject } from 'node:crypto';

/** Signatures are found by it among others. */
const tag = 'drawbridge-egress';
const validMs = 120_000;

export interface Signing {
  readonly method: string;
  readonly url: URL;
  readonly body: Buffer | undefined;
  /** The header that holds a credential, where there is one. */
  readonly credential: readonly [name: string, value: string] | undefined;
}
/** Headers to be sent with exactly this request. Rejects where there is no key. */
export type RequestSigner = (of: Signing) => Promise<Readonly<Record<string, string>>>;

export function createRequestSigner(deps: {
  readonly key: (now: number) => Promise<{ readonly published: { readonly kid: string }; readonly key: KeyObject }>;
  readonly now: () => number;
}): RequestSigner {
  // Loaded where it is used: most gateway servers sign nothing.
  const load = () => import('http-message-signatures');
  let library: ReturnType<typeof load> | undefined;
  return async ({ method, url, body, credential }) => {
    const { httpbis } = await (library ??= load());
    const now = deps.now();
    const { published, key } = await deps.key(now);
    const digest = body && { 'content-digest': `sha-256=:${hash('sha256', body, 'base64')}:` };
    const covered: Record<string, string> = { ...digest, ...(credential && { [credential[0].toLowerCase()]: credential[1] }) };
    const { headers } = await httpbis.signMessage(
      {
        name: 'drawbridge',
        key: { id: published.kid, alg: 'ed25519', sign: (base) => Promise.resolve(sign(null, base, key)) },
        fields: ['@method', '@target-uri', ...Object.keys(covered)],
        params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
        paramValues: {
          created: new Date(now),
          expires: new Date(now + validMs),
          nonce: randomBytes(24).toString('base64url'),
          tag,
        },
      },
      { method, url: url.href.slice(0, url.href.length - url.hash.length), headers: covered },
    );
    return {
      ...digest,
      'signature-input': String(headers['Signature-Input']),
      signature: String(headers['Signature']),
    };
  };
}
