// The posture from the agent's state: pure, so that what the file says follows from what is true and from nothing else.
// Rule: no secret and no absolute path of the home gets in; what isn't known is left out, never guessed.
import { createHash } from 'node:crypto';
import type { AgentState } from '#contract/agent.ts';
import type { FoundFile } from '#contract/host-report.ts';
import { heartbeatsUntilStale, postureSchemaVersion } from '#contract/posture.ts';
import type { PostureFinding, PostureState, PostureStatus } from '#contract/posture.ts';
import { allUnobservable } from '#contract/unobservable.ts';
import { track } from './finding.ts';

/** What the state doesn't hold. */
export interface PostureFacts {
  readonly platform: string;
  readonly arch: string;
  readonly hostname: string;
  readonly osVersion: string;
  readonly uid: number;
  readonly userName: string;
  readonly bootId: string | undefined;
  readonly heartbeatSeconds: number;
}

/** The last status file, for what goes on from it. */
export interface PostureBefore {
  readonly sequence: number;
  readonly findings: readonly PostureFinding[];
  readonly sha256: string | undefined;
}

/** Everything but the signature. `isStopping`: the agent ends in good order. */
export function collect(
  state: AgentState,
  facts: PostureFacts,
  before: PostureBefore,
  nowMs: number,
  isStopping: boolean,
): PostureStatus {
  const findings = track(state.findings, before.findings, nowMs);
  const open = findings.filter((finding) => finding.state === 'open');
  const status = isStopping ? 'stopped' : stateOf(state, open);
  const hosts = state.hosts.map(({ id, isInstalled, needsRestart, files }) => ({
    id,
    installed: isInstalled,
    needs_restart: needsRestart !== undefined,
    configs: files.map(configOf),
  }));
  const configs = hosts.flatMap((host) => host.configs);
  const { device, profile, tunnel } = state;
  return {
    schema_version: postureSchemaVersion,
    product: 'drawbridge',
    product_version: state.productVersion,
    platform: facts.platform,
    arch: facts.arch,
    generated_at: time(nowMs),
    sequence: before.sequence + 1,
    ...(facts.bootId === undefined ? {} : { boot_id: facts.bootId }),
    heartbeat_seconds: facts.heartbeatSeconds,
    expires_at: time(nowMs + heartbeatsUntilStale * facts.heartbeatSeconds * 1000),
    status,
    compliant: status === 'compliant' || status === 'degraded',
    reasons: [...new Set(open.map((finding) => finding.code))],
    device: { ...(device ? { id: device.workstation } : {}), hostname: facts.hostname, os_version: facts.osVersion },
    user: { uid: facts.uid, name_hash: sha256(`${facts.hostname}\n${facts.userName}`) },
    profile: {
      present: profile.file !== undefined,
      sources: Object.fromEntries(
        Object.entries(profile.origins).flatMap(([name, from]) => (from === 'default' ? [] : [[name, from]])),
      ),
      ...(profile.hash === undefined ? {} : { hash: profile.hash }),
      loaded_at: time(profile.loadedAt),
      forced: profile.isForced,
      enforcement_mode: profile.mode,
    },
    gateway: gatewayOf(state),
    bridge: {
      running_since: time(state.since),
      wrapped_servers: state.servers.filter(({ origin }) => origin === 'host').length,
      local_failures: state.servers.filter((server) => server.status === 'failing' || server.status === 'unresolved').length,
    },
    hosts,
    findings: [...findings],
    counts: {
      hosts: hosts.filter((host) => host.installed).length,
      configs: configs.length,
      drifted: configs.filter((config) => config.state === 'drifted').length,
      direct_servers: configs.reduce((sum, config) => sum + config.direct_remote + config.direct_stdio, 0),
      findings_high: open.filter((finding) => finding.severity === 'high').length,
      findings_omitted: 0,
    },
    unobservable: [...allUnobservable],
    integrity: before.sha256 === undefined ? {} : { prev_sha256: before.sha256 },
  };

  function gatewayOf({ lastConnectedAt }: AgentState): PostureStatus['gateway'] {
    const isUp = tunnel.kind === 'connected';
    const auth = !device ? 'none' : tunnel.kind === 'refused' ? 'refused' : 'ok';
    return {
      ...(profile.gatewayUrl === undefined ? {} : { url: profile.gatewayUrl }),
      reachable: isUp || tunnel.kind === 'refused',
      ...(isUp || lastConnectedAt !== undefined ? { last_ok_at: time(isUp ? nowMs : (lastConnectedAt ?? nowMs)) } : {}),
      auth,
      tunnel: isUp ? 'up' : 'down',
      ...(device ? { organization: device.organization } : {}),
    };
  }
}

function stateOf(state: AgentState, open: readonly PostureFinding[]): PostureState {
  if (!state.isComplete) return 'unknown';
  if (open.some((finding) => finding.severity === 'high')) return 'noncompliant';
  return open.some((finding) => finding.severity === 'medium') ? 'degraded' : 'compliant';
}

function configOf({
  shownAs,
  format,
  scope,
  state,
  servers,
  sha256: ofBytes,
}: FoundFile): PostureStatus['hosts'][number]['configs'][number] {
  const count = (kind: FoundFile['servers'][number]['kind']): number => servers.filter((server) => server.kind === kind).length;
  return {
    path: shownAs,
    scope,
    format,
    state,
    gateway_entry: count('shim') + count('gateway') > 0,
    direct_remote: count('remote'),
    direct_stdio: count('stdio'),
    ...(ofBytes === undefined ? {} : { sha256: ofBytes }),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
