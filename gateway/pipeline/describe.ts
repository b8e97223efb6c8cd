// initialize and server/discover: the gateway answers for itself, and only to somebody who may enter it. No server is started for it: what a server says
// of itself is passed on where it is known, quoted under the server's name, so that nobody takes it for the gateway's own word.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import { exposedKinds } from '#contract/policy.ts';
import type { Answered, Assignment, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { isObject } from '../mcp/jsonrpc.ts';
import { decideListing, enter } from '../policy/decide.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import { assigned } from './resolve.ts';
import { addHits } from './hit.ts';
import type { Screen } from './screen.ts';

/** In characters, of all servers together. */
const instructionsLimit = 16_000;
/** Hosts wait for so long and more for a server. */
const meetWithinMs = 5000;

export async function describe(
  { inForce, upstream, screen }: { readonly inForce: InForce; readonly upstream: Upstream; readonly screen: Screen },
  request: Identified,
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered> {
  const snapshot = inForce.current();
  const gateway = enter(snapshot, request.caller, request.target.gateway, request.target.server);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.decidedAt = performance.now();

  /** What the server says, as its own words. Of a server that shows nothing, nothing. */
  async function wordsOf(assignment: Assignment): Promise<string> {
    if (!exposedKinds.some(assignment.exposes)) return '';
    const listing = decideListing(snapshot, request, assignment);
    const own = listing instanceof Fault ? undefined : upstream.about(listing)?.instructions;
    if (listing instanceof Fault || own === undefined) return '';
    const instructions = await screen.words(listing, own, (hits) => addHits(draft.hits, hits), signal);
    return instructions === undefined ? '' : `\n\nThe server ${assignment.server.slug} says of itself:\n${quoted(instructions)}`;
  }

  /** What the server declares beside MCP, where the host may use that. It is begun to be asked: a host reads this once. */
  async function beyondOf(assignment: Assignment): Promise<Readonly<Record<string, unknown>> | undefined> {
    const listing = assignment.exposes('methods') ? decideListing(snapshot, request, assignment) : undefined;
    if (!listing || listing instanceof Fault) return undefined;
    if (!upstream.about(listing)) await upstream.meet(listing, signal, meetWithinMs).catch(() => undefined);
    const own = upstream.about(listing)?.beyond;
    const isFine = own !== undefined && (await screen.declares(listing, own, (hits) => addHits(draft.hits, hits), signal));
    const isOut = decideListing(inForce.current(), request, assignment) instanceof Fault;
    // Where a rule changed anything of it, nothing goes on.
    const value: unknown = isFine && !isOut ? JSON.parse(own) : undefined;
    return isObject(value) ? value : undefined;
  }

  if (request.target.server === undefined) {
    const assignments = [...gateway.assignments.values()].toSorted((a, b) => (a.server.slug < b.server.slug ? -1 : 1));
    const servers = assignments.map(({ server }) => server.slug).join(', ') || 'none yet';
    const own = `Tools, prompts and resources of the servers ${servers}, governed by ${gateway.title}. Each tool and prompt is named <server>__<name>.`;
    let instructions = own;
    const said = await Promise.all(assignments.map(async (assignment) => ({ assignment, words: await wordsOf(assignment) })));
    const now = inForce.current();
    for (const { assignment, words } of said) {
      // Engines may have been waited for.
      const isOut = now !== snapshot && decideListing(now, request, assignment) instanceof Fault;
      if (!isOut && instructions.length + words.length <= instructionsLimit) instructions += words;
    }
    return { kind: 'described', title: gateway.title, instructions };
  }
  const assignment = assigned(gateway, request.target.server);
  const { server } = assignment;
  draft.server = { id: server.id, name: server.slug };
  const beyond = await beyondOf(assignment);
  const instructions = `The server ${server.slug}, governed by ${gateway.title}.${await wordsOf(assignment)}`;
  return { kind: 'described', title: server.slug, instructions, ...(beyond && { beyond }) };
}

/** Each line with a mark before it, so that none passes for the gateway's word or another server's. */
function quoted(text: string): string {
  return `> ${text.replaceAll(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/g, '\n> ')}`;
}
