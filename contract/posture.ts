// The posture status file: what is true on this device now, for MDM scripts, EDR and the gateway. One JSON object, read by other programs, so its keys are
// snake_case and keep their meaning within a schema version. It holds no secret: no values, no addresses beyond host and port, paths `~`-relative.
// The signature makes a change evident and proves nothing more: whoever is this user can use the key. The truth is what the gateway sees and a rescan finds.
import { z } from 'zod';
import { ConfigState } from './host.ts';
import { ProfileSource } from './profile.ts';
import { Unobservable } from './unobservable.ts';

export const postureSchemaVersion = '1.0';
/** A reader takes no more than this. */
export const postureLimitBytes = 64 * 1024;
/** It is stale after this many heartbeats without a new one. */
export const heartbeatsUntilStale = 3;

/** As toISOString() writes it: scripts read it by its places. */
const Time = z.iso.datetime({ precision: 3 });

/** One config file of an AI host. */
export const PostureConfig = z.looseObject({
  path: z.string(),
  /** `project`: it lies in a project's folder, and others may share it. */
  scope: z.enum(['user', 'project']),
  state: ConfigState,
  gateway_entry: z.boolean(),
  direct_remote: z.number().int(),
  direct_stdio: z.number().int(),
  /** Of its bytes, where they could be read. */
  sha256: z.string().optional(),
});

export const PostureFinding = z.looseObject({
  /** Stays the same for as long as the same thing is wrong. */
  id: z.string(),
  code: z.string(),
  severity: z.enum(['high', 'medium', 'low']),
  host: z.string().optional(),
  path: z.string().optional(),
  setting: z.string().optional(),
  server: z
    .looseObject({
      name: z.string(),
      kind: z.enum(['stdio', 'remote']),
      address: z.string().optional(),
      fingerprint: z.string().optional(),
    })
    .optional(),
  first_seen: Time,
  last_seen: Time,
  state: z.enum(['open', 'fixed']),
});
export type PostureFinding = z.infer<typeof PostureFinding>;

/** `degraded`: only the gateway is reached, but something doesn't work. `unknown`: the first scan isn't over. */
export const PostureState = z.enum(['compliant', 'noncompliant', 'degraded', 'unknown', 'stopped']);
export type PostureState = z.infer<typeof PostureState>;

export const PostureStatus = z.looseObject({
  schema_version: z.literal(postureSchemaVersion),
  product: z.literal('drawbridge'),
  product_version: z.string().regex(/^[\w.+-]+$/),
  platform: z.string(),
  arch: z.string(),
  generated_at: Time,
  /** Grows with every write, across restarts. */
  sequence: z.number().int(),
  boot_id: z.string().optional(),
  heartbeat_seconds: z.number().int(),
  expires_at: Time,
  status: PostureState,
  compliant: z.boolean(),
  /** Codes of the open findings, the worst first, each once. */
  reasons: z.array(z.string()),
  device: z.looseObject({ id: z.string().optional(), hostname: z.string(), os_version: z.string() }),
  user: z.looseObject({ uid: z.number().int(), name_hash: z.string() }),
  profile: z.looseObject({
    present: z.boolean(),
    /** Setting -> where its value came from, for what isn't a default. */
    sources: z.record(z.string(), ProfileSource),
    hash: z.string().optional(),
    loaded_at: Time,
    /** IT's own file is in force, which the user can't change. */
    forced: z.boolean(),
    enforcement_mode: z.enum(['observe', 'enforce']),
  }),
  gateway: z.looseObject({
    url: z.string().optional(),
    reachable: z.boolean(),
    last_ok_at: Time.optional(),
    auth: z.enum(['ok', 'refused', 'none']),
    tunnel: z.enum(['up', 'down']),
    organization: z.string().optional(),
  }),
  bridge: z.looseObject({
    running_since: Time,
    wrapped_servers: z.number().int(),
    local_failures: z.number().int(),
  }),
  hosts: z.array(
    z.looseObject({
      id: z.string(),
      installed: z.boolean(),
      /** It runs since before its config was changed. */
      needs_restart: z.boolean(),
      configs: z.array(PostureConfig),
    }),
  ),
  findings: z.array(PostureFinding),
  counts: z.looseObject({
    hosts: z.number().int(),
    configs: z.number().int(),
    drifted: z.number().int(),
    direct_servers: z.number().int().min(0),
    findings_high: z.number().int(),
    /** Findings left out, because the file would have become too large. */
    findings_omitted: z.number().int(),
  }),
  /** What can't be seen from here: the same on every device, and no verdict speaks of it. Absent where an older agent wrote the file. */
  unobservable: z.array(Unobservable).optional(),
  integrity: z.looseObject({
    /** SHA-256 of the file written before this one. */
    prev_sha256: z.string().optional(),
    alg: z.literal('ES256').optional(),
    /** The workstation whose key signed. */
    key_id: z.string().optional(),
    /** Over canonicalJson() of everything but this field; base64url, IEEE P1363 form. Absent while the device isn't enrolled. */
    signature: z.string().optional(),
  }),
});
export type PostureStatus = z.infer<typeof PostureStatus>;

/** JSON with sorted keys and no white space (RFC 8785: JSON.stringify writes numbers and strings as it asks). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}

/** The text that the device key signs. */
export function postureText(status: PostureStatus): string {
  const { signature: _, ...integrity } = status.integrity;
  return canonicalJson({ ...status, integrity });
}
