// What a workstation tells its gateway of its posture: the short of the posture file, so that an administrator sees at the gateway server which devices name only
// the gateway, and why the others do not. It names no file, no server and no person; a bridge that is older than it tells nothing.
import { z } from 'zod';
import { PostureState, type PostureStatus } from './posture.ts';

/** Codes are few; what a peer tells has a bound all the same. */
const codesAtMost = 100;

export const PostureSummary = z.looseObject({
  version: z.string().max(100),
  /** A newer bridge may know states that we don't. */
  status: PostureState.catch('unknown'),
  mode: z.enum(['observe', 'enforce']).catch('observe'),
  /** IT's own profile is in force, which the user can't change. */
  forced: z.boolean(),
  /** It is told again after so many seconds though nothing changed. */
  heartbeatSeconds: z.number().int().min(1).max(86_400),
  /** AI hosts that are installed, and the configs of hosts: those that name only the gateway, and those that do not. */
  hosts: z.number().int().min(0),
  converged: z.number().int().min(0),
  drifted: z.number().int().min(0),
  /** Open findings by their code (contract/finding.ts), the worst first. */
  findings: z
    .array(z.object({ code: z.string().max(80), severity: z.enum(['high', 'medium', 'low']), count: z.number().int().min(1) }))
    .max(codesAtMost),
});
export type PostureSummary = z.infer<typeof PostureSummary>;

const rank = { high: 0, medium: 1, low: 2 } as const;

export function summaryOf(status: PostureStatus): PostureSummary {
  const open = status.findings.filter(({ state }) => state === 'open');
  const counts = new Map<string, PostureSummary['findings'][number]>();
  for (const { code, severity } of open) counts.set(code, { code, severity, count: (counts.get(code)?.count ?? 0) + 1 });
  const configs = status.hosts.flatMap((host) => host.configs);
  return {
    version: status.product_version.slice(0, 100),
    status: status.status,
    mode: status.profile.enforcement_mode,
    forced: status.profile.forced,
    heartbeatSeconds: status.heartbeat_seconds,
    hosts: status.counts.hosts,
    converged: configs.filter(({ state }) => state === 'compliant').length,
    drifted: configs.filter(({ state }) => state !== 'compliant' && state !== 'missing').length,
    findings: [...counts.values()].toSorted((a, b) => rank[a.severity] - rank[b.severity]).slice(0, codesAtMost),
  };
}
