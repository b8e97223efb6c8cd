// logging/setLevel: how urgent a log message has to be for this host, now and for the servers that it has yet to call. No server is started for it.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import { type Answered, type Identified, logLevels } from '../call.ts';
import type { InForce } from '../in-force.ts';
import type { RequestMessage } from '../mcp/jsonrpc.ts';
import { readLogLevel } from '../mcp/log-level.ts';
import { enter } from '../policy/decide.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';

export function setLogLevel(
  deps: { inForce: InForce; upstream: Upstream },
  request: Identified,
  message: RequestMessage,
  draft: Draft,
): Answered {
  const gateway = enter(deps.inForce.current(), request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.decidedAt = performance.now();
  const level = readLogLevel(message.params.value['level']);
  if (level === undefined)
    throw new Fault('INVALID_PARAMS', { method: message.method, reason: `"level" must be one of ${logLevels.join(', ')}` });
  request.audience?.wants(level);
  deps.upstream.hear(request.conversation, { kind: 'log-level', level });
  return { kind: 'empty' };
}
