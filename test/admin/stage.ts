// The admin API on a real socket over a real store and audit chain, with a policy of one's own, and clients made from the contract.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAdminClient, type AdminClient } from '#contract/admin-client.ts';
import { AuditRecord } from '#contract/audit.ts';
import type { Capability } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { issueAccessToken } from '../../gateway/admin/access-token.ts';
import type { AdminDeps } from '../../gateway/admin/context.ts';
import { createDeedLog, type DeedLog } from '../../gateway/audit/deed-log.ts';
import { openAuditKey } from '../../gateway/audit/key.ts';
import type { KeepingRecorder } from '../../gateway/audit/record.ts';
import { openRecorder } from '../../gateway/audit/spool.ts';
import { startUpkeep } from '../../gateway/audit/upkeep.ts';
import { remoteOf } from '../../gateway/admin-remote.ts';
import { createEgress } from '../../gateway/egress/egress.ts';
import { adminDocuments } from '../../gateway/http/admin/document.ts';
import { createAdminRoute } from '../../gateway/http/admin/route.ts';
import { createHealth } from '../../gateway/http/health.ts';
import { clientAddress, describeSite } from '../../gateway/http/origin.ts';
import { createScimRoute } from '../../gateway/http/scim/route.ts';
import { openSigningKey } from '../../gateway/caller/signing-key.ts';
import { createRoutes } from '../../gateway/http/routes.ts';
import { openServer } from '../../gateway/http/server.ts';
import { openIdentities } from '../../gateway/identity/open.ts';
import { compileDepsOf } from '../../gateway/rule/loading.ts';
import { openKeys } from '../../gateway/vault/open.ts';
import { createVault } from '../../gateway/vault/vault.ts';
import { openInForce } from '../../gateway/in-force.ts';
import { createPreview } from '../../gateway/pipeline/preview.ts';
import type { Upstream } from '../../gateway/upstream/upstream.ts';
import { followsNothing } from '../gateway/pipeline/following.ts';
import { screenBy } from '../gateway/pipeline/screening.ts';
import { byHand, openData, quiet, type Data } from '../gateway/data.ts';

export interface Stage {
  readonly origin: string;
  readonly data: Data;
  readonly deps: AdminDeps;
  readonly deeds: DeedLog;
  readonly recorder: KeepingRecorder;
  /** The clock, which stands where it was put. */
  now: number;
  /** A personal access token of a user. */
  token(user: string, capabilities?: readonly Capability[]): Promise<string>;
  client(token: string): AdminClient;
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** What is on record, the oldest first. */
  records(): Promise<readonly AuditRecord[]>;
  close(): Promise<void>;
}

/** No workstation is connected. */
const nowhere: Upstream = {
  list: ({ assignment: { server } }) => Promise.reject(new Fault('WORKSTATION_OFFLINE', { server: server.slug })),
  call: ({ assignment: { server } }) => Promise.reject(new Fault('WORKSTATION_OFFLINE', { server: server.slug })),
  tell: () => Promise.resolve(),
  meet: () => Promise.resolve(),
  about: () => undefined,
  follow: followsNothing,
  hear: () => undefined,
  release: () => undefined,
  close: () => Promise.resolve(),
};

export async function openStage(policy: PolicyFile): Promise<Stage> {
  const data = await openData(policy);
  const { store } = data;
  const server = await openServer({
    listen: { host: '127.0.0.1', port: 0 },
    setting: '--listen',
    certificate: undefined,
    logger: quiet,
  });
  const origin = `http://127.0.0.1:${server.address.port}`;
  const site = describeSite({
    publicOrigin: origin,
    listen: { ...server.address, isSecure: false },
    allowedOrigins: [],
    proxies: undefined,
  });
  const audit = await openAuditKey(data.dir);
  const recorder = await openRecorder({
    store,
    ...audit,
    chain: 'main',
    mode: 'durable',
    logger: quiet,
  });
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const deeds = createDeedLog({ store, recorder, logger: quiet, now });
  const egress = createEgress({ onRefused: () => undefined });
  const inForce = await openInForce({ store, bus: data.bus, logger: quiet, hashSecret: Buffer.alloc(32) });
  const source = { organization: await store.organization(), host: 'gateway.example.org', now };
  const { keys } = openKeys(data.dir, []);
  const vault = createVault({ store, bus: data.bus, keys });
  const signInAt = openIdentities({ store, keys, vault, egress, recorder, publicOrigin: origin, logger: quiet, now });
  const upkeep = startUpkeep({
    store,
    ...audit,
    recorder,
    chain: 'main',
    isQuiet: () => true,
    calls: () => 0,
    dataDir: data.dir,
    logger: quiet,
    now,
  });
  const deps: AdminDeps = {
    store,
    sinkParts: { source, egress, directory: join(data.dir, 'sink') },
    keys,
    signingKey: await openSigningKey(data.dir),
    now,
    trail: upkeep,
    remote: remoteOf(signInAt),
    compile: compileDepsOf(randomBytes(32)),
    preview: createPreview({ inForce, screen: screenBy(inForce), upstream: nowhere, logger: quiet }),
  };
  const addressOf = (request: Parameters<typeof clientAddress>[1]) => clientAddress(site, request);
  const nothing = () => undefined;
  server.serve(
    createRoutes({
      site,
      health: createHealth([], quiet),
      mcp: nothing,
      oldMcp: nothing,
      enroll: nothing,
      pages: nothing,
      wellKnown: nothing,
      scim: createScimRoute({
        store,
        recorder,
        publicOrigin: origin,
        logger: quiet,
        now,
        addressOf,
        onChanged: () => deeds.look(),
      }),
      tunnel: (_, socket) => void socket.destroy(),
      admin: createAdminRoute({
        ...deps,
        recorder,
        logger: quiet,
        addressOf,
        onChanged: () => deeds.look(),
        documents: adminDocuments(origin),
      }),
      logger: quiet,
    }),
  );
  return {
    origin,
    data,
    deps,
    deeds,
    recorder,
    get now() {
      return clock.now;
    },
    set now(at) {
      clock.now = at;
    },
    async token(user, capabilities) {
      const made = await issueAccessToken({ ...byHand, store, now }, { user, title: 'test', capabilities, days: 90 });
      return reveal(made.secret);
    },
    client: (token) => createAdminClient({ origin, token, fetch }),
    ask: (path, init) => fetch(`${origin}${path}`, init),
    async records() {
      const rows = await store.recordsAfter('main', 0, 10_000);
      return rows.map(({ body }) => AuditRecord.parse(JSON.parse(body)));
    },
    async close() {
      await server.close(0);
      await upkeep.close();
      vault.close();
      await deeds.close();
      await recorder.close();
      await egress.close();
      inForce.close();
      await data.close();
      await rm(data.dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
