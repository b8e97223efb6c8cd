// A gateway server with many users, and tokens for all of them, for what is measured at rest. Tokens are made as `token` makes them, in one process instead of one each.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { reveal } from '#contract/secret.ts';
import { issueEnrollToken, issueHostToken, type Issued } from '../../../gateway/admin/token.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { byHand } from '../../gateway/data.ts';
import { collectable } from '../memory.ts';
import { administratorOf, startGateway, type Gateway } from '../target/gateway.ts';

export const userCount = 20;
const users = Array.from({ length: userCount }, (_, i) => `user${i}`);
const policy = `
version: 1
users: { ${users.map((user) => `${user}: { email: ${user}@example.org, teams: [bench] }`).join(', ')} }
teams: { bench: { gateways: [bench] } }
servers: { echo: { kind: workstation } }
gateways: { bench: { assignments: { echo: { tools: [echo] } } } }
`;
const ttlMs = 3_600_000;

export interface SiteOptions {
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  /** A folder of its own. */
  readonly tempDir: string;
  readonly flags?: readonly string[];
}

export interface Site {
  readonly gateway: Gateway;
  /** Kills the gateway server and starts it again at the same address; when it listened, ms since 1970. */
  crash(): Promise<number>;
  enrollTokens(count: number): Promise<readonly string[]>;
  /** One for each user. */
  hostTokens(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openSite({ node, env, tempDir, flags = [] }: SiteOptions): Promise<Site> {
  const dataDir = join(tempDir, 'data');
  await mkdir(dataDir, { recursive: true });
  const options = { node, env: { ...env, NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} ${collectable}` }, dataDir, flags };
  let gateway = await startGateway(options);
  const { url } = gateway;
  const close = (): Promise<void> => gateway.close();
  try {
    await administratorOf(options).apply(policy);
  } catch (error) {
    await close();
    throw error;
  }
  const issue = async (count: number, make: (store: Store, user: string) => Promise<Issued>): Promise<readonly string[]> => {
    const file = join(dataDir, 'gateway.sqlite');
    const store = await openStore({ kind: 'sqlite', file }, { logger: pino({ level: 'silent' }) });
    try {
      const secrets: string[] = [];
      for (let i = 0; i < count; i++) secrets.push(reveal((await make(store, users[i % userCount] ?? '')).secret));
      return secrets;
    } finally {
      await store.close();
    }
  };
  return {
    get gateway() {
      return gateway;
    },
    async crash() {
      await gateway.kill();
      gateway = await startGateway({ ...options, port: Number(new URL(url).port) });
      return Date.now();
    },
    enrollTokens: (count) => issue(count, (store, user) => issueEnrollToken({ ...byHand, store, user, ttlMs, now: Date.now() })),
    hostTokens: () =>
      issue(userCount, (store, user) =>
        issueHostToken({
          ...byHand,
          store,
          user,
          ttlMs,
          now: Date.now(),
          gateway: 'bench',
          host: 'bench',
          knownHosts: ['bench'],
        }),
      ),
    close,
  };
}
