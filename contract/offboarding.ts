// What was cut when somebody left, as a report that the gateway signs: nobody can change it afterwards without that showing.
import { z } from 'zod';
import { DeedActor } from './audit.ts';

export const accessKinds = [
  'host token',
  'agent token',
  'enrollment token',
  'personal access token',
  'connection',
  'workstation',
  'browser sessions',
  'identity',
] as const;

const Access = z.strictObject({
  what: z.enum(accessKinds),
  /** Null of browsers, which are only counted. */
  id: z.string().nullable(),
  /** Its host, hostname, title or server; never a secret. */
  name: z.string(),
});

export const OffboardingReport = z.strictObject({
  version: z.literal(1),
  organization: z.string(),
  user: z.strictObject({ id: z.string(), slug: z.string(), email: z.string() }),
  by: DeedActor,
  reason: z.string().nullable(),
  /** When access ended, and when what could be given back elsewhere was; ms since 1970. */
  at: z.number().int(),
  finishedAt: z.number().int(),
  /** What let them in, and is revoked. */
  cut: z.array(Access),
  /** What goes on somewhere, and why. Nothing of it is usable at this gateway. */
  notCut: z.array(Access.extend({ why: z.string() })),
});
export type OffboardingReport = z.infer<typeof OffboardingReport>;

export const SignedReport = z.strictObject({
  report: OffboardingReport,
  /** ES256 over `signedText` by the gateway's signing key: base64url of r and s. */
  signature: z.strictObject({ alg: z.literal('ES256'), kid: z.string(), value: z.base64url() }),
});
export type SignedReport = z.infer<typeof SignedReport>;

/** What is signed: the same bytes for the same report, whatever its file looks like. */
export function signedText(report: OffboardingReport): string {
  return `drawbridge offboarding report\n${JSON.stringify(OffboardingReport.parse(report))}`;
}
