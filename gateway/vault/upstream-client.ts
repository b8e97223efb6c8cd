// As which client this gateway server is known at one authorization server, as it is sealed.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';

/** In the order of preference: a server can keep a secret. */
export const authMethods = ['client_secret_basic', 'client_secret_post', 'none'] as const;
const UpstreamClient = z.object({
  clientId: z.string().min(1).max(500),
  secret: z.string().optional(),
  method: z.enum(authMethods),
  /** Where it was registered to be sent back to; undefined where an administrator registered it. */
  redirect: z.string().optional(),
  /** ms since 1970. */
  expiresAt: z.number().optional(),
});
export type UpstreamClient = z.infer<typeof UpstreamClient>;

export function writeClient(client: UpstreamClient): Secret<string> {
  return new Secret(JSON.stringify(client));
}

/** Throws VAULT_DAMAGED. */
export function readClient(value: Secret<string>): UpstreamClient {
  try {
    return UpstreamClient.parse(JSON.parse(reveal(value)));
  } catch {
    throw new Fault('VAULT_DAMAGED');
  }
}
