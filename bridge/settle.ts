// What one settling does: looks at the device, has the hosts' configs say what they should, resolves local servers, and tells the state what each found.
// Rule: it decides nothing itself and runs when settling.ts says so; what it could not find out is told as unknown, never as fine.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AgentState } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Sealer } from '#contract/secret.ts';
import type { ConfigWatch } from './config-watch.ts';
import type { SecretStore } from './device/keychain.ts';
import { localServers } from './host/local.ts';
import { withRestarts } from './host/restart.ts';
import type { LocalServers } from './local-servers.ts';
import type { ManagedHosts } from './managed-hosts.ts';
import type { Pause } from './pause.ts';
import type { ProfileWatch } from './profile/watch.ts';
import type { From, Settlers } from './settling.ts';
import type { StateStream } from './state.ts';
import type { Uplink } from './uplink.ts';
import { deviceView, profileView, restartFindings, storeFindings } from './view.ts';
import type { gatewayOf } from './view.ts';

export interface SettleDeps {
  readonly home: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly sealer: Sealer;
  readonly secretStore: SecretStore;
  readonly profile: ProfileWatch;
  readonly pause: Pause;
  readonly uplink: Uplink;
  readonly hosts: ManagedHosts;
  readonly servers: LocalServers;
  readonly configs: ConfigWatch;
  readonly state: StateStream;
  readonly gateway: () => ReturnType<typeof gatewayOf>;
  /** Asks for another settling, later. */
  readonly ask: (from: From) => Promise<void>;
  readonly now: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface Settle extends Settlers {
  /** Hosts that must be restarted may have been. */
  lookAtRestarts(): Promise<void>;
  close(): void;
}

/** The first scan waits for the tunnel's first word, because it names the gateways. */
const firstWordMs = 3_000;
/** Then calls that waited for the tunnel go first, with the start of their servers: the scan is more work, and nobody waits for it. */
const callsFirstMs = 100;
/** A settling that failed is tried again after so long: a disk that was full, a lock that somebody held. */
const afterFailureMs = 60_000;

export function createSettle(deps: SettleDeps): Settle {
  const { state, profile, uplink, hosts, servers } = deps;
  let again: NodeJS.Timeout | undefined;
  const askAgain = (from: From, afterMs: number): void => {
    clearTimeout(again);
    again = setTimeout(() => void deps.ask(from), afterMs).unref();
  };
  const showHosts = (seen: AgentState['hosts']): void => {
    state.update({ hosts: seen });
    state.found('restart', restartFindings(seen));
  };
  const settleDevice = async (): Promise<void> => {
    const reading = profile.current;
    deps.logger.level = reading.profile.LogLevel;
    state.update({ profile: profileView(reading, deps.now()) });
    state.found('profile', reading.findings);
    await deps.pause.check();
    const found = await uplink.follow(reading.profile);
    const { device } = uplink;
    const isSame = device?.workstation === state.current.device?.workstation;
    state.update({ device: device && deviceView(device), ...(isSame ? {} : { calls: [] }) });
    state.found('device', [...found, ...storeFindings(deps.secretStore)]);
    if (state.current.isComplete) return;
    const first = await state.until(({ tunnel }) => tunnel.kind !== 'connecting', firstWordMs, deps.signal);
    if (first?.tunnel.kind === 'connected') await wait(callsFirstMs, undefined, { signal: deps.signal });
  };

  return {
    async settle(from) {
      if (from === 'profile') await settleDevice();
      const { slug, hostsSignIn, findings } = deps.gateway();
      state.found('gateway', findings);
      const settled = await hosts.settle();
      showHosts(settled.hosts);
      state.update({ hostsSignIn, ...(slug === undefined ? {} : { gateway: slug }) });
      state.found('hosts', settled.findings);
      await deps.configs.follow(settled.known);
      clearTimeout(again);
      if (settled.againInMs !== undefined) askAgain('hosts', settled.againInMs);
    },
    async resolveServers() {
      const { home, stateDir, sealer, env } = deps;
      await servers.resolve(await localServers({ home, stateDir, sealer, env }));
    },
    onFailed(from, error) {
      if (from === 'servers') return;
      const detail = error instanceof Fault ? { detail: error.message.slice(0, 500) } : {};
      state.found('hosts', [{ code: 'scan_failed', ...detail }]);
      askAgain(from, afterFailureMs);
    },
    async lookAtRestarts() {
      if (!state.current.hosts.some(({ needsRestart }) => needsRestart)) return;
      const needed = await hosts.restarts();
      showHosts(withRestarts(state.current.hosts, needed));
    },
    close: () => clearTimeout(again),
  };
}
