// A fresh data directory with a real SQLite store in it, for tests of what stands on the store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino, { type Logger } from 'pino';
import { PolicyFile } from '#contract/policy.ts';
import { createMemoryBus } from '../../gateway/bus/memory.ts';
import type { Bus } from '../../gateway/bus/bus.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';

export const quiet: Logger = pino({ level: 'silent' });

/** Whoever sits at the machine. */
export const byHand = { actor: { kind: 'command-line', osUser: 'test' }, reason: null } as const;

/** Two users of two teams, each with a gateway of its own. */
export const twoTeams: PolicyFile = PolicyFile.parse({
  version: 1,
  users: {
    ada: { email: 'ada@example.org', teams: ['eng'] },
    bob: { email: 'bob@example.org', teams: ['ops'] },
  },
  teams: { eng: { gateways: ['main'] }, ops: { gateways: ['side'] } },
  servers: { memory: { kind: 'workstation' } },
  gateways: { main: { assignments: { memory: { tools: 'all' } } }, side: {} },
});

export interface Data {
  readonly dir: string;
  readonly file: string;
  readonly store: Store;
  readonly bus: Bus;
  close(): Promise<void>;
}

export async function openData(policy?: PolicyFile): Promise<Data> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-data-'));
  const file = join(dir, 'gateway.sqlite');
  const store = await openStore({ kind: 'sqlite', file }, { logger: quiet });
  if (policy) await store.replacePolicy(policy, await store.revision(), Date.now());
  return {
    dir,
    file,
    store,
    bus: createMemoryBus({ logger: quiet }),
    async close() {
      await store.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
