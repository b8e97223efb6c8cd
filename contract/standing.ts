// How things stand on this device, in one word and in sentences: what the tray's icon shows and the window says first. A pure function of what main knows.
// One standing at a time, the one that a person must know of first: who is paused need not hear that the tunnel is closed.
import type { AgentServer, AgentState } from './agent.ts';
import { assertNever } from './assert.ts';
import { type Finding, findingOf } from './finding.ts';
import type { HostState } from './host-report.ts';
import type { CompanionState } from './ipc.ts';
import { clockWords } from './when.ts';

export const standingKinds = [
  'starting',
  'connecting',
  'connected',
  'offline',
  'unenrolled',
  'paused',
  'noncompliant',
  'misconfigured',
  'refused',
  'revoked',
  'absent',
] as const;
export type StandingKind = (typeof standingKinds)[number];

export interface Standing {
  readonly kind: StandingKind;
  /** Two or three words. */
  readonly title: string;
  /** What is true, in a sentence. */
  readonly headline: string;
  /** What to do now; absent where there is nothing to do. */
  readonly advice?: string;
  /** Since when, in ms since 1970. */
  readonly since?: number;
}

/** What is said first. `nowMs` decides whether a time is said with its day. */
export function standingOf(state: CompanionState, nowMs: number): Standing {
  return state.kind === 'absent' ? withoutAgent(state) : withAgent(state.state, nowMs);
}

function withoutAgent({ reason, detail }: Extract<CompanionState, { kind: 'absent' }>): Standing {
  switch (reason) {
    case 'starting':
      return { kind: 'starting', title: 'Starting', headline: 'Drawbridge is starting.' };
    case 'restarting':
      return {
        kind: 'absent',
        title: 'Restarting',
        headline: 'The Drawbridge agent ended unexpectedly and is being started again.',
        advice: 'AI hosts reach no server until it is back. If this goes on, copy the diagnostics and ask for help.',
      };
    case 'not_running':
      return {
        kind: 'absent',
        title: 'Not running',
        headline: 'The Drawbridge agent is not running, so AI hosts reach no server.',
        advice: 'It is looked for all the time. If it stays away, restart Drawbridge or ask for help.',
      };
    case 'unsafe':
      return {
        kind: 'absent',
        title: 'Not safe',
        headline: `The agent is not asked, because another user could answer in its place: ${detail}.`,
        advice: 'Ask your administrator to correct the folder’s owner and mode.',
      };
    case 'refused':
      return {
        kind: 'absent',
        title: 'Not understood',
        headline: `The agent answers something that this window does not understand: ${detail}.`,
        advice: 'Update Drawbridge, then restart it.',
      };
    default:
      return assertNever(reason);
  }
}

function withAgent(state: AgentState, nowMs: number): Standing {
  const { paused, tunnel, findings } = state;
  if (paused)
    return {
      kind: 'paused',
      title: 'Paused',
      headline: `Paused by you until ${clockWords(paused.until, nowMs)}${paused.reason === undefined ? '' : `: ${paused.reason}`}.`,
      advice: 'Until then AI hosts reach no server. Resume whenever you need them.',
      since: paused.since,
    };
  if (tunnel.kind === 'refused') return refused(tunnel, nowMs);
  const misset = findings.find(({ code }) => misconfigured.has(code));
  if (misset) return fromFinding('misconfigured', 'Settings problem', misset, state);
  switch (tunnel.kind) {
    case 'off':
      if (tunnel.reason === 'stopping') return { kind: 'absent', title: 'Stopping', headline: 'Drawbridge is stopping.' };
      if (tunnel.reason === 'gateway_unset')
        return fromFinding('misconfigured', 'Settings problem', { code: 'gateway_unset' }, state);
      return unenrolled(state);
    case 'offline':
      return offline(state, tunnel.reason, nowMs);
    case 'connecting':
      return findings.some(({ code }) => code === 'tunnel_down')
        ? offline(state, 'trying again now', nowMs)
        : { kind: 'connecting', title: 'Connecting', headline: `Connecting to ${gatewayWords(state)} …`, since: tunnel.since };
    case 'connected': {
      const worst = findings.find(({ code }) => findingOf(code).severity === 'high');
      if (worst) return fromFinding('noncompliant', 'Not compliant', worst, state);
      return {
        kind: 'connected',
        title: 'Connected',
        headline: `Connected to ${gatewayWords(state)}. Your AI hosts work through it.`,
        since: tunnel.since,
      };
    }
    default:
      return assertNever(tunnel);
  }
}

const misconfigured: ReadonlySet<string> = new Set(['profile_ignored', 'profile_invalid', 'gateway_unset', 'gateway_choice']);

function refused(
  { code, message, retryAtMs, since }: Extract<AgentState['tunnel'], { kind: 'refused' }>,
  nowMs: number,
): Standing {
  if (code === 'SWITCHED_OFF')
    return {
      kind: 'refused',
      title: 'Switched off',
      headline: withClock(message, nowMs),
      advice: 'Meanwhile AI hosts reach no server from here. It comes back by itself once it is on again.',
      since,
    };
  // only a revoked workstation is not tried again by itself
  if (retryAtMs === null)
    return {
      kind: 'revoked',
      title: 'Revoked',
      headline: 'This device was revoked: it may not use the gateway any more, and AI hosts reach no server from here.',
      advice: 'Ask your administrator. With a new enrollment token you can enroll again below.',
      since,
    };
  return {
    kind: 'refused',
    title: 'Refused',
    headline: `The gateway refuses this device: ${message}`,
    advice: 'Drawbridge asks again by itself. Ask your administrator if it stays.',
    since,
  };
}

/** The gateway server's words, with the times in them (ISO 8601) by this device's clock. */
function withClock(message: string, nowMs: number): string {
  return message.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (time) => {
    const atMs = Date.parse(time);
    return Number.isNaN(atMs) ? time : clockWords(atMs, nowMs);
  });
}

function unenrolled(state: AgentState): Standing {
  const failed = state.findings.find(({ code }) => code === 'enrollment_failed');
  return {
    kind: 'unenrolled',
    title: 'Not enrolled',
    headline: failed
      ? `Enrolling this device failed: ${failed.detail ?? findingOf(failed.code).meaning}`
      : 'This device is not enrolled with your organization’s gateway yet.',
    advice: 'Paste the enrollment token that your administrator gave you.',
  };
}

function offline(state: AgentState, reason: string, nowMs: number): Standing {
  const since = state.lastConnectedAt ?? state.tunnel.since;
  return {
    kind: 'offline',
    title: 'Offline',
    headline: `No connection to ${gatewayWords(state)} since ${clockWords(since, nowMs)}: ${reason.replace(/\.$/, '')}.`,
    advice: 'Check your network. Drawbridge keeps trying and comes back by itself.',
    since,
  };
}

function fromFinding(kind: StandingKind, title: string, finding: Finding, state: AgentState): Standing {
  const { meaning, action } = findingOf(finding.code);
  const others = state.findings.filter(({ code }) => findingOf(code).severity === 'high').length - 1;
  const more = others > 0 ? ` And ${others} more.` : '';
  const which = finding.setting ?? (finding.host === undefined ? finding.server?.name : titleOf(state, finding.host));
  const about = which === undefined ? '' : ` It is about ${which}.`;
  return { kind, title, headline: `${meaning}${about}${more}`, advice: action };
}

/** `the gateway "eng" of Example Corp`, as far as it is known. */
function gatewayWords({ gateway, profile }: AgentState): string {
  return `${gateway === undefined ? 'the gateway' : `the gateway “${gateway}”`}${profile.managedBy === undefined ? '' : ` of ${profile.managedBy}`}`;
}

export interface Problem {
  readonly finding: Finding;
  readonly severity: 'high' | 'medium' | 'low';
  readonly meaning: string;
  readonly action: string;
  /** Where: host, file, server or setting. */
  readonly about: string;
}

const rank = { high: 0, medium: 1, low: 2 } as const;

/** What the standing says already, in better words. */
const said: ReadonlySet<string> = new Set(['paused', 'tunnel_down', 'tunnel_refused', 'not_enrolled']);

/** What is wrong here beside the standing itself, the worst first. */
export function problemsOf(state: AgentState): readonly Problem[] {
  return state.findings
    .filter(({ code }) => !said.has(code))
    .map((finding) => ({
      finding,
      ...findingOf(finding.code),
      about: [finding.host && titleOf(state, finding.host), finding.path, finding.server?.name, finding.setting]
        .filter(Boolean)
        .join(', '),
    }))
    .toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}

function titleOf({ hosts }: AgentState, id: string): string {
  return hosts.find((host) => host.id === id)?.title ?? id;
}

/** Hosts that still run with what their config said before. */
export function hostsToRestart(state: AgentState): readonly HostState[] {
  return state.hosts.filter(({ isInstalled, needsRestart }) => isInstalled && needsRestart !== undefined);
}

/** What a person must do so that a change of this host's config takes effect. */
export function restartWords({ title, reload }: HostState): string {
  switch (reload) {
    case 'host_restart':
      return `Restart ${title}`;
    case 'server_restart':
      return `Restart the MCP servers in ${title}`;
    case 'new_session':
      return `Start a new session in ${title}`;
    case 'live':
      return `${title} takes the change by itself`;
    default:
      return assertNever(reload);
  }
}

/** A local server's status for a person. */
export function serverWords({ status, children }: AgentServer): string {
  switch (status) {
    case 'ready':
      return 'Ready: it starts when it is called';
    case 'running':
      return children > 1 ? `Running, ${children} processes` : 'Running';
    case 'failing':
      return 'Failing: it ends again and again';
    case 'refused':
      return 'Not allowed to run';
    case 'unresolved':
      return 'Its command was not found';
    default:
      return assertNever(status);
  }
}
