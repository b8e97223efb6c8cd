// A gateway server's tunnel side with everything real behind it: SQLite, the audit's recorder, an HTTP server on loopback; and bridges that enroll and dial.
import { randomBytes, hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { AuditRecord, type EventRecord } from '#contract/audit.ts';
import { enrollPath } from '#contract/enrollment.ts';
import type { Fault } from '#contract/error.ts';
import { newId, Slug, TokenId, type OrganizationId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { Remnant } from '#contract/remnant.ts';
import { Secret } from '#contract/secret.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import type { TunnelState } from '#contract/tunnel-state.ts';
import { enroll, type DeviceIdentity } from '../../../bridge/device/enroll.ts';
import type { SecretStore } from '../../../bridge/device/keychain.ts';
import { openSecretFile } from '../../../bridge/device/secret-file.ts';
import { launchOf, offerOf, type Launch } from '../../../bridge/server/launch.ts';
import type { Pool } from '../../../bridge/server/pool.ts';
import { dial, type DialDeps, type Tunnel } from '../../../bridge/tunnel/dial.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import type { Recorder } from '../../../gateway/audit/record.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { createMemoryBus } from '../../../gateway/bus/memory.ts';
import { createEnrollRoute } from '../../../gateway/http/enroll.ts';
import { answerFault } from '../../../gateway/http/error.ts';
import { createTunnelUpgrade } from '../../../gateway/http/tunnel.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { watchRevision } from '../../../gateway/store/watch.ts';
import type { AcceptHost, Channel, ChannelEvents } from '../../../gateway/tunnel/hub.ts';
import { createTunnels, type Tunnels, type TunnelsDeps } from '../../../gateway/tunnel/tunnels.ts';
import { poolOf, until } from '../../bridge/server/fixture.ts';
import { openFaultProxy, type FaultProxy } from '../../fake/fault-proxy.ts';

export const silent = pino({ level: 'silent' });

export interface Stage {
  readonly store: Store;
  readonly tunnels: Tunnels;
  readonly recorder: Recorder;
  readonly organization: OrganizationId;
  readonly port: number;
  /** As bridges dial it: through the proxy. */
  readonly origin: string;
  readonly proxy: FaultProxy;
  /** A token that enrolls one workstation of this user. */
  token(user: string, change?: { readonly createdAt?: number; readonly expiresAt?: number }): Promise<Secret<string>>;
  device(user: string, change?: Partial<Parameters<typeof enroll>[0]>): Promise<DeviceIdentity>;
  /** A bridge of this device, closed when the test is over. */
  bridge(device: DeviceIdentity, change?: Partial<DialDeps>): Bridge;
  events(): Promise<readonly EventRecord[]>;
}

export interface Bridge extends Tunnel {
  readonly states: TunnelState[];
  readonly verdicts: (readonly Verdict[])[];
  connected(): Promise<void>;
}

/** A pool of a device without local servers. */
export const emptyPool: Pool = {
  open: () => Promise.reject(new Error('nothing runs here')),
  close: () => Promise.resolve(),
};

export async function folder(): Promise<string> {
  const made = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-tunnel-'));
  onTestFinished(() => rm(made, { recursive: true, force: true, maxRetries: 10 }));
  return made;
}

export async function createStage(change: Partial<TunnelsDeps> & { readonly server?: Server } = {}): Promise<Stage> {
  const dir = await folder();
  const store = await openStore({ kind: 'sqlite', file: join(dir, 'store.sqlite') }, { logger: silent });
  onTestFinished(() => store.close());
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['dev'] }, bob: { email: 'bob@example.org', teams: ['dev'] } },
    teams: { dev: { gateways: ['eng'] } },
    gateways: { eng: {} },
  });
  await store.replacePolicy(policy, await store.revision(), Date.now());
  const organization = await store.organization();
  const bus = createMemoryBus({ logger: silent });
  const audit = await openAuditKey(dir);
  const recorder = await openRecorder({ store, ...audit, chain: 'main', mode: 'durable', logger: silent });
  onTestFinished(() => recorder.close());
  const server = change.server ?? createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  const proxy = await openFaultProxy({ port: address.port });
  onTestFinished(() => proxy.close());
  const origin = `http://127.0.0.1:${proxy.port}`;
  const publicOrigin = change.publicOrigin ?? origin;
  const deps = { store, bus, organization, publicOrigin, recorder, logger: silent, now: Date.now };
  const tunnels = createTunnels({ ...deps, acceptHost: refuseHosts, ...change });
  const upgrade = createTunnelUpgrade({ tunnels });
  const enrolls = createEnrollRoute(deps);
  server.on('upgrade', upgrade);
  server.on('request', (request, response) => {
    if (request.url === enrollPath) enrolls(request, response).catch((error: unknown) => answerFault(response, error, silent));
    else response.writeHead(404).end();
  });
  const watch = watchRevision(store, bus);
  onTestFinished(async () => {
    watch.close();
    await tunnels.close();
    server.close();
    server.closeAllConnections();
  });

  const token = async (user: string, other: { readonly createdAt?: number; readonly expiresAt?: number } = {}) => {
    const text = randomBytes(32).toString('base64url');
    const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000, revokedAt: null, spentAt: null };
    const id = TokenId.parse(newId());
    await store.addToken({ kind: 'enroll', id, user: Slug.parse(user), hash: hash('sha256', text), ...times, ...other });
    return new Secret(text);
  };

  return {
    store,
    tunnels,
    recorder,
    organization,
    port: address.port,
    origin,
    proxy,
    token,
    async device(user, other = {}) {
      const stateDir = await folder();
      const secretStore = secretFile(stateDir);
      const facts = { osUser: user, hostname: 'laptop', platform: 'linux' as const };
      return enroll({ gatewayOrigin: origin, token: await token(user), secretStore, stateDir, ...facts, ...other });
    },
    bridge(device, other = {}) {
      const states: TunnelState[] = [];
      const verdicts: (readonly Verdict[])[] = [];
      const tunnel = dial({
        gatewayOrigin: device.gatewayOrigin,
        device,
        pool: emptyPool,
        offers: () => [],
        onVerdicts: (one) => void verdicts.push(one),
        onState: (state) => void states.push(state),
        logger: silent,
        random: () => 0,
        product: 'test',
        ...other,
      });
      onTestFinished(() => tunnel.close());
      return {
        states,
        verdicts,
        get state() {
          return tunnel.state;
        },
        offersChanged: () => tunnel.offersChanged(),
        reportsChanged: () => tunnel.reportsChanged(),
        openHost: (open, events) => tunnel.openHost(open, events),
        wake: () => tunnel.wake(),
        close: () => tunnel.close(),
        connected: () => until(() => tunnel.state.kind === 'connected' && tunnels.presence(device.workstation) !== undefined),
      };
    },
    async events() {
      const newest = await store.newestRecords(1000);
      return newest
        .toReversed()
        .map(({ body }) => AuditRecord.parse(JSON.parse(body)))
        .filter((record) => record.kind === 'event');
    },
  };
}

export function secretFile(stateDir: string): SecretStore {
  return { kind: 'file', ...openSecretFile(join(stateDir, 'secret.json')) };
}

const refuseHosts: AcceptHost = () => Promise.reject(new Error('no host is served here'));

export interface Heard extends ChannelEvents {
  readonly messages: Buffer[];
  readonly aborted: Fault[];
  /** What was left of each of them. */
  readonly remnants: (Remnant | undefined)[];
  readonly closed: (Fault | undefined)[];
}

export function hear(): Heard {
  const messages: Buffer[] = [];
  const aborted: Fault[] = [];
  const remnants: (Remnant | undefined)[] = [];
  const closed: (Fault | undefined)[] = [];
  return {
    messages,
    aborted,
    remnants,
    closed,
    onMessage: (body) => void messages.push(body),
    onAborted: (fault, remnant) => {
      aborted.push(fault);
      remnants.push(remnant);
    },
    onClosed: (fault) => void closed.push(fault),
  };
}

/** Opens a channel to a launch's server. */
export function openTo(stage: Stage, device: DeviceIdentity, launch: Launch, events: ChannelEvents): Promise<Channel> {
  const { server } = offerOf(launch);
  return stage.tunnels.open(device.workstation, server, launch.fingerprint, events, AbortSignal.timeout(20_000));
}

export const offersOf = (...launches: readonly Launch[]): readonly Offer[] => launches.map((launch) => offerOf(launch));

/** A program of the system as a local server: `cat` says each line back as it came. */
export function launchProgram(server: string, file: string, ...args: readonly string[]): Launch {
  return launchOf(
    { server: Slug.parse(server), line: { command: file, args: [...args], env: {} }, hosts: [], origin: 'host' },
    { kind: 'file', identity: file, contentHash: '0', shown: args, file, args, verify: () => Promise.resolve(true) },
    { env: {}, cwd: tmpdir() },
  );
}

/** A stage with one enrolled device whose pool runs `cat`, and its bridge, connected. */
export async function createEcho(change: Parameters<typeof createStage>[0] = {}, bridgeChange: Partial<DialDeps> = {}) {
  const stage = await createStage(change);
  const device = await stage.device('ada');
  const launch = launchProgram('echo', '/bin/cat');
  const limits = { messageBytes: 8 * 1024 * 1024, children: 100 };
  const pool = poolOf([launch], await folder(), { limits });
  const bridge = stage.bridge(device, { pool, offers: () => offersOf(launch), ...bridgeChange });
  await bridge.connected();
  return { stage, device, launch, pool, bridge };
}
