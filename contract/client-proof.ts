// How a client that administrators know proves who it is: by a secret, of which only the hash is written down, or by a key that it alone holds.
import { z } from 'zod';

/** SHA-256 of a random secret (`drawbridge-gateway token secret` makes one), hex, behind `sha256:`. */
const SecretHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'write the hash that `drawbridge-gateway token secret` prints');

const PublicKey = z
  .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']), kid: z.string().max(200).optional() })
  .refine((key) => !('d' in key), 'this is a private key: write the public one');

/** RFC 7517, public keys only. */
const KeySet = z.strictObject({ keys: z.array(PublicKey).min(1).max(10) });

/** Keys of a thing that proves itself. At most one of them is there. */
export const clientProof = { secretHash: SecretHash.optional(), jwks: KeySet.optional() };
const ClientProof = z.object(clientProof);
export type ClientProof = z.infer<typeof ClientProof>;
