// How a device becomes a workstation: POST <gateway origin>/workstation/enroll spends a one-time token for a key made on the device.
import { z } from 'zod';
import { OrganizationId, UserId, WorkstationId } from './id.ts';

export const enrollPath = '/workstation/enroll';

/** An ES256 public key as JWK (RFC 7518 section 6.2.1). */
export const PublicKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.base64url().length(43),
  y: z.base64url().length(43),
});
export type PublicKey = z.infer<typeof PublicKey>;

/** The text whose SHA-256 (base64url) is the key's thumbprint (RFC 7638 section 3). */
export function thumbprintText({ crv, kty, x, y }: PublicKey): string {
  return JSON.stringify({ crv, kty, x, y });
}

export const EnrollRequest = z.looseObject({
  token: z.string().max(200),
  publicKey: PublicKey,
  /** ES256 over enrollText() of contract/frame.ts, IEEE P1363 form, base64url. */
  signature: z.base64url().max(200),
  hostname: z.string().max(255),
  osUser: z.string().max(255),
  platform: z.enum(['linux', 'darwin', 'win32']),
});
export type EnrollRequest = z.infer<typeof EnrollRequest>;

export const EnrollResponse = z.looseObject({
  workstation: WorkstationId,
  user: UserId,
  userName: z.string(),
  organization: OrganizationId,
});
export type EnrollResponse = z.infer<typeof EnrollResponse>;
