// Capability x operation, found out by asking: for each operation a user whose role has just what it needs, and one whose role has everything else. An operation that is
// added to the contract is in it by itself.
import { operationIds, operationOf, pathOf, type OperationId } from '#contract/admin.ts';
import type { Example } from '#contract/admin-operation.ts';
import { capabilities, type Capability } from '#contract/capability.ts';
import { PolicyFile } from '#contract/policy.ts';
import { until } from '../walk/deployment.ts';
import { prepared } from './prepare.ts';
import { openStage, type Stage } from './stage.ts';

export interface Row {
  readonly id: OperationId;
  readonly capability: Capability | 'any';
  /** What came back with it, and without it. */
  readonly with: Seen;
  readonly without: Seen;
  /** Of what is about a gateway: with it, where no team grants that gateway. */
  readonly elsewhere: Seen | undefined;
  /** Whether a deed of it is on record. */
  readonly isDeed: boolean;
}
export interface Seen {
  readonly status: number;
  readonly code: string | undefined;
  readonly capability: string | undefined;
}

const slugOf = (capability: string): string => capability.replace('.', '-');

/** A policy with a user for each capability who has it, one who has all others, and what the examples of the contract name. */
export function matrixPolicy(titles: Readonly<Record<string, string>> = {}): PolicyFile {
  const roles = capabilities.flatMap((one) => [
    [`has-${slugOf(one)}`, { capabilities: [one] }],
    [`no-${slugOf(one)}`, { capabilities: capabilities.filter((other) => other !== one) }],
  ]);
  const named = Object.entries(titles).map(([slug, title]) => [slug, { title }]);
  const user = (slug: string, role: string, teams: string[]) => [slug, { email: `${slug}@example.org`, role, teams }];
  const users = capabilities.flatMap((one) => [
    user(`has-${slugOf(one)}`, `has-${slugOf(one)}`, ['eng']),
    user(`far-${slugOf(one)}`, `has-${slugOf(one)}`, []),
    user(`no-${slugOf(one)}`, `no-${slugOf(one)}`, ['eng']),
  ]);
  return PolicyFile.parse({
    version: 1,
    roles: { auditor: { title: 'Auditor', capabilities: [] }, ...Object.fromEntries([...named, ...roles]) },
    users: {
      ada: { email: 'ada@example.org', role: 'super-admin', teams: ['eng'] },
      ben: { email: 'ben@example.org', teams: ['eng'] },
      ...Object.fromEntries(users),
    },
    teams: { eng: { title: 'Engineering', gateways: ['main'] }, ops: {} },
    servers: {
      memory: { kind: 'workstation' },
      files: { kind: 'workstation' },
      crm: { kind: 'remote', url: 'https://crm.example.org/mcp', auth: 'header' },
      wiki: {
        kind: 'remote',
        url: 'https://wiki.example.org/mcp',
        auth: 'oauth',
        oauth: { issuer: 'https://login.example.org', clientId: 'gateway' },
      },
    },
    gateways: { main: { title: 'Main', assignments: { memory: { tools: 'all' } } } },
    directory: { groups: { Engineering: { teams: ['ops'] } } },
    engines: {
      judge: { kind: 'webhook', url: 'http://127.0.0.1:9/', retries: 0 },
      guard: { kind: 'webhook', url: 'https://guard.example.org/', secretHeader: 'X-Key' },
    },
    sinks: { archive: { kind: 'file' }, hook: { kind: 'webhook', url: 'https://hook.example.org/in' } },
  });
}

/** Asks each operation with its example; the policy is put back after each, so that none is in the way of another. */
export async function matrix(titles?: Readonly<Record<string, string>>): Promise<readonly Row[]> {
  const policy = matrixPolicy(titles);
  const rows: Omit<Row, 'isDeed'>[] = [];
  const asked = await openStage(policy);
  try {
    for (const id of operationIds) {
      const { capability, gateway } = operationOf(id);
      const role = capability === 'any' ? undefined : slugOf(capability);
      const without = await ask(asked, policy, id, role === undefined ? undefined : await asked.token(`no-${role}`));
      const elsewhere = gateway === undefined ? undefined : await ask(asked, policy, id, await asked.token(`far-${role}`));
      const allowed = await ask(asked, policy, id, await asked.token(role === undefined ? 'ben' : `has-${role}`));
      rows.push({ id, capability, with: allowed, without, elsewhere });
      const { store } = asked.data;
      if (operationOf(id).method !== 'GET') await store.replacePolicy(policy, await store.revision(), asked.now);
    }
    const { administration } = asked.data.store;
    await until('all deeds are on record', async () => (await administration.deedsWaiting()) === 0);
    const deeds = (await asked.records()).flatMap((one) =>
      one.kind === 'deed' && one.actor.kind === 'user' ? [one.operation] : [],
    );
    return rows.map((row) => ({ ...row, isDeed: deeds.includes(row.id) }));
  } finally {
    await asked.close();
  }
}

/** The contract's, but where only one that is made of the policy at hand is a small change. */
function exampleOf(id: OperationId, policy: PolicyFile): Example {
  if (id !== 'policy.apply' && id !== 'policy.plan') return operationOf(id).example;
  const { teams, ...others } = policy;
  return { body: { text: JSON.stringify({ ...others, teams: { ...teams, fresh: { title: 'Fresh' } } }) } };
}

async function ask(stage: Stage, policy: PolicyFile, id: OperationId, token: string | undefined): Promise<Seen> {
  const operation = operationOf(id);
  const { params = {}, query = {}, body } = (await prepared[id]?.(stage)) ?? exampleOf(id, policy);
  const search = new URLSearchParams(query).toString();
  const response = await stage.ask(`${pathOf(operation, params)}${search ? `?${search}` : ''}`, {
    method: operation.method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { error?: { code?: string; capability?: string } };
  return { status: response.status, code: answer.error?.code, capability: answer.error?.capability };
}
