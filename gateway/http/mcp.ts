// MCP over Streamable HTTP, both eras at one address: who calls, what the message is, which era it speaks; then the pipeline, then the answer.
// GET and DELETE are a legacy session's. Closing the connection cancels the call, unless a legacy host can come back for its stream (exchange.ts).
import type { IncomingMessage } from 'node:http';
import { Fault } from '#contract/error.ts';
import { type TokenCheck, TokenRefused } from '../caller/token.ts';
import type { Caller, Era, Identified } from '../call.ts';
import { abilitiesOf, readAbilities } from '../mcp/ability.ts';
import type { Address } from '../mcp/address.ts';
import { isBatch } from '../mcp/batch.ts';
import { encoderFor, encoderForTold } from '../mcp/encode.ts';
import { agreedVersion, batchVersion, eraOf, firstModern } from '../mcp/era.ts';
import { isForServer } from '../mcp/feature.ts';
import { type Message, paramSpan, readMessage, refusedId, type RequestMessage } from '../mcp/jsonrpc.ts';
import { logLevelOf } from '../mcp/log-level.ts';
import { listenMethod } from '../mcp/news.ts';
import type { McpSession, McpSessions } from '../mcp/session.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { admission } from './admit.ts';
import { answerBatch } from './batch.ts';
import { readBody } from './body.ts';
import { Exchange } from './exchange.ts';
import { headOf } from './head.ts';
import { listen } from './listen.ts';
import { paramHeadersOf } from './param-header.ts';
import type { Readers } from './reader.ts';
import type { McpRoute } from './routes.ts';

export interface McpRouteDeps {
  readonly tokenCheck: TokenCheck;
  readonly pipeline: Pipeline;
  readonly sessions: McpSessions;
  readonly readers: Readers;
  /** Told that the roots of a conversation's host changed. */
  readonly onRootsChanged: (conversation: string) => void;
  readonly messageLimitBytes: number;
  /** How a host finds the way in, for a 401. */
  readonly challenge?: ((address: Address, why: Missing) => string) | undefined;
}
/** What of a right is not there: any token, a valid one, or the person's consent to this one call. */
export type Missing = 'token' | 'valid-token' | 'step-up';
type Target = Identified['target'];

export function createMcpRoute(deps: McpRouteDeps): McpRoute {
  return async (request, response, address) => {
    const exchange = new Exchange(deps, request, response);
    const { arrived } = exchange;
    try {
      const head = headOf(request);
      if (request.method !== 'POST' && (one(request.headers['mcp-protocol-version']) ?? '') >= firstModern)
        throw new Fault('METHOD_NOT_ALLOWED', { allow: 'POST' });
      const identified = deps.tokenCheck.callerOf(request.headers.authorization, head);
      const caller = identified instanceof Promise ? await identified : identified;
      arrived.caller = caller;
      // Only a host that signed in has a person to ask.
      if (caller.consented) exchange.stepUp = deps.challenge?.(address, 'step-up');
      const target = { gateway: address.gateway ?? caller.gateway, server: address.server };
      if (request.method === 'GET') return listen(deps, exchange, caller, target);
      if (request.method === 'DELETE') return endSession(deps, exchange, caller, target);
      head.check(request, checkMedia);
      const body = await readBody(request, deps.messageLimitBytes);
      arrived.requestBytes = body.length;
      await answer(deps, exchange, caller, target, body);
    } catch (thrown) {
      const era: Era = arrived.era === 'legacy' ? 'legacy' : 'modern';
      if (thrown instanceof TokenRefused) arrived.former = thrown.former;
      const why = request.headers.authorization === undefined ? 'token' : 'valid-token';
      if (!arrived.caller) response.setHeader('WWW-Authenticate', deps.challenge?.(address, why) ?? 'Bearer realm="Drawbridge"');
      exchange.send(await deps.pipeline.refuse(arrived, thrown, encoderFor(era, arrived.id)), thrown);
    }
  };
}

async function answer(deps: McpRouteDeps, exchange: Exchange, caller: Caller, target: Target, body: Buffer): Promise<void> {
  const { request, arrived } = exchange;
  if (isBatch(body)) {
    const session = batchSession(deps, exchange, caller, target);
    if (session)
      return answerBatch(
        { ...deps, hear: (message, one) => hear(deps, session, message, one) },
        exchange,
        session,
        { caller, target },
        body,
      );
  }
  const message = readOrName(body, arrived);
  if (message.kind === 'request') arrived.id = body.toString('utf8', message.idSpan.start, message.idSpan.end);
  if (message.kind !== 'response') {
    arrived.method = message.method;
    const { 'mcp-protocol-version': version, 'mcp-method': method, 'mcp-name': name } = request.headers;
    arrived.era = eraOf(message, { version: one(version), method: one(method), name: one(name) });
  }
  const era: Era = arrived.era === 'modern' ? 'modern' : 'legacy';
  const received = { era, target, caller, body, arrivedAt: arrived.arrivedAt, audience: exchange };

  if (message.kind === 'request' && era === 'modern') {
    exchange.level = logLevelOf(message.params);
    exchange.declared = abilitiesOf(received, message);
    if (message.method === listenMethod) exchange.admit = admission(deps, request.headers.authorization, caller, target);
    const identified: Identified = {
      ...received,
      method: message.method,
      conversation: conversationOf(caller),
      paramHeaders: paramHeadersOf(request.headers),
    };
    return exchange.send(await deps.pipeline.handle(identified, message, encoderFor('modern', arrived.id), exchange.closed));
  }
  if (message.kind === 'request' && message.method === 'initialize') return initialize(deps, exchange, message, received);
  if (message.kind === 'notification' && isForServer(message, target)) {
    const session = era === 'legacy' ? deps.sessions.find(one(request.headers['mcp-session-id']), caller, target) : undefined;
    if (session) exchange.session = session;
    else exchange.declared = abilitiesOf(received, message);
    const conversation = session?.id ?? conversationOf(caller);
    const identified: Identified = { ...received, method: message.method, conversation };
    const encoded = await deps.pipeline.handle(identified, message, encoderForTold(era), exchange.closed);
    return encoded.status === 202 ? exchange.accept() : exchange.send(encoded);
  }
  if (message.kind !== 'request' && era === 'modern') return exchange.accept();

  const session = deps.sessions.find(one(request.headers['mcp-session-id']), caller, target);
  if (message.kind !== 'request') {
    hear(deps, session, message, body);
    return exchange.accept();
  }
  exchange.session = session;
  if (session.underWay.has(arrived.id))
    throw new Fault('INVALID_REQUEST', { reason: 'its id is that of a request that is under way' });
  session.underWay.set(arrived.id, exchange.closed);
  try {
    const identified: Identified = { ...received, method: message.method, conversation: session.id };
    exchange.send(await deps.pipeline.handle(identified, message, encoderFor('legacy', arrived.id), exchange.closed));
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
  const { protocolVersion, capabilities } = message.params.value;
  const session = deps.sessions.open(received.caller, received.target, readAbilities(capabilities));
  const version = typeof protocolVersion === 'string' ? protocolVersion : undefined;
  session.version = agreedVersion(version);
  const encode = encoderFor('legacy', exchange.arrived.id, version);
  let isAnswered = false;
  const identified: Identified = { ...received, method: message.method, conversation: session.id };
  const encoded = await deps.pipeline.handle(
    identified,
    message,
    (answered) => {
      isAnswered = answered.kind === 'described';
      return encode(answered);
    },
    exchange.closed,
  );
  if (isAnswered) exchange.response.setHeader('Mcp-Session-Id', session.id);
  else deps.sessions.end(session);
  exchange.send(encoded);
}

/** Of a modern host. */
function conversationOf({ user, token }: Caller): string {
  return `${user.id}/${token ?? 'shim'}`;
}

/** What is refused here is answered with its id, where it has one. */
function readOrName(body: Buffer, arrived: { id: string }): Message {
  try {
    return readMessage(body);
  } catch (thrown) {
    arrived.id = refusedId(body) ?? arrived.id;
    throw thrown;
  }
}

/** The session of a batch; undefined where its revision has none, so that it is refused as what it is. */
function batchSession(deps: McpRouteDeps, { request }: Exchange, caller: Caller, target: Target): McpSession | undefined {
  const id = one(request.headers['mcp-session-id']);
  const session = id === undefined ? undefined : deps.sessions.find(id, caller, target);
  return session?.version === batchVersion ? session : undefined;
}

function endSession(deps: McpRouteDeps, { request, response }: Exchange, caller: Caller, target: Target): void {
  deps.sessions.end(deps.sessions.find(one(request.headers['mcp-session-id']), caller, target));
  response.writeHead(204).end();
}

/** What asks for no answer. A response counts only where this very session was asked for it. */
function hear(deps: McpRouteDeps, session: McpSession, message: Exclude<Message, RequestMessage>, body: Buffer): void {
  if (message.kind === 'response') return void session.questions.answered(body, message);
  const { method, params } = message;
  if (method === 'notifications/cancelled') {
    if (paramSpan(params, 'requestId')) session.underWay.get(JSON.stringify(params.value['requestId']))?.abort();
  } else if (method === 'notifications/progress') session.questions.progressed(body, params.value['progressToken']);
  else if (method === 'notifications/roots/list_changed') deps.onRootsChanged(session.id);
}

function checkMedia({ headers }: IncomingMessage): void {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) throw new Fault('MEDIA_TYPE');
  const accept = headers.accept;
  if (accept !== undefined && !/application\/(?:json|\*)|\*\/\*/i.test(accept)) throw new Fault('NOT_ACCEPTABLE');
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
