// The posture for other programs: JSON as it stands in the file, key=value lines for shell scripts, and the exit code that MDM tools judge by.
// Rule: what is stale, stopped or not yet known is never compliant.
import type { PostureStatus } from '#contract/posture.ts';
import type { PostureFile } from './status-file.ts';

/** 0 compliant, 1 noncompliant, 2 stale or unknown, 3 error. */
export function exitCodeOf(file: PostureFile, nowMs: number): 0 | 1 | 2 | 3 {
  switch (file.kind) {
    case 'unreadable':
      return 3;
    case 'absent':
      return 2;
    case 'read':
      if (isStale(file.status, nowMs)) return 2;
      return file.status.compliant ? 0 : 1;
  }
}

/** One `key=value` a line, values without line ends; keys keep their names. */
export function keyValues(file: PostureFile, nowMs: number): string {
  const code = exitCodeOf(file, nowMs);
  const verdict = ['compliant', 'noncompliant', 'stale', 'error'][code] ?? 'error';
  const lines: Record<string, string | number | boolean> = { verdict };
  if (file.kind === 'unreadable') lines['error'] = file.reason;
  if (file.kind === 'read') {
    const { status } = file;
    Object.assign(lines, {
      compliant: code === 0,
      status: status.status,
      reasons: status.reasons.join(','),
      product_version: status.product_version,
      generated_at: status.generated_at,
      age_minutes: Math.max(0, Math.floor((nowMs - Date.parse(status.generated_at)) / 60_000)),
      sequence: status.sequence,
      workstation: status.device.id ?? '',
      gateway: status.gateway.url ?? '',
      tunnel: status.gateway.tunnel,
      enforcement_mode: status.profile.enforcement_mode,
      profile_forced: status.profile.forced,
      hosts: status.counts.hosts,
      drifted: status.counts.drifted,
      direct_servers: status.counts.direct_servers,
      findings_high: status.counts.findings_high,
    });
  }
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${String(value).replaceAll(/[\r\n]/g, ' ')}\n`)
    .join('');
}

/** The status as it stands; `{}` with the verdict where there is none. */
export function json(file: PostureFile): string {
  if (file.kind === 'read') return `${JSON.stringify(file.status, undefined, 2)}\n`;
  return `${JSON.stringify({ status: 'unknown', reason: file.kind === 'absent' ? 'no posture was written' : file.reason })}\n`;
}

function isStale(status: PostureStatus, nowMs: number): boolean {
  return status.status === 'stopped' || status.status === 'unknown' || !(nowMs < Date.parse(status.expires_at));
}
