// GET: the stream of a legacy session for what belongs to no call, or the rest of a stream that its host lost (2025-11-25, basic/transports). The rule: only
// for the session's owner, and only as long as the owner may be here.
import { Fault } from '#contract/error.ts';
import type { TokenCheck } from '../caller/token.ts';
import type { Caller, Identified } from '../call.ts';
import type { McpSessions } from '../mcp/session.ts';
import { readEventId } from '../mcp/stream.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { admission } from './admit.ts';
import type { Exchange } from './exchange.ts';
import type { Readers } from './reader.ts';

export interface ListenDeps {
  readonly tokenCheck: TokenCheck;
  readonly pipeline: Pipeline;
  readonly sessions: McpSessions;
  readonly readers: Readers;
}

/** Throws the Fault that refuses it. */
export function listen(deps: ListenDeps, { request, response }: Exchange, caller: Caller, target: Identified['target']): void {
  const { authorization, accept, 'mcp-session-id': id, 'last-event-id': last } = request.headers;
  if (!/text\/(?:event-stream|\*)|\*\/\*/i.test(accept ?? '')) throw new Fault('NOT_ACCEPTABLE');
  deps.pipeline.admit(caller, target);
  const session = deps.sessions.find(one(id), caller, target);
  const seen = last === undefined ? undefined : readEventId(one(last) ?? '');
  const stream = last === undefined ? session.standing : seen && session.stream(seen.stream);
  const outcome = stream?.attach(response, seen?.seq);
  // Hosts take it as: do not come back (HTML, server-sent events).
  if (outcome === 'over') return void response.writeHead(204).end();
  if (outcome !== 'attached')
    throw new Fault('INVALID_REQUEST', { reason: 'its Last-Event-ID is none that this session can go on after' });
  deps.readers.add(response, admission(deps, authorization, caller, target));
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
