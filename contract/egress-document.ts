// What anybody may read at /.well-known/egress.json: by what an upstream can tell this gateway server from all others. The rule: no secret, and no name of a
// proxy, a server or a gateway stands in it.
import { z } from 'zod';

export const egressDocumentPath = '/.well-known/egress.json';

export const EgressDocument = z.looseObject({
  version: z.literal(1),
  /** The origin of the gateway server that it is about. */
  gateway: z.url(),
  /** Addresses and networks (CIDR) from which it may call. */
  addresses: z.array(z.string()),
  /** Whether it calls from no other. `false` where a way is configured whose addresses nobody wrote down. */
  isComplete: z.boolean(),
});
export type EgressDocument = z.infer<typeof EgressDocument>;
