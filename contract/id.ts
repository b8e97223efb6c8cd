// Ids of everything that is stored: UUIDv7 (RFC 9562 section 5.7), so that they sort by the time they were made.
// Branded, so that a user's id can't be passed where a server's is meant. Slugs are names that people choose and that never change.
import { z } from 'zod';

const uuid = z.uuid();

export const OrganizationId = uuid.brand<'OrganizationId'>();
export type OrganizationId = z.infer<typeof OrganizationId>;
export const UserId = uuid.brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;
export const TeamId = uuid.brand<'TeamId'>();
export type TeamId = z.infer<typeof TeamId>;
export const GatewayId = uuid.brand<'GatewayId'>();
export type GatewayId = z.infer<typeof GatewayId>;
export const ServerId = uuid.brand<'ServerId'>();
export type ServerId = z.infer<typeof ServerId>;
export const AssignmentId = uuid.brand<'AssignmentId'>();
export type AssignmentId = z.infer<typeof AssignmentId>;
export const WorkstationId = uuid.brand<'WorkstationId'>();
export type WorkstationId = z.infer<typeof WorkstationId>;
export const IdentityId = uuid.brand<'IdentityId'>();
export type IdentityId = z.infer<typeof IdentityId>;
export const AlertId = uuid.brand<'AlertId'>();
export type AlertId = z.infer<typeof AlertId>;
export const SinkId = uuid.brand<'SinkId'>();
export type SinkId = z.infer<typeof SinkId>;
export const TokenId = uuid.brand<'TokenId'>();
export type TokenId = z.infer<typeof TokenId>;
/** A connection is also what the caller's token is known by where its host signed in, because that stays the same while tokens come and go. */
export const ConnectionId = uuid.brand<'ConnectionId'>();
export type ConnectionId = z.infer<typeof ConnectionId>;
export const RecordId = uuid.brand<'RecordId'>();
export type RecordId = z.infer<typeof RecordId>;

/** A name in URLs and files: 1-40 characters of a-z, 0-9 and single hyphens, or underscores; it never holds `__`, the separator of tool names. */
export const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9]|[-_](?=[a-z0-9])){0,39}$/, 'use 1-40 of a-z, 0-9, single "-" or "_" between them')
  .brand<'Slug'>();
export type Slug = z.infer<typeof Slug>;

/** A fingerprint of a local server's command: `sha256:` and 64 hex digits (see contract/server.ts). */
export const Fingerprint = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'use "sha256:" and 64 hex digits')
  .brand<'Fingerprint'>();
export type Fingerprint = z.infer<typeof Fingerprint>;

/** The last id: its millisecond, the text of that, and its place within it. */
const last = { ms: -1, time: '', place: 0 };

/**
 * A new UUIDv7 (RFC 9562 section 5.7): 48 bits of ms since 1970, 12 bits of place, then the last 62 random bits of a UUIDv4. Ids made one after
 * the other at one millisecond count their place up (section 6.2, method 1), so that they sort as they were made: at least 2,048 of them.
 * The clock is an argument, so that tests can choose it.
 */
export function newId(nowMs: number = Date.now()): string {
  const ms = Math.trunc(nowMs);
  const random = globalThis.crypto.randomUUID();
  const counts = ms === last.ms && last.place < 0xfff;
  last.place = counts ? last.place + 1 : Number.parseInt(random.slice(15, 18), 16) >> 1;
  if (ms !== last.ms) {
    const digits = ms.toString(16).padStart(12, '0');
    last.time = `${digits.slice(0, 8)}-${digits.slice(8)}-`;
    last.ms = ms;
  }
  return `${last.time}${(0x7000 + last.place).toString(16)}${random.slice(18)}`;
}

/** A new id of a record: made for each call, so without a check of what was just made. */
export function newRecordId(nowMs?: number): RecordId {
  return newId(nowMs) as RecordId;
}
