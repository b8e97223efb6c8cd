// Whether this gateway server can serve calls, part by part. The rule: what a call can't do without is asked for, and nothing else.
import { Fault } from '#contract/error.ts';
import type { AuditGauge } from './audit-gauge.ts';
import type { Part } from './http/health.ts';
import type { InForce } from './in-force.ts';
import type { Store } from './store/store.ts';

/** What a call needs. */
export function readinessOf(of: { store: Store; inForce: InForce; recorder: AuditGauge }): readonly Part[] {
  const refuse = (isRefused: boolean) => {
    if (isRefused) throw new Fault('AUDIT_UNAVAILABLE');
  };
  return [
    { otherwise: 'the store does not answer', check: () => of.store.revision() },
    { otherwise: 'there is no policy to decide by', check: () => of.inForce.current() },
    { otherwise: 'the audit does not accept records', check: () => refuse(of.recorder.isRefusing()) },
  ];
}
