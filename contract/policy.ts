// The policy file: what the gateway server allows, as people write it in YAML (`drawbridge-gateway apply -f FILE`).
// The file is the whole truth for what it names: what is absent from it is removed, and what is absent from a gateway is not allowed.
import { z } from 'zod';
import { Capability } from './capability.ts';
import { clientProof } from './client-proof.ts';
import { type Condition, NameCondition, ToolCondition } from './condition.ts';
import { PolicyEngine } from './engine.ts';
import { Slug, WorkstationId } from './id.ts';
import { ForeignMethod } from './method.ts';
import { Capture } from './payload.ts';
import { pinPolicies } from './pin.ts';
import { PrivateHost, RemoteUrl } from './remote-address.ts';
import { PolicyRetention } from './retention.ts';
import { Rules } from './rule.ts';
import { PolicySink } from './sink.ts';

/** What an assignment exposes of a server, kind by kind: tools and prompts by name, resources by URI, resource templates by URI template. */
export const itemKinds = ['tools', 'prompts', 'resources', 'templates'] as const;
export type ItemKind = (typeof itemKinds)[number];
/** And methods that are foreign to MCP, by name. Servers list none of them, so they are exposed at the URL of the one server alone. */
export const exposedKinds = [...itemKinds, 'methods'] as const;
export type ExposedKind = (typeof exposedKinds)[number];

const itemName = z.string().min(1).max(2048);
const conditionsAtMost = 100;

/** Which items of one kind are exposed: by the upstream's own names, by conditions, or by both. Absent means none. */
function provisioning(condition: z.ZodType<Condition, Condition>) {
  const list = z
    .array(z.union([itemName, condition]))
    .refine(
      (items) => items.filter((item) => typeof item !== 'string').length <= conditionsAtMost,
      `at most ${conditionsAtMost} conditions`,
    );
  // One condition by itself is a list of it.
  return z.union([
    z.literal('all'),
    z.literal('none'),
    list,
    condition.transform((one): (string | Condition)[] => [one]).pipe(list),
  ]);
}
const ToolProvisioning = provisioning(ToolCondition);
const ItemProvisioning = provisioning(NameCondition);
export type Provisioning = z.infer<typeof ToolProvisioning>;
const MethodProvisioning = z.union([z.literal('all'), z.literal('none'), z.array(ForeignMethod).max(1000)]);
const StepUp = z.union([z.literal('all'), z.literal('none'), z.array(itemName)]);

const named = { title: z.string().min(1).max(120).optional() };

export const PolicyUser = z
  .strictObject({
    ...named,
    /** Absent: a person. A service account is a program that signs in by itself (client credentials), with a secret or a key, and is nobody's. */
    kind: z.enum(['person', 'service']).optional(),
    /** Who a person is, as an identity provider says it; a service account has none. */
    email: z.email().optional(),
    teams: z.array(Slug).default([]),
    /** What the user may do beside calling. Absent: `member`. */
    role: Slug.optional(),
    ...clientProof,
  })
  .superRefine(({ kind, email, secretHash, jwks }, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (kind === 'service') {
      if (email !== undefined) wrong('email', 'a service account has none');
      if (secretHash === undefined && jwks === undefined) wrong('secretHash', 'a service account has this or jwks');
      if (secretHash !== undefined && jwks !== undefined) wrong('jwks', 'a service account has this or secretHash, not both');
      return;
    }
    if (email === undefined) wrong('email', 'a person is known by it');
    if (secretHash !== undefined) wrong('secretHash', 'only a service account has a secret: add kind: service');
    if (jwks !== undefined) wrong('jwks', 'only a service account has keys: add kind: service');
  });
export type PolicyUser = z.infer<typeof PolicyUser>;
export const PolicyTeam = z.strictObject({ ...named, gateways: z.array(Slug).default([]) });
/** What it grants. Of a built-in role only the title may stand here. */
export const PolicyRole = z.strictObject({ ...named, capabilities: z.array(Capability).optional() });
export type PolicyRole = z.infer<typeof PolicyRole>;
/** Seconds without an answer or progress after which a call is given up. */
const timeoutSeconds = z.number().int().min(1).max(3600).default(60);

/** On a device, behind the bridge. */
export const WorkstationServer = z.strictObject({
  ...named,
  kind: z.literal('workstation'),
  /** One child for all sessions of a workstation (true), or one per MCP session (false, the default). */
  shareable: z.boolean().default(false),
  timeoutSeconds,
});

/** Headers whose meaning is not a credential's: the gateway or HTTP itself sets them. */
const takenHeaders =
  /^(?:host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|accept.*|cookie|origin|mcp-.*|last-event-id|proxy-.*|sec-.*|signature.*)$/i;

/** What an administrator settles of sign-ins at a remote server. Whatever is absent is found out at the server. */
export const RemoteOAuth = z
  .strictObject({
    /** The one authorization server that counts, exactly as it calls itself. */
    issuer: RemoteUrl.optional(),
    /** A client that was registered there by hand; its secret, where it has one, is set by `identity client`. */
    clientId: z.string().min(1).max(500).optional(),
    /** What is asked for. Absent: what the server asks for. */
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/))
      .max(50)
      .optional(),
  })
  .refine(
    ({ clientId, issuer }) => clientId === undefined || issuer !== undefined,
    'a clientId is known at one issuer only: name it too',
  );
export type RemoteOAuth = z.infer<typeof RemoteOAuth>;

/** Anywhere, over Streamable HTTP, or over HTTP+SSE where it knows nothing newer. */
export const RemoteServer = z.strictObject({
  ...named,
  kind: z.literal('remote'),
  url: RemoteUrl,
  /**
   * `header`: an identity's token goes with each request in one header. `oauth`: people and administrators sign in at the server's authorization server.
   * `auto`: whichever of them the server is found to want when an identity is obtained.
   */
  auth: z.enum(['none', 'header', 'oauth', 'auto']).default('none'),
  oauth: RemoteOAuth.optional(),
  /** Which one. Absent: `Authorization`, where the token stands behind `Bearer`; in any other it stands alone. */
  header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .refine((name) => !takenHeaders.test(name), 'use a header that can hold a credential, such as X-Api-Key')
    .optional(),
  allowPrivate: z.array(PrivateHost).max(100).default([]),
  /** `sse`: it speaks HTTP+SSE, the transport of 2024-11-05, and nothing newer is tried. */
  transport: z.enum(['auto', 'sse']).default('auto'),
  /** The name of the way out by which it is called (`serve --egress`). Absent: the usual one of the gateway server. */
  egress: Slug.optional(),
  /** Whether each request to it is signed (RFC 9421), so that it can refuse everybody else. */
  sign: z.boolean().default(false),
  timeoutSeconds,
});
export type RemoteServer = z.infer<typeof RemoteServer>;
export const PolicyServer = z.discriminatedUnion('kind', [WorkstationServer, RemoteServer]);
export type PolicyServer = z.infer<typeof PolicyServer>;

export const PolicyAssignment = z.strictObject({
  /** `caller`: the calling user's own workstation; or the id of a shared one. */
  reach: z.union([z.literal('caller'), WorkstationId]).default('caller'),
  tools: ToolProvisioning.default('none'),
  prompts: ItemProvisioning.default('none'),
  resources: ItemProvisioning.default('none'),
  templates: ItemProvisioning.default('none'),
  /** Of a host's requests and notifications, and of the server's: what MCP does not know. Nobody can say what they use, so every rule of the gateway is for them. Absent: none. */
  methods: MethodProvisioning.optional(),
  /** Which of its tools may be used only by hosts whose person consented to them by name. Absent: none. */
  stepUp: StepUp.optional(),
  /** Whether definitions of its items are pinned (contract/pin.ts). Absent: at first use. */
  pins: z.enum(pinPolicies).optional(),
  /** As whom a remote server is called: the caller's own identity there, one that all callers share, or nobody in particular. */
  identity: z.enum(['none', 'shared', 'own']).default('none'),
});
export type PolicyAssignment = z.infer<typeof PolicyAssignment>;
export const PolicyGateway = z.strictObject({
  ...named,
  assignments: z.record(Slug, PolicyAssignment).default({}),
  /** What may flow, in order. Absent: all. */
  rules: Rules.optional(),
  /** Whether what is asked and answered is kept. Absent: off. */
  capture: Capture.optional(),
});

export type PolicyGateway = z.infer<typeof PolicyGateway>;

/** What a group of the directory gives its members here, beside what the policy says of them. */
export const PolicyDirectoryGroup = z.strictObject({
  teams: z.array(Slug).default([]),
  role: Slug.optional(),
  /** Which of several groups with a role counts: the one with the lowest; those without one behind them, in the order of the file. */
  rank: z.number().int().min(1).max(1000).optional(),
});
export type PolicyDirectoryGroup = z.infer<typeof PolicyDirectoryGroup>;
/** How the directory that provisions people by SCIM becomes teams and roles: by the names of its groups. */
export const PolicyDirectory = z.strictObject({
  /** The first group with a role counts, for whoever has none by the policy. In the order of groupsInOrder (grant.ts). */
  groups: z.record(z.string().min(1).max(256), PolicyDirectoryGroup).default({}),
});
export type PolicyDirectory = z.infer<typeof PolicyDirectory>;

/** The whole file. Keys of the records are immutable slugs. */
export const PolicyFile = z.strictObject({
  version: z.literal(1),
  /** Which hosts are let in that no administrator knows: all (absent or `open`), or none (`allow-list`). */
  hosts: z.enum(['open', 'allow-list']).optional(),
  roles: z.record(Slug, PolicyRole).default({}),
  /** Absent: groups of the directory give nothing. */
  directory: PolicyDirectory.optional(),
  users: z.record(Slug, PolicyUser).default({}),
  teams: z.record(Slug, PolicyTeam).default({}),
  servers: z.record(Slug, PolicyServer).default({}),
  gateways: z.record(Slug, PolicyGateway).default({}),
  /** Programs that judge what flows; the rules of gateways name them. */
  engines: z.record(Slug, PolicyEngine).optional(),
  /** Where audit records are sent. Absent: nowhere. */
  sinks: z.record(Slug, PolicySink).optional(),
  /** How long is kept what the gateway server writes down. Absent: for good. */
  retention: PolicyRetention.optional(),
});
export type PolicyFile = z.infer<typeof PolicyFile>;

/** The ids behind the slugs of a policy. An id is made when a slug first appears and is never used again for another. */
export interface PolicyIds {
  readonly users: Readonly<Record<string, string>>;
  readonly teams: Readonly<Record<string, string>>;
  readonly servers: Readonly<Record<string, string>>;
  readonly gateways: Readonly<Record<string, string>>;
  /** By `<gateway slug>/<server slug>`. */
  readonly assignments: Readonly<Record<string, string>>;
}
