// One host that listens: a legacy conversation, which hears of the servers that it uses, or one subscriptions/listen of a modern host. The rule: news of an item
// goes out only where the policy of that moment exposes it, after what the host was shown last was asked for anew; much news in a short time is told once.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type {
  AllowedCall,
  AllowedListing,
  Answered,
  Assignment,
  Decision,
  Hearer,
  Identified,
  ListKind,
  Listener,
  Resolved,
} from '../call.ts';
import type { InForce } from '../in-force.ts';
import { type Feature, features } from '../mcp/feature.ts';
import { prefixed } from '../mcp/item-name.ts';
import { readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { acknowledged, listChanged, type ListenFilter, maybeUpdated, resourceUpdated } from '../mcp/news.ts';
import { isOfTask, withShownTask } from '../mcp/task-name.ts';
import { decide, decideListing, enter } from '../policy/decide.ts';
import type { Following, Reply, Trace, Upstream } from '../upstream/upstream.ts';
import type { Pinning } from './pinning.ts';
import type { KnownLists } from './known-list.ts';
import type { Screen } from './screen.ts';
import { TaskWatch, type TaskWatchTerms, unheard } from './task-watch.ts';
import type { View } from './view.ts';

export interface ListeningDeps {
  readonly inForce: InForce;
  readonly upstream: Upstream;
  readonly lists: KnownLists;
  readonly seen: Pinning['seen'];
  readonly screen: Pick<Screen, 'request' | 'notification'>;
  /** How long those who listen may take, one after the other, to tell what all of them heard at once, in ms. */
  readonly spreadMs: () => number;
}
export interface ListeningTerms {
  /** Without a body: who listens, where, with which abilities. */
  readonly request: Identified;
  readonly lists: readonly ListKind[];
  /** The id of a modern host's request, as JSON text. */
  readonly subscription: string | undefined;
  /** A conversation is told at once; a modern host once its answer is held open. */
  readonly listener: Pick<Listener, 'tell' | 'tasks'> | undefined;
  readonly isThere: () => boolean;
  /** How a modern host looks at tasks. */
  readonly look?: TaskWatchTerms['look'];
  /** What it sees of the policy as it begins. */
  readonly view: View;
}

/** News that came within this is told once; where there was news just before, within this. */
const settleMs = 100;
const settleAgainMs = 500;
/** A list that takes longer is asked for by the host itself. */
const relistWithinMs = 3000;
/** A server that does not answer sooner is told when it is back. */
const subscribeWithinMs = 5000;
/** News before a modern host was told what is honored. */
const earlyAtMost = 1000;
const featuresOf: Readonly<Record<ListKind, readonly Feature[]>> = {
  tools: [features.tools],
  prompts: [features.prompts],
  resources: [features.resources, features.templates],
};

export class Listening implements Hearer {
  readonly request: Identified;
  readonly keepsOpen: boolean;
  readonly #deps: ListeningDeps;
  readonly #terms: ListeningTerms;
  readonly #followed = new Map<Slug, { readonly following: Following; readonly place: string }>();
  /** Heard of once, and then no more: what they would have said was missed. */
  readonly #left = new Set<Slug>();
  /** By the server, and by its own URI. */
  readonly #subscriptions = new Map<Slug, Map<string, Resolved>>();
  readonly #tasks: TaskWatch;
  /** Whose list of a kind changed; undefined stands for the policy. */
  #news = new Map<ListKind, Set<Slug | undefined>>();
  #timer: NodeJS.Timeout | undefined;
  #toldAt = -settleAgainMs;
  /** The newest. */
  #newsAt = 0;
  #listener: Pick<Listener, 'tell'> | undefined;
  #early: Buffer[] = [];
  #view: View;
  readonly #over = Promise.withResolvers<Answered>();
  #isOver = false;

  constructor(deps: ListeningDeps, terms: ListeningTerms) {
    this.#deps = deps;
    this.#terms = terms;
    this.#view = terms.view;
    this.#listener = terms.listener;
    this.request = terms.request;
    this.keepsOpen = terms.subscription !== undefined;
    this.#tasks = new TaskWatch({
      look: terms.look ?? (() => Promise.resolve(undefined)),
      mayBeSeen: (call) => this.#decide(call)?.kind === 'allowed',
      uses: (assignment) => this.uses(assignment),
      tell: (notification) => this.#tell(notification),
      subscription: terms.subscription ?? 'null',
    });
  }

  get isThere(): boolean {
    return this.#terms.isThere();
  }

  /** The host uses this server from now on, so it hears of it. */
  uses(assignment: Assignment): Following | undefined {
    const { slug } = assignment.server;
    const known = this.#followed.get(slug)?.following;
    if (known?.isSettled) return known;
    const listing = this.#listing(assignment);
    if (!listing || this.#isOver) return undefined;
    if (known) {
      known.refresh(listing, true);
      return known;
    }
    const following = this.#deps.upstream.follow(listing, this, this.#left.delete(slug));
    this.#followed.set(slug, { following, place: placeOf(assignment) });
    return following;
  }

  /** resources/subscribe and its opposite, of a legacy host. Rejects as a call does. */
  async subscribe(call: AllowedCall, message: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply> {
    const { upstream } = this.#deps;
    const isOn = message.method === 'resources/subscribe';
    return await this.#change(call, isOn, trace, signal, () => upstream.call(call, message, trace, signal));
  }

  /** What of these is honored: all but what the server says that it does not do. One that is away is told when it is back. */
  async subscribeAll(calls: readonly AllowedCall[], signal: AbortSignal): Promise<ReadonlySet<AllowedCall>> {
    const refused = new Set<AllowedCall>();
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(subscribeWithinMs)]);
    // All at once, so that one stream or one session serves them.
    for (const call of calls) this.#keep(call);
    const one = async (call: AllowedCall): Promise<void> => {
      try {
        const { message } = await within(this.#change(call, true, {}, signal), inTime);
        if (message.error) refused.add(call);
      } catch (error) {
        if (error instanceof Fault && unheard.has(error.code)) refused.add(call);
        // Its server is away or slow: it is still wanted.
        else this.#keep(call);
      }
    };
    await Promise.all(calls.map(one));
    for (const call of refused) this.#drop(call);
    return new Set(calls.filter((call) => !refused.has(call)));
  }

  /** What of these tasks is honored, as `subscribeAll` says it of resources. */
  watchAll(calls: readonly AllowedCall[], signal: AbortSignal): Promise<ReadonlySet<AllowedCall>> {
    return this.#tasks.watchAll(calls, signal);
  }

  /** Of a modern host: says what is honored, then tells news until it is over; its answer is the end. */
  async run(held: Pick<Listener, 'tell'>, honored: ListenFilter, signal: AbortSignal): Promise<Answered> {
    const onAbort = () => this.end({ kind: 'fault', fault: new Fault('CANCELLED') });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    held.tell(acknowledged(honored, this.#terms.subscription ?? 'null'));
    this.#listener = held;
    for (const early of this.#early.splice(0)) held.tell(early);
    if ([honored.lists, honored.uris, honored.tasks].every(({ length }) => length === 0)) this.end({ kind: 'listened' });
    this.#followAll();
    const answered = await this.#over.promise;
    signal.removeEventListener('abort', onAbort);
    return answered;
  }

  /** The policy changed. A modern host that may no more be here is told so, and that is all. */
  review(view: View | Fault): void {
    if (view instanceof Fault) {
      if (this.keepsOpen) return this.end({ kind: 'fault', fault: view });
      for (const slug of this.#followed.keys()) this.#leave(slug);
      return;
    }
    for (const kind of this.#terms.lists) if (view.lists[kind] !== this.#view.lists[kind]) this.#note(kind, undefined);
    this.#view = view;
    for (const [slug, { following, place }] of this.#followed) {
      const assignment = view.assignments.get(slug);
      const listing = assignment && this.#listing(assignment);
      if (listing && placeOf(assignment) === place) following.refresh(listing, false);
      else this.#leave(slug);
    }
    for (const subscriptions of this.#subscriptions.values())
      for (const resolved of subscriptions.values()) if (this.#decide(resolved)?.kind !== 'allowed') this.#unsubscribe(resolved);
    for (const [slug, own] of this.#tasks.review()) this.#followed.get(slug)?.following.unwatch(own);
    if (this.keepsOpen) this.#followAll();
  }

  /** Idempotent. */
  end(answered: Answered = { kind: 'listened' }): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const { following } of this.#followed.values()) following.close();
    this.#followed.clear();
    this.#subscriptions.clear();
    this.#tasks.end();
    this.#over.resolve(answered);
  }

  subscribed(server: Slug): readonly string[] {
    return [...(this.#subscriptions.get(server)?.keys() ?? [])];
  }

  hears(kind: ListKind): boolean {
    return this.isThere && this.#terms.lists.includes(kind);
  }

  /** A list that the host did without is there, and not to be asked for anew. */
  came(server: Slug, kind: ListKind): void {
    const assignment = this.#assignment(server);
    // It may have been switched off while its list was on the way.
    const isListed = assignment !== undefined && this.#listing(assignment) !== undefined;
    if (isListed && this.#terms.lists.includes(kind) && this.#exposes(server, kind)) this.#note(kind, undefined);
  }

  listChanged(server: Slug, kind: ListKind): void {
    if (this.#terms.lists.includes(kind) && this.#exposes(server, kind)) this.#note(kind, server);
  }

  updated(server: Slug, subscribed: string, body: Buffer): void {
    const resolved = this.#subscriptions.get(server)?.get(subscribed);
    const message = readMessage(body);
    if (!resolved || message.kind !== 'notification' || this.#decide(resolved)?.kind !== 'allowed') return;
    const uri = this.#shown(server, String(message.params.value['uri']));
    const named = resourceUpdated(body, message, uri, this.#terms.subscription);
    // Rules take the id of a task in it for the one that the host knows (own.ts), so the server's own goes.
    const told = isOfTask(message) ? withShownTask(named, (own) => this.#terms.listener?.tasks?.shownOf(server, own)) : named;
    this.#deps.screen.notification(resolved, told, (screened) => this.#tell(screened));
  }

  tasks(server: Slug): readonly string[] {
    return this.#tasks.of(server);
  }

  taskMoved(server: Slug, own: string): void {
    this.#tasks.moved(server, own);
  }

  missed(server: Slug): void {
    for (const own of this.#tasks.of(server)) this.#tasks.moved(server, own);
    for (const kind of this.#terms.lists) this.listChanged(server, kind);
    for (const [uri, resolved] of this.#subscriptions.get(server) ?? [])
      if (this.#decide(resolved)?.kind === 'allowed')
        this.#tell(maybeUpdated(this.#shown(server, uri), this.#terms.subscription));
  }

  async #change(call: AllowedCall, isOn: boolean, trace: Trace, signal: AbortSignal, ask?: () => Promise<Reply>): Promise<Reply> {
    const following = this.uses(call.assignment);
    if (!following) throw new Fault('CANCELLED');
    // Before the answer: the first update may be quicker.
    if (isOn) this.#keep(call);
    let isDone = false;
    try {
      const reply = await following.subscribe(call.item.name, isOn, trace, signal, ask);
      isDone = reply.message.error === undefined;
      return reply;
    } finally {
      if (isOn !== isDone) this.#drop(call);
    }
  }

  #keep({ assignment, item, listedTemplates, seen }: Resolved): void {
    const { slug } = assignment.server;
    const kept = this.#subscriptions.get(slug) ?? new Map<string, Resolved>();
    this.#subscriptions.set(slug, kept);
    kept.set(item.name, { ...this.request, assignment, item, seen, ...(listedTemplates && { listedTemplates }) });
  }

  #drop({ assignment, item }: Resolved): void {
    const { slug } = assignment.server;
    const kept = this.#subscriptions.get(slug);
    if (kept?.delete(item.name) && kept.size === 0) this.#subscriptions.delete(slug);
  }

  #unsubscribe(resolved: Resolved): void {
    this.#drop(resolved);
    const following = this.#followed.get(resolved.assignment.server.slug)?.following;
    following?.subscribe(resolved.item.name, false, {}, AbortSignal.timeout(subscribeWithinMs)).catch(() => undefined);
  }

  #leave(slug: Slug): void {
    this.#followed.get(slug)?.following.close();
    this.#followed.delete(slug);
    this.#left.add(slug);
  }

  /** Every server that it may see something of that it wants to hear of. */
  #followAll(): void {
    for (const assignment of this.#view.assignments.values()) {
      const { slug } = assignment.server;
      const isNamed = this.#subscriptions.has(slug) || this.#tasks.of(slug).length > 0;
      if (isNamed || this.#terms.lists.some((kind) => this.#exposes(slug, kind))) this.uses(assignment);
    }
  }

  #note(kind: ListKind, server: Slug | undefined): void {
    if (this.#isOver) return;
    const servers = this.#news.get(kind) ?? new Set();
    this.#news.set(kind, servers.add(server));
    this.#newsAt = performance.now();
    if (this.#timer) return;
    const withinMs = performance.now() - this.#toldAt < settleAgainMs ? settleAgainMs : settleMs;
    this.#timer = setTimeout(() => void this.#flush(), withinMs + Math.random() * this.#deps.spreadMs()).unref();
  }

  async #flush(): Promise<void> {
    const [news, since] = [this.#news, this.#newsAt];
    this.#news = new Map();
    this.#timer = undefined;
    this.#toldAt = performance.now();
    await Promise.all([...news].flatMap(([kind, servers]) => [...servers].map((server) => this.#relist(kind, server, since))));
    for (const [kind, servers] of news)
      if (!this.#isOver && [...servers].some((server) => server === undefined || this.#exposes(server, kind)))
        this.#tell(listChanged(kind, this.#terms.subscription));
  }

  /** What the host was shown of the server, as it is now: names are looked up and headers checked by it. */
  async #relist(kind: ListKind, server: Slug | undefined, since: number): Promise<void> {
    const assignment = server && this.#assignment(server);
    const listing = assignment && this.#listing(assignment);
    if (!listing) return;
    const { lists } = this.#deps;
    const shown = featuresOf[kind].filter((feature) => assignment.exposes(feature.kind) && lists.last(listing, feature));
    const late = AbortSignal.timeout(relistWithinMs);
    await Promise.allSettled(shown.map((feature) => lists.ask(listing, feature, {}, late, { since })));
  }

  #tell(notification: Buffer): void {
    if (this.#isOver) return;
    if (this.#listener) this.#listener.tell(notification);
    else if (this.#early.length < earlyAtMost) this.#early.push(notification);
  }

  #exposes(server: Slug, kind: ListKind): boolean {
    const assignment = this.#assignment(server);
    return assignment !== undefined && featuresOf[kind].some((feature) => assignment.exposes(feature.kind));
  }

  /** By the policy of now; undefined where it shows the server no more, or where there is none. */
  #assignment(server: Slug): Assignment | undefined {
    try {
      const { caller, target } = this.request;
      const gateway = enter(this.#deps.inForce.current(), caller, target.gateway);
      return gateway instanceof Fault ? undefined : gateway.assignments.get(server);
    } catch {
      return undefined;
    }
  }

  #listing(assignment: Assignment): AllowedListing | undefined {
    try {
      const listing = decideListing(this.#deps.inForce.current(), this.request, assignment);
      return listing instanceof Fault ? undefined : listing;
    } catch {
      return undefined;
    }
  }

  #decide(resolved: Resolved): Decision | undefined {
    try {
      // What it was shown last may be another definition by now.
      const seen = this.#deps.seen(resolved, 'resources', resolved.item.name) ?? resolved.seen;
      return decide(this.#deps.inForce.current(), { ...resolved, seen });
    } catch {
      return undefined;
    }
  }

  #shown(server: Slug, uri: string): string {
    return this.request.target.server === undefined ? prefixed(server, { kind: 'resources', name: uri }) : uri;
  }
}

/** Another place is another server, whatever it is called. */
function placeOf({ server, remote, reach }: Assignment): string {
  return JSON.stringify([server.id, remote?.url, remote?.auth, remote?.allowPrivate, reach]);
}

/** Settles with the promise, or rejects when the signal is aborted; the promise goes on. */
function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Fault('CANCELLED'));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
