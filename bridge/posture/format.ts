// The posture for other programs: as it stands in the file, as Jamf Pro and Intune take it, as key=value lines, and the exit code that MDM tools judge by.
// Rule: what is stale, stopped, absent or not yet known is never compliant, and every format says the same verdict. The scripts in build/profile/puller say it too.
import { assertNever } from '#contract/assert.ts';
import type { PostureStatus } from '#contract/posture.ts';
import type { PostureFile } from './status-file.ts';

export const postureFormats = ['json', 'jamf', 'intune', 'kv', 'exit-code'] as const;
export type PostureFormat = (typeof postureFormats)[number];
export type Verdict = 'compliant' | 'noncompliant' | 'stale' | 'absent' | 'error';

/** A file from further ahead than clocks differ was written under another clock: when it expires can't be told. */
const clocksDifferMs = 5 * 60_000;
/** What no rule on age accepts: Intune compares whole numbers, and there is none for "unknown". */
const unknownMinutes = 2_147_483_647;

export function verdictOf(file: PostureFile, nowMs: number): Verdict {
  switch (file.kind) {
    case 'unreadable':
      return 'error';
    case 'absent':
      return 'absent';
    case 'read':
      if (isStale(file.status, nowMs)) return 'stale';
      return file.status.compliant ? 'compliant' : 'noncompliant';
    default:
      return assertNever(file);
  }
}

/** 0 compliant, 1 noncompliant, 2 stale, absent or unknown, 3 error. */
export function exitCodeOf(file: PostureFile, nowMs: number): 0 | 1 | 2 | 3 {
  return ({ compliant: 0, noncompliant: 1, stale: 2, absent: 2, error: 3 } as const)[verdictOf(file, nowMs)];
}

/** What `drawbridge posture` prints; nothing where only the exit code is wanted. */
export function formatted(format: PostureFormat, file: PostureFile, nowMs: number): string {
  switch (format) {
    case 'json':
      return json(file);
    case 'jamf':
      return `<result>${verdictOf(file, nowMs)}</result>\n`;
    case 'intune':
      return `${JSON.stringify(intune(file, nowMs))}\n`;
    case 'kv':
      return keyValues(file, nowMs);
    case 'exit-code':
      return '';
    default:
      return assertNever(format);
  }
}

/** The names and types that the rules in build/profile/puller/intune-rules.json ask for. */
function intune(file: PostureFile, nowMs: number): Readonly<Record<string, string | number | boolean>> {
  const status = file.kind === 'read' ? file.status : undefined;
  return {
    DrawbridgeCompliant: verdictOf(file, nowMs) === 'compliant',
    PostureAgeMinutes: status ? ageMinutes(status, nowMs) : unknownMinutes,
    DrawbridgeVersion: status ? numeric(status.product_version) : '0.0.0',
    DirectServerCount: status ? status.counts.direct_servers : -1,
  };
}

/** One `key=value` a line, values without line ends; keys keep their names. */
export function keyValues(file: PostureFile, nowMs: number): string {
  const verdict = verdictOf(file, nowMs);
  const lines: Record<string, string | number | boolean> = { verdict };
  if (file.kind === 'unreadable') lines['error'] = file.reason;
  if (file.kind === 'read')
    Object.assign(lines, summaryOf(file.status), {
      compliant: verdict === 'compliant',
      age_minutes: ageMinutes(file.status, nowMs),
    });
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${String(value).replaceAll(/[\r\n]/g, ' ')}\n`)
    .join('');
}

/** The status in single values, as it was when it was written. */
export function summaryOf(status: PostureStatus): Readonly<Record<string, string | number | boolean>> {
  return {
    compliant: status.compliant,
    status: status.status,
    reasons: status.reasons.join(','),
    product_version: status.product_version,
    generated_at: status.generated_at,
    expires_at: status.expires_at,
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
    unobservable: (status.unobservable ?? []).map(({ id }) => id).join(','),
  };
}

/** The status as it stands; `{}` with the verdict where there is none. */
export function json(file: PostureFile): string {
  if (file.kind === 'read') return `${JSON.stringify(file.status, undefined, 2)}\n`;
  return `${JSON.stringify({ status: 'unknown', reason: file.kind === 'absent' ? 'no posture was written' : file.reason })}\n`;
}

function isStale({ status, generated_at, expires_at }: PostureStatus, nowMs: number): boolean {
  if (status === 'stopped' || status === 'unknown') return true;
  return !(nowMs < Date.parse(expires_at)) || Date.parse(generated_at) > nowMs + clocksDifferMs;
}

function ageMinutes({ generated_at }: PostureStatus, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - Date.parse(generated_at)) / 60_000));
}

/** Intune's versions are numbers and points only. */
function numeric(version: string): string {
  return /^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0.0.0';
}
