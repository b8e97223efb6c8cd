// Many short sessions of 2025-11-25 and as many requests of 2026-07-28 at a whole product: a gateway server, a bridge with servers of its own, a remote server.
// What the programs hold after two tenths (code is compiled by then, pools are full) is compared with what they hold at the end. The rule: nothing is read
// while anything is under way, and what is not flat is named.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serveOld } from '../../fake/remote/old.ts';
import { ask } from '../target/ask.ts';
import { administratorOf, startMs } from '../target/gateway.ts';
import { startProduct, type Product, type ProductOptions } from '../target/product.ts';
import { compare, type Growth, type Held } from './growth.ts';
import { childrenOf, filesOf, forward, gaugesOf, heapOf, probed } from './state.ts';
import { pssOf } from '../memory.ts';
import { leave, request, visit, type Place } from './visit.ts';
import { Line } from './wire.ts';

export interface ChurnOptions extends ProductOptions {
  /** Sessions, and as many requests beside them. */
  readonly count: number;
  /** No tenth is begun after this. Absent: all are. */
  readonly withinMs?: number;
  readonly say: (text: string) => void;
  /** Ends the run before its time: it rejects then. */
  readonly signal: AbortSignal;
}

export interface Churn {
  /** Those between the two looks. */
  readonly sessions: number;
  /** Of all of them, those that were refused because one person had too many. */
  readonly refused: number;
  readonly seconds: number;
  readonly growth: readonly Growth[];
}

const atOnce = 32;
const tenths = 10;
const baseTenth = 2;
/** As many sessions as one person may have (gateway/mcp/session.ts). */
const sessionsOfOne = 500;
/** Longer than a session lives that nobody uses. */
const expiryMs = 31 * 60_000;
const settleMs = 15_000;
const lookEachMs = 250;
const talkingServer = fileURLToPath(new URL('../../fake/local-server/talking.ts', import.meta.url));

const policyFor = (remoteUrl: string): string =>
  JSON.stringify({
    version: 1,
    users: Object.fromEntries(['bench', 'leaver'].map((user) => [user, { email: `${user}@example.org`, teams: ['bench'] }])),
    teams: { bench: { gateways: ['bench'] } },
    servers: {
      echo: { kind: 'workstation', shareable: true },
      talking: { kind: 'workstation', shareable: true },
      own: { kind: 'workstation' },
      remote: { kind: 'remote', url: remoteUrl, allowPrivate: ['127.0.0.1'] },
    },
    gateways: {
      bench: {
        assignments: {
          echo: { tools: ['echo'] },
          talking: { tools: ['progress'] },
          own: { tools: ['echo'] },
          remote: { tools: ['echo', 'steps'] },
        },
      },
    },
  });

export async function churn(options: ChurnOptions): Promise<Churn> {
  const { node, echoServer, env } = options;
  // Short, because the path of a socket has to be.
  const folder = await mkdtemp(join(tmpdir(), 'dbl-'));
  const remote = await serveOld();
  let product: Product | undefined;
  const line = new Line();
  try {
    await mkdir(options.tempDir, { recursive: true });
    const echo = { command: node, args: [echoServer] };
    const started = { ...options, env: { ...env, ...probed(folder) }, policy: policyFor(remote.url) };
    const talking = { command: node, args: [talkingServer] };
    product = await startProduct({ ...started, localServers: { echo, talking, own: echo } });
    const url = `${product.gateway.url}/g/bench/mcp`;
    const { token, dataDir } = product;
    const leaver = await administratorOf({ ...started, dataDir }).hostToken('leaver', 'bench');
    await untilServed(url, token, ['echo__echo', 'talking__progress', 'own__echo', 'remote__echo']);
    return await run(options, product, folder, { line, url, token, leaver });
  } finally {
    line.rest();
    await product?.close();
    await remote.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(
  { count, withinMs = Infinity, say, signal }: ChurnOptions,
  product: Product,
  folder: string,
  place: Place,
): Promise<Churn> {
  const [gatewayPid = 0] = product.roots;
  const beganAt = performance.now();
  let refused = await fill(place);
  let base: Held | undefined;
  for (let tenth = 1; ; tenth++) {
    const from = Math.round((count * (tenth - 1)) / tenths);
    const to = Math.round((count * tenth) / tenths);
    refused += await many(from, to, async (index) => {
      signal.throwIfAborted();
      const isOpened = await visit(place, index);
      await request(place, index);
      return isOpened;
    });
    const isLast = tenth === tenths || (base !== undefined && performance.now() - beganAt > withinMs);
    if (tenth >= baseTenth) await settle(product, folder, place.line);
    else await forward(folder, gatewayPid, expiryMs);
    const held = await look(product, folder);
    const seconds = (performance.now() - beganAt) / 1000;
    say(
      `  ${to} sessions, ${seconds.toFixed(0)} s: ${held.map(({ what, value, unit }) => `${what} ${value}${unit}`).join(', ')}`,
    );
    if (tenth === baseTenth) base = held;
    if (base !== undefined && isLast) {
      const sessions = to - Math.round((count * baseTenth) / tenths);
      return { sessions, refused, seconds, growth: compare(base, held, sessions, atOnce) };
    }
  }
}

/** One person opens as many sessions as they may, and one that is refused. */
async function fill(place: Place): Promise<number> {
  const refused = await many(0, sessionsOfOne + 1, () => leave(place, false));
  if (refused !== 1) throw new Error(`${refused} of ${sessionsOfOne + 1} sessions of one person were refused, not 1`);
  return refused;
}

/** How many of them answered false. */
async function many(from: number, to: number, make: (index: number) => Promise<boolean>): Promise<number> {
  let next = from;
  let refused = 0;
  const some = async (): Promise<void> => {
    while (next < to) if (!(await make(next++))) refused++;
  };
  await Promise.all(Array.from({ length: atOnce }, some));
  return refused;
}

/** Until nothing is open and nothing waits, and processes and files stay as many as they are; at most 15 s. */
async function settle({ gateway, roots }: Product, folder: string, line: Line): Promise<void> {
  line.rest();
  const [, bridgePid = 0] = roots;
  let before = '';
  for (const until = performance.now() + settleMs; performance.now() < until;) {
    await forward(folder, gateway.pid, expiryMs);
    const { tunnels: _, ...open } = await gaugesOf(gateway.metricsUrl);
    const now = [childrenOf(bridgePid), ...roots.map((pid) => filesOf(pid).all)].join();
    if (now === before && Object.values(open).every((value) => value === 0)) return;
    before = now;
    await delay(lookEachMs);
  }
}

async function look({ gateway, roots }: Product, folder: string): Promise<Held> {
  const held: Held[number][] = [];
  for (const [index, pid] of roots.entries()) {
    const who = index === 0 ? 'gateway server' : 'bridge';
    const heap = await heapOf(folder, pid);
    const { all, sockets } = filesOf(pid);
    held.push(
      { what: `${who} heap`, kind: 'heap', value: Math.round(heap / 1024), unit: ' KB' },
      { what: `${who} PSS`, kind: 'pss', value: Math.round(pssOf(pid) / 1024), unit: ' KB' },
      { what: `${who} files`, kind: 'files', value: all - sockets, unit: '' },
      { what: `${who} sockets`, kind: 'sockets', value: sockets, unit: '' },
      { what: `${who} processes`, kind: 'exact', value: childrenOf(pid), unit: '' },
    );
  }
  const gauges = Object.entries(await gaugesOf(gateway.metricsUrl));
  return [...held, ...gauges.map(([what, value]) => ({ what: `metrics ${what}`, kind: 'exact' as const, value, unit: '' }))];
}

async function untilServed(url: string, token: string, tools: readonly string[]): Promise<void> {
  for (const until = performance.now() + startMs; ;) {
    const answer = await ask(url, token, 'tools/list');
    if (tools.every((tool) => answer.includes(`"${tool}"`))) return;
    if (performance.now() > until) throw new Error(`not all servers are served: ${answer.slice(0, 600)}`);
    await delay(50);
  }
}
