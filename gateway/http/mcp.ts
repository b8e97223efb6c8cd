// MCP over Streamable HTTP, both eras at one address: who calls, what the message is, which era it speaks; then the pipeline, then the answer.
// GET has no stream to offer (routes.ts answers 405), DELETE ends a legacy session. Closing the connection cancels the call.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { TokenCheck } from '../caller/token.ts';
import type { Caller, Encoded, Era, Identified } from '../call.ts';
import type { Address } from '../mcp/address.ts';
import { encoderFor } from '../mcp/encode.ts';
import { eraOf } from '../mcp/era.ts';
import { type Message, paramSpan, readMessage, refusedId, type RequestMessage } from '../mcp/jsonrpc.ts';
import type { McpSession, McpSessions } from '../mcp/session.ts';
import type { Arrived } from '../pipeline/draft.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { readBody } from './body.ts';
import type { McpRoute } from './routes.ts';

export interface McpRouteDeps {
  readonly tokenCheck: TokenCheck;
  readonly pipeline: Pipeline;
  readonly sessions: McpSessions;
  readonly messageLimitBytes: number;
  /** How a host finds the way in, for a 401. */
  readonly challenge?: ((address: Address, hadToken: boolean) => string) | undefined;
}
type Target = Identified['target'];
type Progress = { -readonly [K in keyof Arrived]: Arrived[K] } & { id: string };

export function createMcpRoute(deps: McpRouteDeps): McpRoute {
  return async (request, response, address) => {
    const arrived: Progress = {
      era: 'unknown',
      via: 'http',
      id: 'null',
      requestBytes: Number(request.headers['content-length'] ?? 0),
      arrivedAt: { monotonic: performance.now(), wall: Date.now() },
    };
    const closed = new AbortController();
    response.on('close', () => response.writableEnded || closed.abort());
    try {
      const identified = deps.tokenCheck.callerOf(request.headers.authorization);
      const caller = identified instanceof Promise ? await identified : identified;
      arrived.caller = caller;
      const target = { gateway: address.gateway ?? caller.gateway, server: address.server };
      if (request.method === 'DELETE') return endSession(deps, request, response, caller, target);
      checkMedia(request);
      const body = await readBody(request, deps.messageLimitBytes);
      arrived.requestBytes = body.length;
      await answer(deps, { request, response, target, caller, body, arrived, closed });
    } catch (thrown) {
      const era: Era = arrived.era === 'legacy' ? 'legacy' : 'modern';
      const hadToken = request.headers.authorization !== undefined;
      if (!arrived.caller)
        response.setHeader('WWW-Authenticate', deps.challenge?.(address, hadToken) ?? 'Bearer realm="Drawbridge"');
      send(response, await deps.pipeline.refuse(arrived, thrown, encoderFor(era, arrived.id)), thrown);
    }
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly caller: Caller;
  readonly body: Buffer;
  readonly arrived: Progress;
  /** Aborted when the connection closes, or the host cancels. */
  readonly closed: AbortController;
}

async function answer(deps: McpRouteDeps, exchange: Exchange): Promise<void> {
  const { request, response, target, caller, body, arrived } = exchange;
  const message = readOrName(body, arrived);
  if (message.kind === 'request') arrived.id = body.toString('utf8', message.idSpan.start, message.idSpan.end);
  if (message.kind !== 'response') {
    arrived.method = message.method;
    const { 'mcp-protocol-version': version, 'mcp-method': method, 'mcp-name': name } = request.headers;
    arrived.era = eraOf(message, { version: one(version), method: one(method), name: one(name) });
  }
  const era: Era = arrived.era === 'modern' ? 'modern' : 'legacy';
  const received = { era, target, caller, body, arrivedAt: arrived.arrivedAt };

  if (message.kind === 'request' && era === 'modern') {
    const identified: Identified = {
      ...received,
      method: message.method,
      conversation: `${caller.user.id}/${caller.token ?? 'shim'}`,
    };
    return send(
      response,
      await deps.pipeline.handle(identified, message, encoderFor('modern', arrived.id), exchange.closed.signal),
    );
  }
  if (message.kind === 'request' && message.method === 'initialize') return initialize(deps, exchange, message, received);
  if (message.kind !== 'request' && era === 'modern') return accept(response);

  const session = deps.sessions.find(one(request.headers['mcp-session-id']), caller, target);
  if (message.kind !== 'request') {
    cancel(session, message);
    return accept(response);
  }
  if (session.underWay.has(arrived.id))
    throw new Fault('INVALID_REQUEST', { reason: 'its id is that of a request that is under way' });
  session.underWay.set(arrived.id, exchange.closed);
  try {
    const identified: Identified = { ...received, method: message.method, conversation: session.id };
    send(response, await deps.pipeline.handle(identified, message, encoderFor('legacy', arrived.id), exchange.closed.signal));
  } finally {
    session.underWay.delete(arrived.id);
  }
}

/** The session is made before the answer and taken back where it is an error, so that a host never holds an id that was refused. */
async function initialize(
  deps: McpRouteDeps,
  exchange: Exchange,
  message: RequestMessage,
  received: Omit<Identified, 'method' | 'conversation'>,
): Promise<void> {
  const session = deps.sessions.open(exchange.caller, exchange.target);
  const version = message.params.value['protocolVersion'];
  const encode = encoderFor('legacy', exchange.arrived.id, typeof version === 'string' ? version : undefined);
  let isAnswered = false;
  const identified: Identified = { ...received, method: message.method, conversation: session.id };
  const encoded = await deps.pipeline.handle(
    identified,
    message,
    (answered) => {
      isAnswered = answered.kind === 'described';
      return encode(answered);
    },
    exchange.closed.signal,
  );
  if (isAnswered) exchange.response.setHeader('Mcp-Session-Id', session.id);
  else deps.sessions.end(session);
  send(exchange.response, encoded);
}

/** What is refused here is answered with its id, where it has one. */
function readOrName(body: Buffer, arrived: Progress): Message {
  try {
    return readMessage(body);
  } catch (thrown) {
    arrived.id = refusedId(body) ?? arrived.id;
    throw thrown;
  }
}

function endSession(
  deps: McpRouteDeps,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
  target: Target,
): void {
  deps.sessions.end(deps.sessions.find(one(request.headers['mcp-session-id']), caller, target));
  response.writeHead(204).end();
}

function cancel(session: McpSession, message: Exclude<Message, RequestMessage>): void {
  if (message.kind !== 'notification' || message.method !== 'notifications/cancelled') return;
  const id = message.params.value['requestId'];
  if (paramSpan(message.params, 'requestId')) session.underWay.get(JSON.stringify(id))?.abort();
}

function checkMedia({ headers }: IncomingMessage): void {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) throw new Fault('MEDIA_TYPE');
  const accept = headers.accept;
  if (accept !== undefined && !/application\/(?:json|\*)|\*\/\*/i.test(accept)) throw new Fault('NOT_ACCEPTABLE');
}

function accept(response: ServerResponse): void {
  response.writeHead(202, { 'Content-Length': 0 }).end();
}

function send(response: ServerResponse, { status, body }: Encoded, thrown?: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
  if (status !== 401) response.removeHeader('WWW-Authenticate');
  // What was not read of a refused body is not worth waiting for.
  if (thrown instanceof Fault && thrown.code === 'MESSAGE_TOO_LARGE') headers['Connection'] = 'close';
  response.writeHead(status, headers).end(body);
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
