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
export const TokenId = uuid.brand<'TokenId'>();
export type TokenId = z.infer<typeof TokenId>;
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

/** A new UUIDv7. The clock (ms since 1970) is an argument, so that tests can choose it. */
export function newId(nowMs: number = Date.now()): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(nowMs / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
