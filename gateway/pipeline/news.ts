// All hosts that listen, of both eras, and what each of them sees of the policy. The rule: whoever may no more be where it listens is ended at once; a change of
// the policy is told as news of just the lists that it changed, whoever made it and in whichever process.
import { Fault } from '#contract/error.ts';
import type { Logger } from 'pino';
import type { AllowedCall, AllowedListing, Answered, Assignment, Audience, Caller, Identified, ListKind } from '../call.ts';
import { readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { listKinds, readListen } from '../mcp/news.ts';
import type { CompiledGateway } from '../policy/compile.ts';
import { enter, switchedOff } from '../policy/decide.ts';
import type { Reply, Trace } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import { Listening, type ListeningDeps } from './listening.ts';
import { permit } from './permit.ts';
import { assigned } from './resolve.ts';
import { ableOf, lookOf, seenTask, type TaskLookDeps } from './task-look.ts';
import { type View, viewOf } from './view.ts';

export interface News {
  /** A legacy host uses this server, so it hears of it from now on. */
  uses(request: Identified, assignment: Assignment): void;
  /** resources/subscribe and its opposite, of a legacy host. Rejects as a call does. */
  subscribe(call: AllowedCall, message: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply>;
  /** Whether the host that asks would hear now that such a list changed. */
  hears(request: Identified, kind: ListKind): boolean;
  /** A server's list came that the host was answered without. */
  came(listing: AllowedListing, kind: ListKind): void;
  /** A modern host begins to listen. Rejects with INVALID_PARAMS, NOT_ACCEPTABLE, SESSION_LIMIT, CANCELLED and what refuses the gateway. */
  listen(request: Identified, message: RequestMessage, draft: Draft, signal: AbortSignal): Promise<Begun>;
  /** A conversation is over. */
  release(conversation: Identified['conversation']): void;
  /** Ends all; modern hosts have been told that it was meant when it resolves. */
  close(): Promise<void>;
}

/** A listen that nobody was told of yet. */
export interface Begun {
  /** Tells the host what is honored, then news until it is over; resolves with its answer. */
  run(): Promise<Answered>;
  /** It is not to be. */
  end(): void;
}

/** So much of an id that may not be seen is on record: it says nothing to anybody. */
const idShown = 32;

/** Of a user at once. */
const listensPerUser = 200;

/** What all hear at once is told by one after the other, so that they do not come back for it at once either. */
const spreadEachMs = 2;
const spreadAtMostMs = 1000;

export function createNews(given: Omit<ListeningDeps, 'spreadMs'> & TaskLookDeps & { readonly logger: Logger }): News {
  const { inForce } = given;
  const conversations = new Map<string, Listening>();
  const listens = new Set<Listening>();
  const spreadMs = () => Math.min((conversations.size + listens.size - 1) * spreadEachMs, spreadAtMostMs);
  const deps = { ...given, spreadMs };
  const unsubscribe = inForce.onChange(review);

  function viewFor({ caller, target }: Identified): View | Fault {
    const gateway = enter(inForce.current(), caller, target.gateway, target.server);
    return gateway instanceof Fault ? gateway : viewOf(gateway, target, offFor(caller, gateway));
  }

  /** Servers that are switched off for this caller. */
  function offFor(caller: Caller, { slug, assignments }: CompiledGateway): ReadonlySet<string> {
    const snapshot = inForce.current();
    if (snapshot.off === undefined) return none.servers;
    return new Set([...assignments.keys()].filter((server) => switchedOff(snapshot, caller, slug, server) !== undefined));
  }

  function review(): void {
    /** Most see the same. */
    const views = new Map<string, View>();
    for (const listening of [...conversations.values(), ...listens]) {
      const { caller, target } = listening.request;
      const gateway = enter(inForce.current(), caller, target.gateway, target.server);
      if (gateway instanceof Fault) {
        listening.review(gateway);
        continue;
      }
      const off = offFor(caller, gateway);
      const key = JSON.stringify([target, ...off]);
      const view = views.get(key) ?? viewOf(gateway, target, off);
      views.set(key, view);
      listening.review(view);
    }
  }

  function of(request: Identified): Listening | undefined {
    const { audience, conversation } = request;
    if (request.era !== 'legacy' || !audience?.conversation || audience.conversation.isOver) return undefined;
    const known = conversations.get(conversation);
    if (known) return known;
    const view = viewFor(request);
    if (view instanceof Fault) return undefined;
    const listener = audience.conversation;
    const listening = new Listening(deps, {
      request: quiet(request, audience),
      lists: listKinds,
      subscription: undefined,
      listener,
      isThere: () => listener.isThere,
      view,
    });
    conversations.set(conversation, listening);
    return listening;
  }

  async function listen(request: Identified, message: RequestMessage, draft: Draft, signal: AbortSignal): Promise<Begun> {
    const wanted = readListen(message.params);
    const gateway = enter(inForce.current(), request.caller, request.target.gateway, request.target.server);
    if (gateway instanceof Fault) throw gateway;
    draft.gateway = { id: gateway.id, name: gateway.slug };
    if (request.target.server !== undefined) {
      const { server } = assigned(gateway, request.target.server);
      draft.server = { id: server.id, name: server.slug };
    }
    const able = ableOf(message, wanted.tasks.length > 0, gateway.slug);
    draft.decidedAt = performance.now();
    const { audience } = request;
    const hold = audience?.hold;
    if (!hold) throw new Fault('NOT_ACCEPTABLE');
    const ofUser = [...listens].filter((other) => other.request.caller.user.id === request.caller.user.id);
    if (ofUser.length >= listensPerUser) throw new Fault('SESSION_LIMIT');
    const subscription = request.body.toString('utf8', message.idSpan.start, message.idSpan.end);
    const listener = quiet(request, audience);
    const listening = new Listening(deps, {
      request: listener,
      look: lookOf(deps, listener, able),
      lists: wanted.lists,
      subscription,
      listener: undefined,
      isThere: () => true,
      view: viewOf(gateway, request.target, offFor(request.caller, gateway)),
    });
    listens.add(listening);
    try {
      const [uris, tasks] = await Promise.all([
        subscribeTo(listening, wanted.uris, draft, signal),
        watchTasks(listening, wanted.tasks, draft, signal),
      ]);
      return {
        end: () => end(listening),
        async run() {
          try {
            return await listening.run(hold(), { lists: wanted.lists, uris, tasks }, signal);
          } finally {
            end(listening);
          }
        },
      };
    } catch (error) {
      end(listening);
      throw error;
    }
  }

  /** Returns the URIs, as the host knows them, that are honored. */
  async function subscribeTo(
    listening: Listening,
    uris: readonly string[],
    draft: Draft,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const allowed = new Map<AllowedCall, string>();
    for (const uri of uris) {
      const call = await permitted(listening.request, uri, signal);
      if (typeof call === 'string') draft.hidden.push(call);
      else allowed.set(call, uri);
    }
    if (signal.aborted) throw new Fault('CANCELLED');
    const honored = await listening.subscribeAll([...allowed.keys()], signal);
    return [...honored].flatMap((call) => allowed.get(call) ?? []);
  }

  /** Returns the ids, as the host knows them, that are honored. */
  async function watchTasks(
    listening: Listening,
    ids: readonly string[],
    draft: Draft,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const calls = ids.flatMap((shown) => {
      const call = seenTask(deps, listening.request, shown);
      if (!call) draft.hidden.push(shown.slice(0, idShown));
      return call ?? [];
    });
    const honored = await listening.watchAll(calls, signal);
    return [...honored].flatMap(({ task }) => task?.shown ?? []);
  }

  /** Where it may not, what the record says of it: nothing of what a rule found in it. */
  async function permitted(request: Identified, uri: string, signal: AbortSignal): Promise<AllowedCall | string> {
    const shown = uri.slice(0, 256);
    try {
      const draft = { gateway: null, server: null, item: null, decidedAt: undefined };
      const { decision } = await permit(deps, request, { kind: 'resources', name: uri }, draft, signal);
      const { message, ...asking } = asked(uri);
      if (decision.kind === 'allowed') await deps.screen.request({ ...decision.call, ...asking }, message, signal);
      return decision.kind === 'allowed' ? decision.call : shown;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error.code === 'RULE_BLOCKED' || error.code === 'RULE_UNDECIDED' ? '?' : shown;
    }
  }

  /** Those by which this host hears. */
  function ofHost({ conversation, target: { server } }: Identified): readonly Listening[] {
    const legacy = conversations.get(conversation);
    if (legacy) return [legacy];
    return [...listens].filter(({ request }) => request.conversation === conversation && request.target.server === server);
  }

  function end(listening: Listening): void {
    listens.delete(listening);
    listening.end();
  }

  return {
    listen,
    uses: (request, assignment) => void of(request)?.uses(assignment),
    hears: (request, kind) => ofHost(request).some((listening) => listening.hears(kind)),
    came(listing, kind) {
      for (const listening of ofHost(listing)) listening.came(listing.assignment.server.slug, kind);
    },
    subscribe(call, message, trace, signal) {
      const listening = of(call);
      if (!listening) throw new Fault('METHOD_UNKNOWN', { method: message.method });
      return listening.subscribe(call, message, trace, signal);
    },
    release(conversation) {
      conversations.get(conversation)?.end();
      conversations.delete(conversation);
    },
    async close() {
      unsubscribe();
      for (const listening of [...conversations.values(), ...listens]) listening.end();
      conversations.clear();
      listens.clear();
      // What each of them answers now is on its way after this.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Who asks, without what they asked: it may be kept for long. */
function quiet(request: Identified, { abilities, conversation }: Audience): Identified {
  const { era, target, caller, arrivedAt } = request;
  const audience: Audience = {
    abilities,
    get logLevel() {
      return conversation?.logLevel;
    },
    conversation,
    tell: () => undefined,
    wants: () => undefined,
    ask: ({ method }) =>
      Promise.reject(new Fault('HOST_UNABLE', { method, reason: 'nothing is asked of a host that only listens' })),
  };
  return {
    era,
    target,
    caller,
    arrivedAt,
    audience,
    conversation: request.conversation,
    method: 'subscriptions/listen',
    body: none.body,
  };
}

/** What a legacy host would ask: a rule that has something against the URI blocks it. */
function asked(uri: string) {
  const method = 'resources/subscribe';
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 0, method, params: { uri } }));
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Error('a request that is none');
  return { method, body, message };
}

const none = { body: Buffer.alloc(0), servers: new Set<string>() } as const;
