// tools/call: resolve the name, decide, forward, and hand the upstream's own bytes back.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { Answered, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { isObject, type RequestMessage } from '../mcp/jsonrpc.ts';
import { decide, enter } from '../policy/decide.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import type { Mute } from './mute.ts';
import { resolve } from './resolve.ts';

export async function callTool(
  deps: { inForce: InForce; upstream: Upstream; mute: Mute },
  request: Identified,
  message: RequestMessage,
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered> {
  const snapshot = deps.inForce.current();
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  const name = message.params.value['name'];
  if (typeof name !== 'string') throw new Fault('INVALID_PARAMS', { method: message.method, reason: '"name" must be a string' });
  draft.tool = name.slice(0, 256);
  const resolved = resolve(gateway, request, name);
  draft.tool = resolved.tool.slice(0, 256);
  draft.server = { id: resolved.assignment.server.id, name: resolved.assignment.server.slug };

  const decision = decide(snapshot, resolved);
  draft.decidedAt = performance.now();
  if (decision.kind === 'refused') throw decision.fault;

  const reply = await deps.upstream.call(decision.call, message, draft.trace, signal);
  deps.mute.delete(request.caller, resolved.assignment);
  const { idSpan, result, error, value } = reply.message;
  if (!idSpan) throw new Fault('SERVER_GARBAGE', { server: resolved.assignment.server.slug, reason: 'its answer has no id' });
  const isError = error !== undefined || (isObject(value) && value['isError'] === true);
  return { kind: 'relayed', body: reply.body, id: idSpan, result, isError };
}
