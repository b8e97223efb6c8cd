// How people sign in, as an administrator writes it in YAML (`drawbridge-gateway serve --sign-in FILE`). Secrets are not in it: it names their files.
import { z } from 'zod';
import { clientProof } from './client-proof.ts';
import { Slug } from './id.ts';
import { PrivateHost } from './remote-address.ts';

const Domain = z
  .string()
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$/, 'write a domain in lower case, such as example.org');

const Issuer = z.string().refine((text) => {
  const url = URL.parse(text);
  const isLoopback = url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)) && url.search + url.hash === '';
}, 'write the https URL of the issuer (http on loopback only)');

/** One place where people prove who they are, by OpenID Connect. */
export const IdentityProvider = z.strictObject({
  /** As people know it: "Example Login". */
  title: z.string().min(1).max(60),
  issuer: Issuer,
  clientId: z.string().min(1).max(300),
  /** A file that holds nothing but the secret, for its owner only; its place is taken from the folder of this file. */
  clientSecretFile: z.string().min(1),
  /** E-mail domains whose people sign in here; it is believed about no others. Needed where there are several. Absent: any. */
  domains: z.array(Domain).min(1).optional(),
  /** Whether somebody of its domains whom the policy does not know becomes a user when they first sign in. */
  create: z.boolean().default(false),
  /** Teams of those. */
  teams: z.array(Slug).default([]),
  /** Teams that somebody has while the provider says that they are in a group: name of a claim of the ID token, and which group is which team. */
  groups: z
    .strictObject({
      claim: z.string().min(1).max(100).default('groups'),
      scope: z.string().optional(),
      map: z.record(z.string(), Slug),
    })
    .optional(),
  /** The name of the way out by which it is asked (`serve --egress`). Absent: the usual one of the gateway server. */
  egress: Slug.optional(),
  /** What of its addresses may be private, beside the host of `issuer`. */
  allowPrivate: z.array(PrivateHost).max(100).default([]),
  /** With `create` or `groups`: how long after a person's sign-in their hosts' tokens are still renewed. */
  signInEveryHours: z.number().int().min(8).max(720).default(24),
});
export type IdentityProvider = z.infer<typeof IdentityProvider>;

/** A host that administrators know: it needs neither a document nor a registration. */
export const ListedHost = z
  .strictObject({
    title: z.string().min(1).max(80),
    redirectUris: z.array(z.string()).max(32).default([]),
    /** Whether it may show a person a code to type in at another device (RFC 8628). Without a redirect that is the only way in. */
    device: z.boolean().default(false),
    /** With one of them it is a confidential client, otherwise a public one. */
    ...clientProof,
  })
  .refine(({ redirectUris, device }) => device || redirectUris.length > 0, 'name a redirect, or say device: true')
  .refine(({ secretHash, jwks }) => secretHash === undefined || jwks === undefined, 'name secretHash or jwks, not both');

/** Whether hosts may be known by a document at an https address of theirs. `none`: where the gateway server can't reach such addresses. */
const ClientDocuments = z.union(
  [z.literal('none'), z.strictObject({ allowPrivate: z.array(PrivateHost).max(100).default([]) })],
  'use none, or name with allowPrivate the hosts that may have a private address',
);

export const SignInFile = z
  .strictObject({
    version: z.literal(1),
    identityProviders: z.record(Slug, IdentityProvider),
    /** By client id. */
    clientDocuments: ClientDocuments.default({ allowPrivate: [] }),
    /** Whether a host that nobody knows may make itself known. With `none` here and above only listed hosts are let in. */
    registration: z.enum(['open', 'none'], 'use open or none').default('open'),
    hosts: z.record(z.string().regex(/^(?!service\.)[A-Za-z0-9._-]{1,100}$/), ListedHost).default({}),
  })
  .superRefine(({ identityProviders }, context) => {
    const all = Object.entries(identityProviders);
    if (all.length === 0) context.addIssue({ code: 'custom', path: ['identityProviders'], message: 'name at least one' });
    const owners = new Map<string, string>();
    for (const [slug, { domains, create }] of all) {
      if (create && domains === undefined)
        context.addIssue({ code: 'custom', path: ['identityProviders', slug, 'domains'], message: 'is needed with create' });
      const path = ['identityProviders', slug, 'domains'];
      if (domains === undefined && all.length > 1)
        context.addIssue({ code: 'custom', path, message: 'is needed where there are several identity providers' });
      for (const domain of domains ?? []) {
        if (owners.has(domain))
          context.addIssue({ code: 'custom', path, message: `${domain} stands at ${owners.get(domain)} too` });
        owners.set(domain, slug);
      }
    }
  });
export type SignInFile = z.infer<typeof SignInFile>;
