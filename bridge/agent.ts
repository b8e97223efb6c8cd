// The agent: everything that runs on the device for one user, without a window. The root of the bridge: it chooses the parts, joins them and ends them in reverse order.
// Two hosts start it: the CLI (headless) and the companion; so it prints nothing, reads no argument and no environment: all of that is handed in.
import { uptime } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AgentPause, AgentState, AgentTunnel } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import { defaultMessageLimitBytes } from '#contract/frame.ts';
import { summaryOf, type PostureSummary } from '#contract/posture-summary.ts';
import { mergeCalls } from '#contract/recent-call.ts';
import { watchConfigs } from './config-watch.ts';
import { createDesk } from './desk.ts';
import { openSecretStore } from './device/keychain.ts';
import { openSealer } from './device/sealer.ts';
import { diagnosticsText } from './diagnostics.ts';
import { lastingProgram } from './lasting.ts';
import { writeLauncher } from './launcher.ts';
import { openLocalServers } from './local-servers.ts';
import { createLateHosts } from './late-hosts.ts';
import { hostEnvironment, secretService } from './location.ts';
import { letHeapGrow } from './heap.ts';
import { sweepPosture, sweepState } from './leftover.ts';
import { openPause } from './pause.ts';
import { createHeartbeat } from './posture/heartbeat.ts';
import { postureFilePath } from './posture/status-file.ts';
import { watchProfile } from './profile/watch.ts';
import { openReports } from './reports.ts';
import { reapLeftovers } from './server/ledger.ts';
import { lock } from './lock.ts';
import { openPrivateDirectory } from './socket/directory.ts';
import { socketPath } from './socket/path.ts';
import type { HostEnd, HostEvents } from './socket/relay.ts';
import { serveSocket } from './socket/serve.ts';
import type { Target } from './socket/target.ts';
import { createSettle } from './settle.ts';
import { createSettling } from './settling.ts';
import { createState } from './state.ts';
import { createUplink, refusalOf } from './uplink.ts';
import { firstState, gatewayOf, pauseFindings, tunnelFindings } from './view.ts';

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
  /** What it runs in, for diagnostics. */
  readonly runtime: string;
  readonly logger: Logger;
  /** The last lines that went to the log, oldest first. */
  readonly logLines: () => readonly string[];
}

export interface Agent {
  readonly socket: string;
  /** Resolves when a client asked it to end and the profile allows that; whoever started it then closes it. */
  readonly stopAsked: Promise<void>;
  state(): AgentState;
  /** Ends everything within 3 s. Idempotent. */
  close(): Promise<void>;
}

const waitForTunnelMs = 10_000;
const dialFirstMs = 50;
const lookAtServersMs = 2_000;
const closeWithinMs = 2_500;

type Closer = () => Promise<unknown> | void;

/** Starts the agent; resolves when its first state is complete. Rejects with AGENT_RUNNING where there is one already. */
export async function runAgent(options: AgentOptions): Promise<Agent> {
  const { stateDir, uid } = options;
  await openPrivateDirectory(stateDir, uid);
  const held = await lock(join(stateDir, 'agent.lock'), options.pid);
  if (held.kind === 'taken') throw new Fault('AGENT_RUNNING', { pid: held.pid, stateDir });
  letHeapGrow();
  const closers: Closer[] = [() => held.release()];
  const ended = new AbortController();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(closers, ended, options.logger));
  try {
    const program = await lastingProgram(options);
    return { ...(await start({ ...options, ...program }, closers, ended.signal)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(options: AgentOptions, closers: Closer[], signal: AbortSignal): Promise<Omit<Agent, 'close'>> {
  const { stateDir, home, env, platform, uid, logger } = options;
  const now = Date.now;

  // what IT set, where secrets lie, what the organization is to be told: each read while the others are
  const watching = watchProfile(
    { platform, uid, userName: options.userName, file: options.profileFile },
    () => void settling.ask('profile'),
    logger,
  );
  closers.push(async () => (await watching).close());
  const opening = openReports({ stateDir, now, onChange: () => uplink.tunnel?.reportsChanged(), logger });
  closers.push(async () => (await opening).close());
  const unlocking = openSecretStore({ stateDir, service: secretService(stateDir) });
  const [profile, reports, secretStore, sealer, launcher, reaped, swept] = await Promise.all([
    watching,
    opening,
    unlocking,
    unlocking.then(openSealer),
    writeLauncher(options),
    reapLeftovers(stateDir),
    sweepState(stateDir, uid),
  ]);
  if (secretStore.kind === 'file') logger.warn({ reason: secretStore.reason }, 'secrets are kept in a file');
  if (reaped > 0) logger.warn({ count: reaped }, 'leftovers of an agent that was killed were ended');
  if (swept > 0) logger.info({ count: swept }, 'half-written files of a process that was killed were removed');
  const hostEnv = hostEnvironment(home, options.ownHome, env);
  const { productVersion, pid } = options;
  const first = { productVersion, pid, since: now(), home, stateDir, secretStore: secretStore.kind, reading: profile.current };
  const state = createState(firstState(first), (error) => logger.error({ err: error }, 'state listener failed'));

  // what the user may do
  const onPause = (pause: AgentPause | undefined): void => {
    state.update({ paused: pause });
    state.found('pause', pauseFindings(pause));
    // at once: a settling that runs may take long
    uplink.follow(profile.current.profile).catch((err: unknown) => logger.error({ err }, 'a pause could not be followed'));
    void settling.ask('profile');
  };
  const pause = await openPause({
    stateDir,
    profile: () => profile.current.profile,
    reports,
    onChange: onPause,
    now,
    boot: options.bootId === undefined ? undefined : { id: options.bootId, uptimeMs: () => uptime() * 1000 },
    logger,
  });
  closers.push(() => pause.close());
  const isPaused = (): boolean => pause.current !== undefined;
  state.update({ paused: pause.current });
  state.found('pause', pauseFindings(pause.current));

  // local servers, and the way to the gateway
  const servers = openLocalServers({
    ...options,
    sealer,
    profile: () => profile.current,
    onContentChanged: () => void settling.ask('servers'),
    onOffers: () => {
      uplink.tunnel?.offersChanged();
      look();
    },
    signal,
  });
  closers.push(() => servers.close());
  const look = (): void => {
    const { servers: standing, findings } = servers.look();
    state.update({ servers: standing });
    state.found('servers', findings);
  };
  /** As the gateway is told it. */
  let posture: PostureSummary | undefined;
  const uplink = createUplink({
    stateDir,
    secretStore,
    osUser: options.userName,
    hostname: options.hostname,
    platform,
    product: `drawbridge/${productVersion}`,
    pool: servers.pool,
    offers: () => servers.offers(),
    onVerdicts: (said) => {
      servers.judged(said);
      look();
    },
    onTunnel: (tunnel) => onTunnel(tunnel),
    onCalls: (calls) => state.update({ calls: mergeCalls(state.current.calls, calls) }),
    reports,
    posture: () => posture,
    isPaused,
    now,
    logger,
  });
  closers.push(() => uplink.close());
  let hasFailed = false;
  const onTunnel = (tunnel: AgentTunnel): void => {
    const before = state.current.tunnel;
    if (tunnel.kind === 'offline') hasFailed = true;
    if (tunnel.kind === 'connected' || tunnel.kind === 'off') hasFailed = false;
    state.update({ tunnel, ...(before.kind === 'connected' ? { lastConnectedAt: now() } : {}) });
    state.found('tunnel', tunnelFindings(tunnel, hasFailed));
    state.found('gateway', gatewayNow().findings);
    // which gateway the hosts are to use may be known only now
    const { slug, hostsSignIn } = gatewayNow();
    const isNews = slug !== state.current.gateway || hostsSignIn !== state.current.hostsSignIn;
    if (tunnel.kind === 'connected' && isNews) void settling.ask('hosts');
  };
  const gatewayNow = (): ReturnType<typeof gatewayOf> => gatewayOf(profile.current, state.current.tunnel, state.current);
  const hosts = createLateHosts({
    home,
    stateDir,
    platform,
    env: hostEnv,
    launcher,
    sealer,
    profile: () => profile.current,
    gateway: gatewayNow,
    isEnrolled: () => uplink.device !== undefined,
    isPaused,
    report: (draft) => reports.add(draft),
    now,
    logger,
    signal,
  });

  // one thing follows from another: profile -> device -> hosts -> servers; one settling at a time
  const askHosts = (): void => void settling.ask('hosts');
  const configs = watchConfigs({ stateDir, home, places: () => hosts.places(), onDrift: askHosts, logger });
  closers.push(() => configs.close());
  const settle = createSettle({
    home,
    stateDir,
    env: hostEnv,
    sealer,
    secretStore,
    profile,
    pause,
    uplink,
    hosts,
    servers,
    configs,
    state,
    gateway: gatewayNow,
    ask: (from) => settling.ask(from),
    now,
    logger,
    signal,
  });
  const settling = createSettling(settle, signal, logger);
  closers.push(() => settling.idle());
  closers.push(() => settle.close());

  // who asks
  const heartbeat = createHeartbeat({
    facts: options,
    file: async () => profile.current.profile.PostureStatusPath ?? (await postureFilePath(options)),
    onFolder: (folder) => sweepPosture(folder, uid),
    heartbeatSeconds: () => profile.current.profile.PostureHeartbeatMinutes * 60,
    current: () => state.current,
    signer: () => {
      const { device } = uplink;
      return device && { keyId: device.workstation, sign: (text) => device.sign(text) };
    },
    onStatus(status) {
      posture = summaryOf(status);
      uplink.tunnel?.reportsChanged();
    },
    now,
    logger,
  });
  closers.push(() => heartbeat.close());
  // the last posture must not say that a tunnel is up
  closers.push(() => state.update({ tunnel: { kind: 'off', since: now(), reason: 'stopping' } }));
  const openHost = async (host: string, { gateway, server }: Target, events: HostEvents): Promise<HostEnd> => {
    const isDecided = ({ tunnel }: AgentState): boolean => tunnel.kind === 'connected' || refusalOf(tunnel) !== undefined;
    const { tunnel, paused } = (await state.until(isDecided, waitForTunnelMs, signal)) ?? state.current;
    if (paused) throw new Fault('PAUSED', { until: new Date(paused.until).toISOString() });
    const refusal = refusalOf(tunnel);
    if (refusal) throw refusal;
    if (!uplink.tunnel) throw new Fault('GATEWAY_UNREACHABLE', { reason: 'it is being dialed' });
    return uplink.tunnel.openHost({ host, gateway, ...(server === undefined ? {} : { server }) }, events);
  };
  let askToStop = (): void => {};
  const stopAsked = new Promise<void>((resolve) => (askToStop = resolve));
  const command = createDesk({
    current: () => state.current,
    profile,
    settling,
    uplink,
    servers,
    look,
    hosts,
    pause,
    heartbeat,
    diagnostics: () =>
      diagnosticsText({
        state: state.current,
        secrets: servers.secrets(),
        runtime: { of: options.runtime, platform, arch: options.arch, osVersion: options.osVersion },
        serverLogs: servers.logs(),
        log: options.logLines(),
        now: now(),
      }),
    stop(reason) {
      logger.info({ reason }, 'asked to end');
      askToStop();
    },
  });
  // the tunnel is dialed before anything else, where it is; while the gateway greets, servers that are known resolve, and clients come
  const settled = settling.ask('profile');
  await state.until(({ tunnel }) => tunnel.kind !== 'off', dialFirstMs, signal);
  void settling.ask('servers');
  const socket = await serveSocket({
    path: socketPath(stateDir, platform, uid),
    uid,
    gatewayUrl: () => profile.current.profile.GatewayURL,
    messageLimitBytes: defaultMessageLimitBytes,
    openHost,
    command,
    subscribe(listener) {
      look();
      return state.subscribe(listener);
    },
    logger,
  });
  closers.push(() => socket.close());

  await settled;
  signal.throwIfAborted();
  state.update({ isComplete: true });
  await heartbeat.beat();
  closers.push(state.subscribe(() => heartbeat.changed()));
  const looks = setInterval(() => {
    look();
    settle.lookAtRestarts().catch((error: unknown) => logger.warn({ err: error }, 'running hosts not listed'));
  }, lookAtServersMs).unref();
  closers.push(() => clearInterval(looks));
  let scans: NodeJS.Timeout | undefined;
  const scanLater = (): void => {
    const everyMs = profile.current.profile.ScanIntervalMinutes * 60_000;
    scans = setTimeout(() => void settling.ask('profile').then(scanLater), everyMs).unref();
  };
  scanLater();
  closers.push(() => clearTimeout(scans));
  return { socket: socket.path, stopAsked, state: () => state.current };
}

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
