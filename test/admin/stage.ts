// The admin API on a real socket over a real store and audit chain, with a policy of one's own, and clients made from the contract.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAdminClient, type AdminClient } from '#contract/admin-client.ts';
import { AuditRecord } from '#contract/audit.ts';
import type { Capability } from '#contract/capability.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { issueAccessToken } from '../../gateway/admin/access-token.ts';
import type { AdminDeps } from '../../gateway/admin/context.ts';
import { createDeedLog, type DeedLog } from '../../gateway/audit/deed-log.ts';
import { createExports } from '../../gateway/audit/export-job.ts';
import { openAuditKey } from '../../gateway/audit/key.ts';
import { openRecorder } from '../../gateway/audit/spool.ts';
import { createEgress } from '../../gateway/egress/egress.ts';
import { adminDocuments } from '../../gateway/http/admin/document.ts';
import { createAdminRoute } from '../../gateway/http/admin/route.ts';
import { createHealth } from '../../gateway/http/health.ts';
import { clientAddress, describeSite } from '../../gateway/http/origin.ts';
import { createScimRoute } from '../../gateway/http/scim/route.ts';
import { openSigningKey } from '../../gateway/caller/signing-key.ts';
import { createRoutes } from '../../gateway/http/routes.ts';
import { openServer } from '../../gateway/http/server.ts';
import { openKeys } from '../../gateway/vault/open.ts';
import { byHand, openData, quiet, type Data } from '../gateway/data.ts';

export interface Stage {
  readonly origin: string;
  readonly data: Data;
  readonly deps: AdminDeps;
  readonly deeds: DeedLog;
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
  const recorder = await openRecorder({
    store,
    ...(await openAuditKey(data.dir)),
    chain: 'main',
    mode: 'durable',
    logger: quiet,
  });
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const deeds = createDeedLog({ store, recorder, logger: quiet, now });
  const egress = createEgress({ onRefused: () => undefined });
  const source = { organization: await store.organization(), host: 'gateway.example.org', now };
  const deps: AdminDeps = {
    store,
    sinkParts: { source, egress, directory: join(data.dir, 'sink') },
    keys: openKeys(data.dir, []).keys,
    signingKey: await openSigningKey(data.dir),
    now,
    exports: createExports({ store, directory: join(data.dir, 'export'), logger: quiet, now }),
    removeIdentity: async (from, id) => ((await from.removeIdentity(id, now())) ? 'token' : undefined),
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
      await deps.exports.close();
      await deeds.close();
      await recorder.close();
      await egress.close();
      await data.close();
      await rm(data.dir, { recursive: true, force: true });
    },
  };
}
