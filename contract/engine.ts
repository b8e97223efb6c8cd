// Engines of a policy: programs that judge what flows, which rules name. The rule: they are reached over HTTPS at addresses that an administrator named, and
// no secret stands here: an engine knows this gateway server by its signature, or by the value of a header that is set by `engine secret set` and lies sealed.
import { z } from 'zod';
import { HeaderName } from './header-name.ts';
import { Slug } from './id.ts';
import { PrivateHost, RemoteUrl } from './remote-address.ts';

export const PolicyEngine = z.strictObject({
  title: z.string().min(1).max(120).optional(),
  /** `webhook`: `{metadata, body}` is posted to the URL, a verdict comes back. `presidio`: its `/analyze` is asked, which the URL names. */
  kind: z.enum(['webhook', 'presidio']),
  url: RemoteUrl,
  /** Hosts, addresses and networks that may be private: an engine of the organization's own mostly is. */
  allowPrivate: z.array(PrivateHost).max(100).default([]),
  /** The name of the way out (`serve --egress`). Absent: the usual one. */
  egress: Slug.optional(),
  /** Whether each request is signed (RFC 9421), so that the engine can refuse everybody else. */
  sign: z.boolean().default(false),
  /** The header by whose value the engine knows this gateway server. Without that value it is not asked. */
  secretHeader: HeaderName.refine(
    (name) => !/^(?:accept(?:-.*)?|signature(?:-.*)?)$/i.test(name),
    'this header is set by the gateway server itself',
  ).optional(),
  /** For one question, retries included. */
  timeoutSeconds: z.number().int().min(1).max(30).default(30),
  /** How often a question is asked again that the engine did not answer. */
  retries: z.number().int().min(0).max(3).default(2),
  /** Of the texts, for a Presidio engine. */
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .optional(),
});
export type PolicyEngine = z.infer<typeof PolicyEngine>;
