// How long the gateway server keeps what it wrote down. Whole days of UTC: what was written on a day goes with all of that day.
// The rule: never sooner than the policy says, and never where it says nothing.
import { z } from 'zod';

const dayMs = 86_400_000;

/** `400d`: at least a day, so that whoever may change the policy can't make what they do vanish at once. */
export const RetentionDays = z
  .string()
  .regex(/^[1-9]\d{0,3}d$/, 'write whole days, at least one: 400d')
  .describe('Whole days, such as 400d.');

export const PolicyRetention = z.strictObject({
  /** Audit records. Absent: for good. */
  records: RetentionDays.optional(),
  /** Captured payloads. Absent: 30d. In no case longer than their records. */
  payloads: RetentionDays.optional(),
});
export type PolicyRetention = z.infer<typeof PolicyRetention>;

/** How long captured payloads are kept by a policy. */
export function payloadDays({ records, payloads = '30d' }: PolicyRetention = {}): string {
  return records !== undefined && Number.parseInt(records, 10) < Number.parseInt(payloads, 10) ? records : payloads;
}

/** What was written before that (ms since 1970) is over, where it is kept for so many days. */
export function retentionCutoff(days: string, now: number): number {
  return Math.floor(now / dayMs) * dayMs - Number.parseInt(days, 10) * dayMs;
}
