// The gateway server, put together: each part is opened once, in the order in which the next needs it, and closed in reverse.
// Whatever fails while it starts closes what was open already; nothing is served before everything stands.
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { adminPath } from '#contract/admin-operation.ts';
import { acceptHosts } from './accept-host.ts';
import { watchAlerts } from './alert/alerts.ts';
import { gaugeAudit } from './audit-gauge.ts';
import { createDeedLog } from './audit/deed-log.ts';
import { openAuditKey } from './audit/key.ts';
import { openOwnChain } from './audit/own-chain.ts';
import { openRecorder } from './audit/spool.ts';
import { startUpkeep } from './audit/upkeep.ts';
import { createMemoryBus } from './bus/memory.ts';
import { followCertificate, readCertificate } from './certificate.ts';
import { openSignIn, readWays } from './configured.ts';
import { openRequestKeys } from './caller/request-key.ts';
import { deriveSecret, openSigningKey } from './caller/signing-key.ts';
import { createHostLog } from './caller/host-log.ts';
import { createStanding } from './caller/standing.ts';
import { createTokenCheck } from './caller/token.ts';
import { createEnrollRoute } from './http/enroll.ts';
import { createHealth } from './http/health.ts';
import { createMcpRoute } from './http/mcp.ts';
import { createOldRoute } from './http/old-stream.ts';
import { clientAddress, describeSite } from './http/origin.ts';
import { createIdentityPages } from './http/identity/route.ts';
import { createReaders } from './http/reader.ts';
import { scimPath } from './http/scim/path.ts';
import { createRoutes } from './http/routes.ts';
import { openServer } from './http/server.ts';
import { createPersonSessions } from './http/sign-in/person-session.ts';
import { openTicketKey, renewTicketKey, ticketSeconds } from './http/ticket-key.ts';
import { createWellKnown } from './http/well-known.ts';
import { makeDataDirectory } from './data-directory.ts';
import { createLateEgress } from './egress/late.ts';
import { createRequestSigner } from './egress/signature.ts';
import { giveBackMemory } from './heap.ts';
import { createIdentities } from './identity/identities.ts';
import { openIdentities } from './identity/open.ts';
import { identitiesPath } from './identity/words.ts';
import { openInForce } from './in-force.ts';
import { createLateParts } from './late.ts';
import { createMcpSessions } from './mcp/session.ts';
import { createEarlyMetrics } from './metrics.ts';
import { memberOff, serverOff } from './policy/decide.ts';
import { createPipeline, type PipelineDeps } from './pipeline/pipeline.ts';
import { createPinning } from './pipeline/pinning.ts';
import { readinessOf } from './readiness.ts';
import { compileDepsOf } from './rule/loading.ts';
import { createScreening } from './screening.ts';
import { locationOf, type ServeSettings } from './settings.ts';
import { openSinks } from './sink/sinks.ts';
import { lockDataDirectory } from './store/lock.ts';
import { createStateReader } from './state.ts';
import { openStore } from './store/open.ts';
import { watchRevision } from './store/watch.ts';
import { createTunnels } from './tunnel/tunnels.ts';
import { byKind } from './upstream/by-kind.ts';
import { createRemoteUpstream } from './upstream/remote.ts';
import { createWorkstationUpstream } from './upstream/workstation.ts';
import { openKeys } from './vault/open.ts';
import { createVault } from './vault/vault.ts';

export interface RunningGateway {
  /** Origin that hosts and bridges use. */
  readonly url: string;
  readonly metricsUrl: string;
  /** Stops in reverse order; resolves when everything is closed. Idempotent. */
  close(): Promise<void>;
}

const drainWithinMs = 2_000;

export async function startGateway(settings: ServeSettings, logger: Logger): Promise<RunningGateway> {
  const closers: (() => unknown)[] = [];
  /** Remembers how a part is closed, in the order of opening. */
  function opened<T>(part: T, close: (part: T) => unknown): T {
    closers.push(() => close(part));
    return part;
  }
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= closeInReverse(closers, logger));
  try {
    return { ...(await start(settings, logger, opened)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  settings: ServeSettings,
  logger: Logger,
  opened: <T>(part: T, close: (part: T) => unknown) => T,
): Promise<{ url: string; metricsUrl: string }> {
  const { dataDir, messageLimitBytes } = settings;
  const now = Date.now;
  makeDataDirectory(dataDir);
  opened(await lockDataDirectory(dataDir), (lock) => lock.release());
  const certificate = await readCertificate(settings.certificateFiles);
  const ticketKey = certificate && (await openTicketKey(dataDir, now()));
  const tickets = ticketKey && { ticketKeys: ticketKey, sessionTimeout: ticketSeconds };
  const server = await openServer({
    listen: settings.listen,
    setting: '--listen',
    certificate: certificate && { ...certificate, ...tickets },
    logger,
  });
  opened(server, () => server.close(0));
  if (ticketKey) opened(renewTicketKey({ dataDirectory: dataDir, key: ticketKey, server, now, logger }), (it) => it.close());
  const { certificateFiles: files } = settings;
  if (files && certificate) opened(followCertificate({ files, certificate, server, logger }), (it) => it.close());
  const publicOrigin = settings.publicOrigin ?? originOf(server.address, certificate !== undefined);
  const metricsServer = await openServer({
    listen: settings.metricsListen,
    setting: '--metrics-listen',
    certificate: undefined,
    logger,
  });
  opened(metricsServer, () => metricsServer.close(0));

  const store = opened(await openStore(locationOf(settings), { logger, backupDirectory: join(dataDir, 'backup') }), (it) =>
    it.close(),
  );
  const organization = await store.organization();
  const signingKey = await openSigningKey(dataDir);
  logger.info({ organization, kid: signingKey.kid, dataDir }, 'opened the data');

  const bus = createMemoryBus({ logger });
  const audit = await openAuditKey(dataDir);
  // Pipeline and tunnels stand on the recorder, and come after it.
  let underWay = (): number => 0;
  let proving = (): number => 0;
  let calls = 0;
  const chain = settings.database.kind === 'sqlite' ? 'main' : await openOwnChain(dataDir, { ...audit, kid: signingKey.kid });
  const spool = await openRecorder({
    store,
    ...audit,
    chain,
    mode: settings.audit,
    siblings: () => underWay() + proving(),
    logger,
  });
  const recorder = opened(gaugeAudit(spool, now), (it) => it.close());
  const deeds = opened(createDeedLog({ store, recorder, logger, now }), (it) => it.close());
  bus.subscribe('changed', () => deeds.look());
  const readState = createStateReader(store);
  const hashSecret = deriveSecret(signingKey, 'rule hashes');
  const inForce = opened(await openInForce({ store, readState, bus, logger, hashSecret }), (it) => it.close());
  const hostLog = opened(createHostLog({ store, logger, now }), (it) => it.close());
  const onUse = hostLog.used;
  const tokenCheck = opened(createTokenCheck({ store, bus, now, onUse }), (it) => it.close());

  const late = createLateParts(() => isQuiet());
  // Where it fails the process ends, as below.
  const metrics = createEarlyMetrics(() => void metricsRoutes());
  let hostsSignIn = false;
  const tunnels = opened(
    createTunnels({
      store,
      readState,
      bus,
      organization,
      publicOrigin,
      recorder,
      logger,
      now,
      messageLimitBytes,
      hostsSignIn: () => hostsSignIn,
      off: {
        member: ({ user, workstation }) => memberOff(inForce.current(), user.slug, workstation.id),
        server: (server) => serverOff(inForce.current(), server),
      },
      acceptHost: (presence, open, channel) => acceptHost(presence, open, channel),
    }),
    (it) => it.close(),
  );
  proving = () => tunnels.proving();
  // The first of them: workstations are on their way back.
  const tunnelUpgrade = late.part(async () => {
    const { createTunnelUpgrade } = await import('./http/tunnel.ts');
    return createTunnelUpgrade({ tunnels, addressOf });
  });
  inForce.onChange(() => tunnels.switched());
  const onDropped = metrics.notificationDropped;
  const { ways, published } = await readWays(settings);
  const requestKeys = openRequestKeys(dataDir);
  const signer = createRequestSigner({ key: (at) => requestKeys.current(at), now });
  const openEgress = late.part(async () => {
    const { createEgress } = await import('./egress/egress.ts');
    const onRefused = (of: object) => logger.warn(of, 'an address was refused that a request would have gone to');
    return createEgress({ ways, signer, onRefused });
  });
  const egress = opened(createLateEgress(openEgress), (it) => it.close());
  const { keys } = openKeys(dataDir, settings.vaultKeys);
  const vault = opened(createVault({ store, bus, keys }), (it) => it.close());
  const source = { organization, host: new URL(publicOrigin).hostname, now };
  const sinkParts = { source, egress, directory: join(dataDir, 'sink') };
  const sinks = await openSinks({
    store,
    bus,
    keys,
    recorder,
    ...sinkParts,
    holder: chain,
    logger,
  });
  opened(sinks, (it) => it.close());
  opened(watchAlerts({ store, recorder, chain, publicOrigin, logger, now }), (it) => it.close());
  const signInAt = openIdentities({ store, keys, vault, egress, recorder, publicOrigin, logger, now });
  const page = settings.signInFile === undefined ? undefined : `${publicOrigin}${identitiesPath}`;
  const identities = createIdentities({ ...signInAt, page });
  const { screen, capture } = createScreening({ store, keys, inForce, egress, recorder, logger, onDropped, now });
  const workstations = createWorkstationUpstream({ hub: tunnels, inForce, onDropped, screen: screen.notification, now });
  const remotes = createRemoteUpstream({ egress, identities, messageLimitBytes, onDropped, screen: screen.notification, now });
  const pinning = createPinning({ inForce, store: store.pin, recorder, logger, now });
  const upstream = opened(pinning.over(byKind(workstations, remotes)), (it) => it.close());
  const pipelineDeps: PipelineDeps = {
    sealSecret: deriveSecret(signingKey, 'seals'),
    inForce,
    upstream,
    recorder,
    screen,
    seen: pinning.seen,
    capture,
    full: () => sinks.full(),
    logger,
    stands: createStanding({ store, now }),
    onRecord: (record) => {
      calls++;
      metrics.call(record.decision, record.code, Math.max(now() - record.at, 0));
      tunnels.recorded(record);
    },
  };
  const pipeline = createPipeline(pipelineDeps);
  const release = (conversation: string) => pipeline.release(conversation);
  const onRootsChanged = (conversation: string) => upstream.hear(conversation, { kind: 'roots-changed' });
  underWay = () => pipeline.underWay();
  const upkeep = opened(
    startUpkeep({
      ...{ store, ...audit, recorder, chain, dataDir, logger, now },
      isQuiet: () => underWay() + proving() === 0,
      calls: () => calls,
    }),
    (it) => it.close(),
  );
  const isQuiet = () => underWay() === 0 && tunnels.greeting() === 0;
  opened(giveBackMemory({ isQuiet, arrived: () => tunnels.greeted() }), (it) => it.close());
  const acceptHost = acceptHosts({ inForce, onUse, pipeline, onRootsChanged, onEnd: release });
  const sessions = opened(createMcpSessions({ now, onEnd: release }), (it) => it.close());
  opened(watchRevision(store, bus, { logger }), (it) => it.close());

  const site = describeSite({
    publicOrigin,
    listen: { ...server.address, isSecure: certificate !== undefined },
    allowedOrigins: settings.allowedOrigins,
    proxies: settings.proxies,
  });
  const addressOf = (request: IncomingMessage) => clientAddress(site, request);
  const health = createHealth(readinessOf({ store, inForce, recorder }), logger);
  const people = createPersonSessions({ store, isSecure: publicOrigin.startsWith('https:'), now });
  const identityPages = createIdentityPages({
    ...signInAt,
    publicOrigin,
    sessions: people,
    logger,
    hasSignIn: page !== undefined,
  });
  const signIn = await openSignIn({
    settings,
    ways,
    identitiesPath,
    sessions: people,
    isIdentityMissing: identityPages.isMissing,
    egress,
    publicOrigin,
    signingKey,
    store,
    recorder,
    logger,
    now,
    addressOf,
  });
  hostsSignIn = signIn?.letsAnyHostIn === true;
  const readers = createReaders({ logger });
  const administration = late.part(async () => {
    const { openAdministration } = await import('./administration.ts');
    return openAdministration({
      store,
      signingKey,
      keys,
      now,
      recorder,
      publicOrigin,
      logger,
      addressOf,
      sinkParts,
      trail: upkeep,
      compile: compileDepsOf(hashSecret),
      signIn: signInAt,
      previewed: pipelineDeps,
      onChanged: () => bus.publish('changed'),
    });
  });
  const routes = createRoutes({
    site,
    health,
    mcp: createMcpRoute({
      tokenCheck,
      pipeline,
      sessions,
      readers,
      onRootsChanged,
      messageLimitBytes,
      challenge: signIn?.challenge,
    }),
    oldMcp: createOldRoute({ tokenCheck, pipeline, readers, onRootsChanged, onEnd: release, messageLimitBytes }),
    enroll: createEnrollRoute({ store, recorder, organization, publicOrigin, now, logger, addressOf }),
    pages: (request, response, path) => identityPages.answer(request, response, path) ?? signIn?.answer(request, response, path),
    wellKnown: createWellKnown({
      publicOrigin,
      published,
      keys: async () => (await requestKeys.all()).map((one) => one.published),
    }),
    admin: (request, response, path) =>
      path.startsWith(`${adminPath}/`) ? administration().then(({ admin }) => admin(request, response, path)) : undefined,
    scim: (request, response, path) =>
      path === scimPath || path.startsWith(`${scimPath}/`)
        ? administration().then(({ scim }) => scim(request, response, path))
        : undefined,
    tunnel: async (request, socket, head) => (await tunnelUpgrade())(request, socket, head),
    logger,
  });
  const metricsRoutes = late.part(async () => {
    const { createMetrics, createMetricsRoutes } = await import('./http/metrics.ts');
    const shown = createMetrics({
      tunnels: () => tunnels.count(),
      sessions: () => sessions.count(),
      streams: () => readers.count(),
      recordsWaiting: () => recorder.waiting(),
      recordsOverdueMs: () => upkeep.overdueMs(),
      callsWaiting: () => pipeline.waiting(),
      sinks: () => sinks.standing(),
    });
    metrics.showBy(shown);
    return createMetricsRoutes({ metrics: shown, logger });
  });
  metricsServer.serve({
    onRequest: async (request, response) => (await metricsRoutes()).onRequest(request, response),
    onUpgrade: (_request, socket) => socket.destroy(),
  });
  server.serve(routes);
  // Requests under way end first, while everything that they need still stands.
  opened(server, () => server.close(drainWithinMs));
  // Hosts that only listen would never end.
  opened(readers, (it) => it.close());
  // Whoever may no more listen is cut as soon as that is known.
  inForce.onChange(() => readers.review());
  opened(pipeline, (it) => it.close());
  logger.info({ url: publicOrigin, address: server.address }, 'listening');
  // Not waited for. Where one can't be opened nobody catches it, and the process ends: as it would, had it been needed to listen.
  void opened(late, (it) => it.close()).open();
  return { url: publicOrigin, metricsUrl: `${originOf(metricsServer.address, false)}/metrics` };
}

async function closeInReverse(closers: readonly (() => unknown)[], logger: Logger): Promise<void> {
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error }, 'a part did not close');
    }
  }
}

function originOf({ host, port }: { host: string; port: number }, isSecure: boolean): string {
  return new URL(`${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`).origin;
}
