// What the agent's parts look like in its state: pure, from what each part knows to what is shown.
import type { AgentPause, AgentProfile, AgentState, AgentTunnel } from '#contract/agent.ts';
import { agentVersion } from '#contract/agent.ts';
import type { Finding } from '#contract/finding.ts';
import type { Slug } from '#contract/id.ts';
import type { DeviceIdentity } from './device/enroll.ts';
import type { SecretStore } from './device/keychain.ts';
import { shortValues } from './profile/explain.ts';
import type { ProfileReading } from './profile/read.ts';

/** Before anything was looked at. */
export function firstState(of: {
  readonly productVersion: string;
  readonly pid: number;
  readonly since: number;
  readonly home: string;
  readonly stateDir: string;
  readonly secretStore: SecretStore['kind'];
  readonly reading: ProfileReading;
}): AgentState {
  const { reading, ...known } = of;
  return {
    version: agentVersion,
    ...known,
    isComplete: false,
    tunnel: { kind: 'off', since: of.since, reason: 'not_enrolled' },
    profile: profileView(reading, of.since),
    servers: [],
    hosts: [],
    findings: [],
    calls: [],
  };
}

export function profileView(reading: ProfileReading, loadedAt: number): AgentProfile {
  const { profile, origins, file, hash } = reading;
  const { GatewayURL, ManagedByOrganizationName, ManagedByCaption, ManagedByURL, SupportURL } = profile;
  return {
    ...(file === undefined ? {} : { file }),
    ...(hash === undefined ? {} : { hash }),
    isForced: [...origins.values()].some((source) => source === 'file' || source === 'mdm'),
    loadedAt,
    mode: profile.EnforcementMode,
    ...(GatewayURL === undefined ? {} : { gatewayUrl: GatewayURL }),
    ...(ManagedByOrganizationName === undefined ? {} : { managedBy: ManagedByOrganizationName }),
    ...(ManagedByCaption === undefined ? {} : { managedByCaption: ManagedByCaption }),
    ...(ManagedByURL === undefined ? {} : { managedByUrl: ManagedByURL }),
    ...(SupportURL === undefined ? {} : { supportUrl: SupportURL }),
    origins: Object.fromEntries(origins),
    values: shortValues(reading),
    allows: {
      pause: profile.AllowUserPause,
      pauseMaxMinutes: profile.PauseMaxMinutes,
      quit: profile.AllowUserQuit,
      undo: profile.AllowUserUndo,
    },
  };
}

export function deviceView({ workstation, user, userName, organization, gatewayOrigin }: DeviceIdentity): AgentState['device'] {
  return { workstation, user, userName, organization, gatewayOrigin };
}

/**
 * Which gateway the hosts are pointed at, the profile's or the only one that is granted, and whether they can sign in there by themselves. `before` stands while
 * nobody can be asked.
 */
export function gatewayOf(
  reading: ProfileReading,
  tunnel: AgentTunnel,
  before: Pick<AgentState, 'gateway' | 'hostsSignIn'>,
): { readonly slug?: Slug; readonly hostsSignIn?: boolean | undefined; readonly findings: readonly Finding[] } {
  const hostsSignIn = tunnel.kind === 'connected' ? tunnel.hostsSignIn === true : before.hostsSignIn;
  return { ...slugOf(reading, tunnel, before.gateway), hostsSignIn };
}

function slugOf(
  { profile }: ProfileReading,
  tunnel: AgentTunnel,
  before: Slug | undefined,
): { readonly slug?: Slug; readonly findings: readonly Finding[] } {
  const own = profile.GatewaySlug;
  const granted = tunnel.kind === 'connected' ? tunnel.gateways : undefined;
  if (!granted) {
    const slug = own ?? before;
    return slug === undefined ? { findings: [] } : { slug, findings: [] };
  }
  const choice = (detail: string): { findings: readonly Finding[] } => ({ findings: [{ code: 'gateway_choice', detail }] });
  if (own !== undefined)
    return granted.includes(own) ? { slug: own, findings: [] } : choice(`"${own}" is not granted to the user`);
  const [only, ...others] = granted;
  if (only === undefined) return choice('no gateway is granted to the user');
  return others.length === 0 ? { slug: only, findings: [] } : choice(`these are granted: ${granted.join(', ')}`);
}

/** `hasFailed`: no attempt has worked since the last tunnel; a first attempt under way is no finding. */
export function tunnelFindings(tunnel: AgentTunnel, hasFailed: boolean): readonly Finding[] {
  switch (tunnel.kind) {
    case 'refused':
      return [{ code: 'tunnel_refused', detail: tunnel.message.slice(0, 500) }];
    case 'offline':
      return [{ code: 'tunnel_down', detail: tunnel.reason.slice(0, 500) }];
    case 'connecting':
      return hasFailed ? [{ code: 'tunnel_down' }] : [];
    case 'connected':
    case 'off':
      return [];
  }
}

export function pauseFindings(pause: AgentPause | undefined): readonly Finding[] {
  return pause === undefined ? [] : [{ code: 'paused', detail: `until ${new Date(pause.until).toISOString()}` }];
}

export function restartFindings(hosts: AgentState['hosts']): readonly Finding[] {
  return hosts.flatMap(({ id, needsRestart }) => (needsRestart ? [{ code: 'needs_restart' as const, host: id }] : []));
}

export function storeFindings({ kind, reason }: SecretStore): readonly Finding[] {
  if (kind === 'os') return [];
  return [{ code: 'secret_store_fallback', ...(reason === undefined ? {} : { detail: reason.slice(0, 500) }) }];
}
