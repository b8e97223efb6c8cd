// What anybody may read at /.well-known/egress.json: by what an upstream can tell this gateway server from all others. The rule: no secret, and no name of a
// proxy, a server or a gateway stands in it.
import { z } from 'zod';

export const egressDocumentPath = '/.well-known/egress.json';

/** Where the keys stand as a JWKS too (draft-meunier-webbotauth-httpsig-directory), for verifiers that look for them by themselves. */
export const keyDirectoryPath = '/.well-known/http-message-signatures-directory';

/** A public key with which requests are signed (RFC 8037); `keyid` of a signature is its `kid`, the thumbprint. */
export const PublicKey = z.looseObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string(),
  use: z.literal('sig'),
  alg: z.literal('EdDSA'),
});
export type PublicKey = z.infer<typeof PublicKey>;

export const EgressDocument = z.looseObject({
  version: z.literal(1),
  /** The origin of the gateway server that it is about. */
  gateway: z.url(),
  /** Addresses and networks (CIDR) from which it may call. */
  addresses: z.array(z.string()),
  /** Whether it calls from no other. `false` where a way is configured whose addresses nobody wrote down. */
  isComplete: z.boolean(),
  /** Those that sign now, will soon, and did just before. */
  keys: z.array(PublicKey),
});
export type EgressDocument = z.infer<typeof EgressDocument>;
