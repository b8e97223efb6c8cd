// What the store suites put into a store: a policy of two users and two workstations, tokens, offers, records.
import { createHash } from 'node:crypto';
import { pino } from 'pino';
import type { CallRecord, EventRecord } from '#contract/audit.ts';
import { Fingerprint, RecordId, ServerId, Slug, TokenId, UserId, WorkstationId, newId } from '#contract/id.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { Offer } from '#contract/server.ts';
import type { ChainedRecord, EnrollToken, HostToken, Seal, Store, Token, Workstation } from '../../gateway/store/store.ts';

export const quiet = pino({ level: 'silent' });
export const slug = (text: string) => Slug.parse(text);
export const fingerprint = (of: string) => Fingerprint.parse(`sha256:${sha256(of)}`);
export const sha256 = (of: string) => createHash('sha256').update(of).digest('hex');

export const samplePolicy = PolicyFile.parse({
  version: 1,
  users: {
    ada: { title: 'Ada', email: 'ada@example.org', teams: ['eng', 'ops'] },
    ben: { email: 'ben@example.org', teams: ['ops'] },
    // A name that every object of JavaScript has.
    constructor: { email: 'c@example.org' },
  },
  teams: { eng: { title: 'Engineering', gateways: ['main'] }, ops: { gateways: ['other', 'main'] } },
  servers: {
    everything: { kind: 'workstation', title: 'Everything', shareable: true, timeoutSeconds: 5 },
    memory: { kind: 'workstation' },
  },
  gateways: {
    main: {
      title: 'Main',
      assignments: {
        everything: {
          tools: [
            'echo',
            { if: { name: 'get_*', readOnlyHint: true, openWorldHint: false } },
            'add',
            'echo',
            '{"if":{"name":"*"}}',
          ],
          prompts: 'all',
          resources: ['demo://a', 'demo://b'],
          templates: [],
          methods: ['vendor/reindex', 'vendor/status'],
        },
        memory: { tools: 'all', methods: 'all', reach: '01a20491-e46f-708d-b6df-159d2fd25a16' },
      },
      rules: [
        { name: 'zz-first', method: 'secrets', action: 'redact', alert: true },
        { name: 'codes', method: 'pattern', patterns: ['PROJ-\\d+', '機密'], flags: 'i', on: 'request', action: 'mask', keep: 2 },
        { name: 'judge', method: 'webhook', engine: 'own', for: ['tools', 'definitions'], onFailure: 'pass' },
      ],
    },
    other: { assignments: { memory: { tools: [] }, everything: {} }, capture: 'redacted' },
  },
  engines: { own: { kind: 'webhook', url: 'https://engine.example.org/judge', allowPrivate: ['10.0.0.0/8'], retries: 1 } },
  retention: { records: '400d' },
});

export const without = (policy: PolicyFile, user: string): PolicyFile => ({
  ...policy,
  users: Object.fromEntries(Object.entries(policy.users).filter(([name]) => name !== user)),
});

export async function applyPolicy(store: Store, policy: PolicyFile, now = 1000): Promise<void> {
  await store.replacePolicy(policy, await store.revision(), now);
}

type Times = Partial<Pick<Token, 'createdAt' | 'expiresAt' | 'revokedAt' | 'spentAt'>>;
const times = { createdAt: 1000, expiresAt: 1e12, revokedAt: null, spentAt: null };

export function enrollToken(user: string, change: Times = {}): EnrollToken & Token {
  const id = TokenId.parse(newId());
  return { kind: 'enroll', id, user: slug(user), hash: sha256(id), ...times, ...change };
}

export function hostToken(user: string, gateway = 'main', change: Times = {}): HostToken & Token {
  const id = TokenId.parse(newId());
  return { kind: 'host', id, user: slug(user), gateway: slug(gateway), host: 'codex', hash: sha256(id), ...times, ...change };
}

export function workstationOf(user: string): Workstation {
  const id = WorkstationId.parse(newId());
  const coordinate = sha256(id).slice(0, 43);
  return {
    id,
    user: slug(user),
    publicKey: { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate },
    thumbprint: sha256(id).slice(0, 43),
    hostname: 'laptop',
    osUser: user,
    platform: 'linux',
    enrolledAt: 2000,
    revokedAt: null,
    lastSeenAt: null,
  };
}

/** Adds a token and spends it for a workstation. */
export async function enrolled(store: Store, user: string): Promise<Workstation> {
  const token = enrollToken(user);
  await store.addToken(token);
  const workstation = workstationOf(user);
  const result = await store.enroll(token.hash, workstation, 3000);
  if (result !== 'enrolled') throw new Error(result);
  return workstation;
}

export function offerOf(server: string, of = server): Offer {
  const command = { kind: 'npm' as const, identity: of, contentHash: sha256(of), args: ['--flag'], environmentNames: ['TOKEN'] };
  return { server: slug(server), fingerprint: fingerprint(of), command, hosts: ['codex'] };
}

export function recordOf(at: number, detail: Record<string, string | number | boolean | null> = {}): EventRecord {
  const id = RecordId.parse(newId(at));
  return { version: 1, kind: 'event', id, at, event: 'sample', user: null, workstation: null, code: null, detail };
}

/** A tool call of a user that was answered. */
export function callRecord(user: UserId | null, change: Partial<CallRecord> = {}): CallRecord {
  const at = change.at ?? 1000;
  return {
    version: 1,
    kind: 'call',
    id: RecordId.parse(newId(at)),
    at,
    era: 'modern',
    via: 'http',
    method: 'tools/call',
    user: user === null ? null : { id: user, name: 'somebody' },
    host: 'codex',
    token: null,
    gateway: null,
    server: { id: ServerId.parse(newId()), name: 'memory' },
    tool: 'echo',
    item: null,
    workstation: null,
    identity: { kind: 'none', id: null },
    decision: 'allowed',
    code: null,
    hidden: [],
    stale: [],
    upstreamError: false,
    requestBytes: 10,
    responseBytes: 20,
    legs: { gatewayToHost: 1500 },
    ...change,
  };
}

export const userId = (): UserId => UserId.parse(newId());

/** Records `after + 1` to `after + count` of a chain with what looks like hashes. */
export function group(chain: string, after: number, count: number, at = 0): [readonly ChainedRecord[], Seal] {
  const records = Array.from({ length: count }, (_, i) => {
    const seq = after + i + 1;
    return {
      chain,
      seq,
      at: at + seq,
      body: JSON.stringify({ at: at + seq, text: `record ${seq}` }),
      hash: sha256(`${chain} ${seq}`),
    };
  });
  const seq = after + count;
  return [records, { chain, after, seq, hash: sha256(`${chain} ${seq}`), mac: sha256('mac') }];
}

/** All that a store can tell, for comparing. */
export async function everything(store: Store) {
  const chains = await store.chains();
  return {
    organization: await store.organization(),
    policy: await store.policy(),
    tokens: await store.tokens(),
    workstations: await store.workstations(),
    offers: await store.offers(),
    approvals: await store.approvals(),
    records: await Promise.all(chains.map((chain) => store.recordsAfter(chain, 0, 10_000))),
    seals: await Promise.all(chains.map((chain) => store.sealsAfter(chain, 0, 10_000))),
  };
}

export const postureOf = (
  status: PostureSummary['status'],
  findings: PostureSummary['findings'] = [],
  change: Partial<PostureSummary> = {},
): PostureSummary => ({
  version: '0.1.0',
  status,
  mode: 'enforce',
  forced: true,
  heartbeatSeconds: 300,
  hosts: 2,
  converged: 2,
  drifted: 0,
  findings,
  ...change,
});
