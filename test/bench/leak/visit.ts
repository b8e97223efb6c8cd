// What hosts do that come for a moment: a session of 2025-11-25 that ends in one of many ways, and a request of 2026-07-28 that is answered, cut or never read.
// The rule: each kind comes in a fixed share, by its number, so that every tenth of a run is like every other; any answer that is not right throws.
import { initializedNotification, initializeRequest, sessionVersion, statelessVersion } from '../load/echo.ts';
import type { Got, Line, Sent } from './wire.ts';

export interface Place {
  readonly line: Line;
  /** The gateway's address. */
  readonly url: string;
  /** Whose workstation it is. */
  readonly token: string;
  /** Of a person who opens sessions and never ends one. */
  readonly leaver: string;
}

/** One in so many sessions calls a server that is not shared, for which the bridge starts a process. */
const ownProcessEach = 200;
/** What of a stream is cut comes after that: its server is still at work. */
const holdMs = 40;

interface Call {
  readonly name: string;
  readonly arguments: object;
  readonly _meta?: object;
}
const echo = (server: string): Call => ({ name: `${server}__echo`, arguments: { text: 'here' } });
const streamed: Call = {
  name: 'talking__progress',
  arguments: { count: 2, holdMs },
  _meta: { progressToken: 'p' },
};
const streamedFar: Call = { name: 'remote__steps', arguments: { count: 2, ms: holdMs }, _meta: { progressToken: 'p' } };

/** A session from its beginning to its end, if it ends. False where the leaver has as many as one person may have. */
export async function visit(place: Place, index: number): Promise<boolean> {
  const kind = index % 20;
  if (kind >= 18) return leave(place, kind === 18);
  const session = await open(place, place.token);
  if (session === undefined) throw new Error('a session was refused');
  if (index % ownProcessEach === 0) await session.call(echo('own'));
  else if (kind < 9) await session.call(echo('echo'));
  else if (kind < 12) await session.call(echo('remote'));
  else if (kind < 14) await session.listen();
  else if (kind < 16) await session.cut(streamed);
  else if (kind === 16) await session.cut(streamedFar);
  await session.end();
  return true;
}

/** Opens, listens or calls, and never comes back. */
export async function leave(place: Place, isCalling: boolean): Promise<boolean> {
  const session = await open(place, place.leaver);
  await (isCalling ? session?.call(echo('remote')) : session?.listen());
  return session !== undefined;
}

async function open({ line, url }: Place, token: string) {
  const send = (sent: Omit<Sent, 'url' | 'headers'>, sessionId?: string): Promise<Got> =>
    line.send({ ...sent, url, headers: headersOf(token, sessionVersion, sessionId) });
  const opened = await send({ method: 'POST', body: initializeRequest });
  if (opened.body.includes('SESSION_LIMIT')) return undefined;
  const { sessionId } = opened;
  if (sessionId === undefined) throw new Error(`initialize: HTTP ${opened.status} ${opened.body.slice(0, 300)}`);
  expectStatus('initialized', await send({ method: 'POST', body: initializedNotification }, sessionId), 202);
  return {
    call: async (params: Call) => {
      expectResult(params.name, await send({ method: 'POST', body: requestOf('tools/call', params) }, sessionId));
    },
    /** Gone in the middle of the stream that the call is answered by. */
    cut: async (params: Call) => {
      const body = requestOf('tools/call', params);
      expectStatus(params.name, await send({ method: 'POST', body, hangUp: 'begun' }, sessionId), 200);
    },
    listen: async () => expectStatus('GET', await send({ method: 'GET', hangUp: 'head' }, sessionId), 200),
    end: async () => expectStatus('DELETE', await send({ method: 'DELETE' }, sessionId), 204),
  };
}

const listening = { notifications: { toolsListChanged: true } };

/** One request of a host that keeps nothing at the gateway. */
export async function request({ line, url, token }: Place, index: number): Promise<void> {
  const send = (method: string, params: object = {}, hangUp?: 'sent' | 'begun'): Promise<Got> => {
    const name = 'name' in params && typeof params.name === 'string' ? { 'mcp-name': params.name } : {};
    const headers = { ...headersOf(token, statelessVersion), 'mcp-method': method, ...name };
    const body = requestOf(method, withMeta(params));
    return line.send({ method: 'POST', url, headers, body, ...(hangUp && { hangUp }) });
  };
  const kind = index % 10;
  if (kind < 4) expectResult('echo', await send('tools/call', echo('echo')));
  else if (kind === 4) expectResult('remote echo', await send('tools/call', echo('remote')));
  else if (kind === 5) expectResult('tools/list', await send('tools/list'));
  else if (kind === 6) expectResult('server/discover', await send('server/discover'));
  else if (kind === 7) await send('subscriptions/listen', listening, 'sent');
  else if (kind === 8) expectStatus('listen', await send('subscriptions/listen', listening, 'begun'), 200);
  else expectStatus('progress', await send('tools/call', streamed, 'begun'), 200);
}

function withMeta(params: object): object {
  const own = '_meta' in params && typeof params._meta === 'object' ? params._meta : {};
  const meta = { 'io.modelcontextprotocol/protocolVersion': statelessVersion, 'io.modelcontextprotocol/clientCapabilities': {} };
  return { ...params, _meta: { ...own, ...meta } };
}

function requestOf(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 2, method, params });
}

function headersOf(token: string, version: string, sessionId?: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': version,
    ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
  };
}

function expectStatus(what: string, { status, body }: Got, expected: number): void {
  if (status !== expected) throw new Error(`${what}: HTTP ${status} ${body.slice(0, 300)}`);
}

function expectResult(what: string, { status, body }: Got): void {
  if (status !== 200 || !body.includes('"result"') || body.includes('"isError":true'))
    throw new Error(`${what}: HTTP ${status} ${body.slice(0, 300)}`);
}
