// Idle MCP sessions: what a 2025-11-25 host costs that said hello and then nothing, and that a 2026-07-28 host leaves nothing behind.
import { setTimeout as delay } from 'node:timers/promises';
import { initializedNotification, initializeRequest, sessionVersion } from '../load/echo.ts';
import { settledPssOf } from '../memory.ts';
import type { Reading, ReadingName } from '../reading.ts';
import { ask } from '../target/ask.ts';
import { startMs } from '../target/gateway.ts';
import { openSite, userCount, type SiteOptions } from './site.ts';

/** Opened and ended before: code is compiled and the heap has its size. */
const warmSessions = 400;
const settleMs = 5_000;
const statelessCalls = 200;
const atOnce = 16;

export async function measureSessions(
  options: SiteOptions & { readonly count: number },
): Promise<readonly (readonly [ReadingName, Reading])[]> {
  const site = await openSite(options);
  try {
    const url = `${site.gateway.url}/g/bench/mcp`;
    const tokens = await site.hostTokens();
    const tokenOf = (i: number): string => tokens[i % userCount] ?? '';
    await untilGranted(url, tokenOf(userCount - 1));
    const warm = await many(warmSessions, (i) => openSession(url, tokenOf(i)));
    await many(warmSessions, (i) => endSession(url, tokenOf(i), warm[i] ?? ''));
    const before = await settledPssOf(site.gateway.pid, settleMs);
    await many(options.count, (i) => openSession(url, tokenOf(i)));
    const after = await settledPssOf(site.gateway.pid, settleMs);
    const held = await sessionsOf(site.gateway.metricsUrl);
    if (held !== options.count) throw new Error(`the gateway server holds ${held} sessions, not ${options.count}`);
    await many(statelessCalls, (i) => ask(url, tokenOf(i), 'server/discover'));
    const kept = (await sessionsOf(site.gateway.metricsUrl)) - held;
    return [
      ['sessionKb', { value: (after - before) / options.count / 1024, note: `${options.count} sessions, garbage collected` }],
      ['statelessSessions', { value: kept, note: `after ${statelessCalls} requests` }],
    ];
  } finally {
    await site.close();
  }
}

/** The policy was applied by another process: it is in force within a fraction of a second. */
async function untilGranted(url: string, token: string): Promise<void> {
  for (const until = performance.now() + startMs; ;) {
    const answer = await ask(url, token, 'server/discover');
    if (!answer.includes('"error"')) return;
    if (performance.now() > until) throw new Error(`the gateway "bench" is not granted: ${answer.slice(0, 300)}`);
    await delay(50);
  }
}

async function many<T>(count: number, make: (index: number) => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  let next = 0;
  const some = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) made[i] = await make(i);
  };
  await Promise.all(Array.from({ length: atOnce }, some));
  return made;
}

const headersOf = (token: string, session?: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': sessionVersion,
  ...(session === undefined ? {} : { 'mcp-session-id': session }),
});

async function openSession(url: string, token: string): Promise<string> {
  const opened = await fetch(url, { method: 'POST', headers: headersOf(token), body: initializeRequest });
  const session = opened.headers.get('mcp-session-id');
  const text = await opened.text();
  if (session === null) throw new Error(`initialize: HTTP ${opened.status} ${text.slice(0, 300)}`);
  const noted = await fetch(url, { method: 'POST', headers: headersOf(token, session), body: initializedNotification });
  await noted.arrayBuffer();
  if (noted.status !== 202) throw new Error(`notifications/initialized: HTTP ${noted.status}`);
  return session;
}

async function endSession(url: string, token: string, session: string): Promise<void> {
  await (await fetch(url, { method: 'DELETE', headers: headersOf(token, session) })).arrayBuffer();
}

async function sessionsOf(metricsUrl: string): Promise<number> {
  const value = /^drawbridge_sessions (\d+)$/m.exec(await (await fetch(metricsUrl)).text())?.[1];
  if (value === undefined) throw new Error('the metrics name no sessions');
  return Number(value);
}
