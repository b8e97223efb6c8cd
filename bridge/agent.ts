// The agent: everything that runs on the device for one user, without a window. The root of the bridge: it chooses the parts, joins them and ends them in reverse order.
// Two hosts start it: the CLI (headless) and, later, the tray; so it prints nothing, reads no argument and no environment: all of that is handed in.
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AgentCommand, AgentState, AgentTunnel } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Fingerprint } from '#contract/id.ts';
import { defaultMessageLimitBytes } from '#contract/frame.ts';
import type { LocalServerSource, Verdict } from '#contract/server.ts';
import { openSecretStore } from './device/keychain.ts';
import { openSealer } from './device/sealer.ts';
import { localServers } from './host/local.ts';
import { createLaunches, sourcesOf } from './launches.ts';
import { writeLauncher } from './launcher.ts';
import { hostEnvironment, secretService } from './location.ts';
import { createHeartbeat } from './posture/heartbeat.ts';
import { postureFilePath } from './posture/status-file.ts';
import type { ProfileReading } from './profile/read.ts';
import { watchProfile } from './profile/watch.ts';
import { scan, watchConfigs } from './scan.ts';
import { createHasher } from './server/content.ts';
import { reapLeftovers } from './server/ledger.ts';
import { resolveLaunch } from './server/resolve.ts';
import type { Launch } from './server/launch.ts';
import { createPool } from './server/running.ts';
import { sanction } from './server/sanction.ts';
import { searchPath } from './server/search-path.ts';
import { lock } from './socket/lock.ts';
import { openPrivateDirectory, socketPath } from './socket/path.ts';
import type { HostEnd, HostEvents } from './socket/relay.ts';
import { serveSocket } from './socket/serve.ts';
import type { Target } from './socket/target.ts';
import { createSanctionedPool } from './sanctioned.ts';
import { createSettling } from './settling.ts';
import type { From } from './settling.ts';
import { createState } from './state.ts';
import { createUplink, refusalOf } from './uplink.ts';
import { deviceView, firstState, gatewayOf, profileView, storeFindings, tunnelFindings } from './view.ts';

export interface AgentOptions {
  readonly stateDir: string;
  /** It is the user's own, not one that --state named. */
  readonly isDefaultState: boolean;
  /** The home whose hosts are managed, and the one of the user who runs this. */
  readonly home: string;
  readonly ownHome: string;
  /** The file of --profile. */
  readonly profileFile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly arch: string;
  readonly pid: number;
  /** -1 on Windows. */
  readonly uid: number;
  readonly userName: string;
  readonly hostname: string;
  readonly osVersion: string;
  readonly bootId: string | undefined;
  /** The user's login shell. */
  readonly shell: string | undefined;
  /** A Node that can run this program again, and the file to run. */
  readonly node: string;
  readonly cli: string;
  readonly productVersion: string;
  readonly logger: Logger;
}

export interface Agent {
  readonly socket: string;
  state(): AgentState;
  /** Ends everything within 3 s. Idempotent. */
  close(): Promise<void>;
}

const waitForTunnelMs = 10_000;
/** The first scan waits for the tunnel's first word, because it names the gateways. */
const firstWordMs = 3_000;
const lookAtServersMs = 2_000;
const closeWithinMs = 2_500;
const childLimits = { messageBytes: defaultMessageLimitBytes, startMs: 30_000, idleMs: 10 * 60_000, children: 256 };

type Closer = () => Promise<unknown> | void;

/** Starts the agent; resolves when its first state is complete. Rejects with AGENT_RUNNING where there is one already. */
export async function runAgent(options: AgentOptions): Promise<Agent> {
  const { stateDir, uid } = options;
  await openPrivateDirectory(stateDir, uid);
  const held = await lock(join(stateDir, 'agent.lock'), options.pid);
  if (held.kind === 'taken') throw new Fault('AGENT_RUNNING', { pid: held.pid, stateDir });
  const closers: Closer[] = [() => held.release()];
  const ended = new AbortController();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(closers, ended, options.logger));
  try {
    const { socket, state } = await start(options, closers, ended.signal);
    return { socket, state, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(options: AgentOptions, closers: Closer[], signal: AbortSignal): Promise<Omit<Agent, 'close'>> {
  const { stateDir, home, env, platform, uid, logger } = options;
  const reaped = await reapLeftovers(stateDir);
  if (reaped > 0) logger.warn({ count: reaped }, 'leftovers of an agent that was killed were ended');

  // what IT set, and where secrets lie
  const profileOptions = { platform, uid, file: options.profileFile };
  const profile = await watchProfile(profileOptions, () => void settling.ask('profile'), logger);
  closers.push(() => profile.close());
  const secretStore = await openSecretStore({ stateDir, service: secretService(stateDir), logger });
  const sealer = await openSealer(secretStore);
  const launcher = await writeLauncher(options);
  const hostEnv = hostEnvironment(home, options.ownHome, env);
  const first = firstState({
    productVersion: options.productVersion,
    pid: options.pid,
    since: Date.now(),
    home,
    stateDir,
    secretStore: secretStore.kind,
    reading: profile.current,
  });
  const state = createState(first, (error) => logger.error({ err: error }, 'state listener failed'));

  // local servers, and the way to the gateway
  let verdicts: readonly Verdict[] = [];
  const hasher = createHasher();
  const paths = await searchPath({ home: options.ownHome, platform, env, shell: options.shell, signal });
  const resolve = (source: LocalServerSource): Promise<Launch> => {
    const { LocalServerPackageRoots, LocalServerInstall, CACertificateFile } = profile.current.profile;
    return resolveLaunch(source, {
      home,
      platform,
      environment: env,
      searchPath: paths,
      packageRoots: LocalServerPackageRoots,
      install: LocalServerInstall,
      stateDir,
      node: options.node,
      caFile: CACertificateFile,
      hasher,
      signal,
    });
  };
  const maySpawn = ({ source, fingerprint }: { source: LocalServerSource; fingerprint: Fingerprint }): Fault | undefined => {
    const { profile: values, broken } = profile.current;
    // a list of what is denied that can't be read denies everything
    if (broken.has('DeniedLocalServerCommands')) return new Fault('SERVER_DENIED', { server: source.server, by: brokenList });
    return sanction({ profile: values, verdicts, source, fingerprint });
  };
  const launches = createLaunches({ resolve, sanction: maySpawn, health: () => pool.health(), logger });
  const pool = createPool({
    launches: () => launches.current,
    sanction: maySpawn,
    limits: childLimits,
    stateDir,
    logger,
    now: Date.now,
    onContentChanged: () => void settling.ask('servers'),
  });
  closers.push(() => pool.close());
  const sanctionedPool = createSanctionedPool(pool, (server, fingerprint) => launches.refusal(server, fingerprint), logger);
  const lookAtServers = (): void => {
    sanctionedPool.check();
    const { servers, findings } = launches.view();
    state.update({ servers });
    state.found('servers', findings);
  };
  const uplink = createUplink({
    stateDir,
    secretStore,
    osUser: options.userName,
    hostname: options.hostname,
    platform,
    product: `drawbridge/${options.productVersion}`,
    pool: sanctionedPool,
    offers: () => launches.offers(),
    onVerdicts: (said) => {
      verdicts = said;
      lookAtServers();
    },
    onTunnel: (tunnel) => onTunnel(tunnel),
    now: Date.now,
    logger,
  });
  closers.push(() => uplink.close());
  let hasFailed = false;
  const onTunnel = (tunnel: AgentTunnel): void => {
    const before = state.current.tunnel;
    if (tunnel.kind === 'offline') hasFailed = true;
    if (tunnel.kind === 'connected' || tunnel.kind === 'off') hasFailed = false;
    state.update({ tunnel, ...(before.kind === 'connected' ? { lastConnectedAt: Date.now() } : {}) });
    state.found('tunnel', tunnelFindings(tunnel, hasFailed));
    state.found('gateway', gatewayNow().findings);
    // which gateway the hosts are to use may be known only now
    if (tunnel.kind === 'connected' && gatewayNow().slug !== state.current.gateway) void settling.ask('hosts');
  };
  const gatewayNow = (): ReturnType<typeof gatewayOf> => gatewayOf(profile.current, state.current.tunnel, state.current.gateway);

  // one thing follows from another: profile -> device -> hosts -> servers; one settling at a time
  const configs = watchConfigs(() => void settling.ask('hosts'), logger);
  closers.push(() => configs.close());
  const settling = createSettling(settleFrom, signal, logger);
  closers.push(() => settling.idle());
  async function settleFrom(from: From): Promise<void> {
    const reading = profile.current;
    if (from === 'profile') {
      logger.level = reading.profile.LogLevel;
      state.update({ profile: profileView(reading, Date.now()) });
      state.found('profile', reading.findings);
      const found = await uplink.follow(reading.profile);
      const { device } = uplink;
      state.update({ device: device && deviceView(device) });
      state.found('device', [...found, ...storeFindings(secretStore)]);
      await state.until(({ tunnel }) => tunnel.kind !== 'connecting', state.current.isComplete ? 0 : firstWordMs, signal);
    }
    if (from !== 'servers') await settleHosts(reading);
    const taken = await localServers({ stateDir, sealer, env: hostEnv });
    if (!(await launches.resolve(sourcesOf(reading.profile, taken)))) return;
    uplink.tunnel?.offersChanged();
    lookAtServers();
  }
  async function settleHosts({ profile: values }: ProfileReading): Promise<void> {
    const { slug, findings } = gatewayNow();
    state.found('gateway', findings);
    const { GatewayURL: gatewayOrigin, ManagedHosts: managedHosts, EnforcementMode: mode } = values;
    const ours = slug !== undefined && gatewayOrigin !== undefined ? { gatewayOrigin, gateway: slug } : undefined;
    // a device that can't reach the gateway would only lose its servers
    const mayEnforce = mode === 'enforce' && uplink.device !== undefined;
    const scanned = await scan(
      { managedHosts, ...(ours ? { ours } : {}), ...(ours && mayEnforce ? { enforce: ours } : {}) },
      { home, stateDir, platform, env: hostEnv, launcher, sealer, now: Date.now, logger, signal },
    );
    state.update({ hosts: scanned.hosts, ...(slug === undefined ? {} : { gateway: slug }) });
    state.found('hosts', scanned.findings);
    await configs.follow(scanned.hosts);
  }

  // who asks
  const heartbeat = createHeartbeat({
    facts: options,
    file: async () => profile.current.profile.PostureStatusPath ?? (await postureFilePath(options)),
    heartbeatSeconds: () => profile.current.profile.PostureHeartbeatMinutes * 60,
    current: () => state.current,
    signer: () => {
      const { device } = uplink;
      return device && { keyId: device.workstation, sign: (text) => device.sign(text) };
    },
    now: Date.now,
    logger,
  });
  closers.push(() => heartbeat.close());
  // the last posture must not say that a tunnel is up
  closers.push(() => state.update({ tunnel: { kind: 'off', since: Date.now(), reason: 'stopping' } }));
  const openHost = async (host: string, { gateway, server }: Target, events: HostEvents): Promise<HostEnd> => {
    const isDecided = ({ tunnel }: AgentState): boolean => tunnel.kind === 'connected' || refusalOf(tunnel) !== undefined;
    const { tunnel } = (await state.until(isDecided, waitForTunnelMs, signal)) ?? state.current;
    const refusal = refusalOf(tunnel);
    if (refusal) throw refusal;
    if (!uplink.tunnel) throw new Fault('GATEWAY_UNREACHABLE', { reason: 'it is being dialed' });
    return uplink.tunnel.openHost({ host, gateway, ...(server === undefined ? {} : { server }) }, events);
  };
  const command = async (asked: AgentCommand): Promise<unknown> => {
    lookAtServers();
    switch (asked) {
      case 'status':
        return state.current;
      case 'servers':
        return state.current.servers;
      case 'posture':
        return heartbeat.beat();
      case 'reload':
        await profile.reload();
        await settling.ask('profile');
        return { findings: state.current.findings };
    }
  };
  const socket = await serveSocket({
    path: socketPath(stateDir, platform, uid),
    uid,
    gatewayUrl: () => profile.current.profile.GatewayURL,
    messageLimitBytes: defaultMessageLimitBytes,
    openHost,
    command,
    subscribe(listener) {
      lookAtServers();
      return state.subscribe(listener);
    },
    logger,
  });
  closers.push(() => socket.close());

  await settling.ask('profile');
  signal.throwIfAborted();
  state.update({ isComplete: true });
  await heartbeat.beat();
  closers.push(state.subscribe(() => heartbeat.changed()));
  const looks = setInterval(lookAtServers, lookAtServersMs).unref();
  closers.push(() => clearInterval(looks));
  let scans: NodeJS.Timeout | undefined;
  const scanLater = (): void => {
    scans = setTimeout(
      () => void settling.ask('profile').then(scanLater),
      profile.current.profile.ScanIntervalMinutes * 60_000,
    ).unref();
  };
  scanLater();
  closers.push(() => clearTimeout(scans));
  return { socket: socket.path, state: () => state.current };
}

const brokenList = 'the profile of this device: its list of denied commands is not valid';

/** The last opened first. What hangs is not waited for longer than the deadline: whoever stops us counts on it. */
async function closeAll(closers: readonly Closer[], ended: AbortController, logger: Logger): Promise<void> {
  ended.abort();
  const late = setTimeout(() => logger.error('stopping took too long'), closeWithinMs);
  const deadline = new Promise<void>((resolve) => {
    late.unref();
    setTimeout(resolve, closeWithinMs).unref();
  });
  const all = (async () => {
    for (const close of closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        logger.error({ err: error }, 'closing failed');
      }
    }
  })();
  await Promise.race([all, deadline]);
  clearTimeout(late);
}
