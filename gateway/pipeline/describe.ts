// initialize and server/discover: the gateway answers for itself, and only to somebody who may enter it. No server is started for it.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { Answered, Identified } from '../call.ts';
import type { Snapshot } from '../policy/compile.ts';
import { enter } from '../policy/decide.ts';
import type { Draft } from './draft.ts';
import { assigned } from './resolve.ts';

export function describe(snapshot: Snapshot, request: Identified, draft: Draft): Answered {
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.decidedAt = performance.now();
  if (request.target.server === undefined) {
    const servers = [...gateway.assignments.keys()].join(', ') || 'none yet';
    return {
      kind: 'described',
      title: gateway.title,
      instructions: `Tools of the servers ${servers}, governed by ${gateway.title}. Each tool is named <server>__<tool>.`,
    };
  }
  const { server } = assigned(gateway, request.target.server);
  draft.server = { id: server.id, name: server.slug };
  return { kind: 'described', title: server.slug, instructions: `The server ${server.slug}, governed by ${gateway.title}.` };
}
