// What the device knows of its tunnel, for the tray, the CLI and the posture. One state at a time; times are ms since 1970.
import { z } from 'zod';
import { ErrorCode } from './error.ts';
import { OrganizationId, Slug } from './id.ts';

export const TunnelState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('connecting'), since: z.number() }),
  z.object({
    kind: z.literal('connected'),
    since: z.number(),
    organization: OrganizationId,
    gateways: z.array(Slug),
    /** AI hosts can sign in at the gateway server by themselves. */
    hostsSignIn: z.boolean().optional(),
  }),
  z.object({ kind: z.literal('offline'), since: z.number(), reason: z.string(), retryAtMs: z.number() }),
  /** The gateway said no. `retryAtMs` is null where only wake() tries again (a revoked workstation). */
  z.object({
    kind: z.literal('refused'),
    since: z.number(),
    code: ErrorCode,
    message: z.string(),
    retryAtMs: z.number().nullable(),
  }),
]);
export type TunnelState = z.infer<typeof TunnelState>;
