// The policy file: what the gateway server allows, as people write it in YAML (`drawbridge-gateway apply -f FILE`).
// The file is the whole truth for what it names: what is absent from it is removed, and what is absent from a gateway is not allowed.
import { z } from 'zod';
import { Slug, WorkstationId } from './id.ts';

/** What an assignment exposes of a server, kind by kind: tools and prompts by name, resources by URI, resource templates by URI template. */
export const itemKinds = ['tools', 'prompts', 'resources', 'templates'] as const;
export type ItemKind = (typeof itemKinds)[number];

/** Which items of one kind are exposed, by the upstream's own names. Absent means none. */
export const Provisioning = z.union([z.literal('all'), z.literal('none'), z.array(z.string().min(1).max(2048))]);
export type Provisioning = z.infer<typeof Provisioning>;

const named = { title: z.string().min(1).max(120).optional() };

export const PolicyUser = z.strictObject({
  ...named,
  email: z.email(),
  teams: z.array(Slug).default([]),
});
export const PolicyTeam = z.strictObject({ ...named, gateways: z.array(Slug).default([]) });
export const PolicyServer = z.strictObject({
  ...named,
  kind: z.literal('workstation'),
  /** One child for all sessions of a workstation (true), or one per MCP session (false, the default). */
  shareable: z.boolean().default(false),
  /** Seconds without an answer or progress after which a call is given up. */
  timeoutSeconds: z.number().int().min(1).max(3600).default(60),
});
export const PolicyAssignment = z.strictObject({
  /** `caller`: the calling user's own workstation; or the id of a shared one. */
  reach: z.union([z.literal('caller'), WorkstationId]).default('caller'),
  tools: Provisioning.default('none'),
  prompts: Provisioning.default('none'),
  resources: Provisioning.default('none'),
  templates: Provisioning.default('none'),
});
export const PolicyGateway = z.strictObject({
  ...named,
  assignments: z.record(Slug, PolicyAssignment).default({}),
});

/** The whole file. Keys of the records are immutable slugs. */
export const PolicyFile = z.strictObject({
  version: z.literal(1),
  users: z.record(Slug, PolicyUser).default({}),
  teams: z.record(Slug, PolicyTeam).default({}),
  servers: z.record(Slug, PolicyServer).default({}),
  gateways: z.record(Slug, PolicyGateway).default({}),
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
