// What the hearers of one server want to hear of it: news of its lists, of resources and of tasks. To a server of 2025-11-25 each first subscription is a request and news
// of lists come by themselves; one of 2026-07-28 has one stream for all of it. The rule: whoever hears here is told when nothing more will come.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type { Hearer, ListKind } from '../call.ts';
import { type NotificationMessage, readMessage } from '../mcp/jsonrpc.ts';
import { isNews, listenMethod, type ListenFilter, listKindOf, taskMovedMethod } from '../mcp/news.ts';
import { ListenStream, type ListenWay } from './listen-stream.ts';
import { Subscriptions } from './subscription.ts';
import type { About, Reply } from './upstream.ts';

export interface InterestDeps {
  readonly server: Slug;
  /** What the server said of itself; undefined where it is not known, so that its acknowledgment tells. */
  readonly about: About | undefined;
  /** Of a server of 2026-07-28. */
  readonly way: ListenWay | undefined;
  /** resources/subscribe and its opposite, to a legacy server. */
  readonly ask: (method: string, uri: string) => Promise<Reply>;
  readonly onDropped: () => void;
  /** Nobody hears any more. */
  readonly onEmpty?: () => void;
}

/** News of one kind of list, and of one resource, is told no more often: of lists, hearers settle it for longer. */
const againAfterMs = 50;

/** Without a fault where nobody needed the session any more. */
type OnLost = (fault: Fault | undefined) => void;

export class Interest {
  readonly #deps: InterestDeps;
  /** What each is told when nothing more will come. */
  readonly #hearers = new Map<Hearer, OnLost>();
  readonly #subscriptions = new Subscriptions();
  /** By the server's own ids. */
  readonly #tasks = new Subscriptions();
  readonly #stream: ListenStream | undefined;
  /** Of what news was told just now (a kind of list, or `updated <uri>`), and what tells the newest that came since. */
  readonly #told = new Map<string, (() => void) | undefined>();
  #isOver = false;

  constructor(deps: InterestDeps) {
    this.#deps = deps;
    const onNews = (body: Buffer, message: NotificationMessage) =>
      isNews(message.method) ? this.notified(body, message) : deps.onDropped();
    this.#stream = deps.way && new ListenStream(deps.server, deps.way, onNews, (fault) => this.lost(fault));
  }

  get isOver(): boolean {
    return this.#isOver;
  }
  /** Nobody needs the server for it. */
  get isIdle(): boolean {
    return this.#subscriptions.size === 0 && ![...this.#hearers.keys()].some(({ keepsOpen }) => keepsOpen);
  }

  /** Resolves once it hears, or once it is known that this server says nothing; false where it was lost meanwhile. `onLost` is called once, unless it was detached before. */
  async attach(hearer: Hearer, onLost: OnLost): Promise<boolean> {
    this.#hearers.set(hearer, onLost);
    if (this.#stream) {
      // So that one stream is opened for all of it.
      const uris = hearer.subscribed(this.#deps.server);
      for (const uri of uris.slice(0, this.#subscriptions.room)) this.#subscriptions.add(uri, hearer);
      for (const task of hearer.tasks(this.#deps.server).slice(0, this.#tasks.room)) this.#tasks.add(task, hearer);
      await this.#listen().catch((error: unknown) => this.#unheard(error));
    }
    return !this.#isOver && this.#hearers.has(hearer);
  }

  detach(hearer: Hearer): void {
    if (!this.#hearers.delete(hearer)) return;
    const left = [...this.#subscriptions.leave(hearer), ...this.#tasks.leave(hearer)];
    if (this.#isOver) return;
    if (!this.#stream) for (const uri of left) this.#mention('resources/unsubscribe', uri);
    else if (this.#hearers.size === 0) this.#stream.close();
    else if (left.length > 0) this.#listen().catch((error: unknown) => this.#unheard(error));
    if (this.#hearers.size > 0) return;
    if (this.#stream) this.#isOver = true;
    this.#deps.onEmpty?.();
  }

  /** `ask` sends the host's own request to a legacy server, where there is one. Rejects as a request does. */
  async subscribe(hearer: Hearer, uri: string, ask?: () => Promise<Reply>): Promise<Reply> {
    if (this.#isOver) throw new Fault('UPSTREAM_LOST', { server: this.#deps.server });
    // Before the answer: the first update may be quicker.
    this.#subscriptions.add(uri, hearer);
    let isDone = false;
    try {
      const reply = this.#stream ? await this.#listenTo(uri) : await (ask?.() ?? this.#deps.ask('resources/subscribe', uri));
      isDone = reply.message.error === undefined;
      return reply;
    } finally {
      if (!isDone) this.#subscriptions.delete(uri, hearer);
    }
  }

  async unsubscribe(hearer: Hearer, uri: string, ask?: () => Promise<Reply>): Promise<Reply> {
    // Somebody else still wants to hear of it.
    if (!this.#subscriptions.delete(uri, hearer)) return emptyReply();
    if (!this.#stream) return await (ask?.() ?? this.#deps.ask('resources/unsubscribe', uri));
    this.#listen().catch((error: unknown) => this.#unheard(error));
    return emptyReply();
  }

  /** Only a server of 2026-07-28 says such. */
  async watch(hearer: Hearer, task: string): Promise<void> {
    if (this.#isOver) throw new Fault('UPSTREAM_LOST', { server: this.#deps.server });
    this.#tasks.add(task, hearer);
    let isDone = false;
    try {
      const honored = await this.#listen();
      isDone = honored?.tasks.includes(task) === true;
      if (!isDone) throw new Fault('METHOD_UNKNOWN', { method: listenMethod });
    } finally {
      if (!isDone) this.#tasks.delete(task, hearer);
    }
  }

  unwatch(hearer: Hearer, task: string): void {
    if (this.#tasks.delete(task, hearer)) this.#listen().catch((error: unknown) => this.#unheard(error));
  }

  notified(body: Buffer, message: NotificationMessage): void {
    const kind = listKindOf(message.method);
    if (kind) this.#listChanged(kind);
    else if (message.method === taskMovedMethod) this.#taskMoved(message);
    else this.#updated(body, message);
  }

  /** What was said meanwhile may have been missed, though the server is the same. */
  missed(): void {
    for (const hearer of this.#hearers.keys()) hearer.missed(this.#deps.server);
  }

  /** Nothing more will come: whoever hears has to begin anew. Idempotent. */
  lost(fault: Fault | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.close();
    const told = [...this.#hearers.values()];
    this.#hearers.clear();
    this.#deps.onEmpty?.();
    for (const onLost of told) onLost(fault);
  }

  #listChanged(kind: ListKind): void {
    if (this.#hearers.size === 0) this.#deps.onDropped();
    this.#settled(kind, () => {
      for (const hearer of this.#hearers.keys()) hearer.listChanged(this.#deps.server, kind);
    });
  }

  #updated(body: Buffer, { params }: NotificationMessage): void {
    const { uri } = params.value;
    const of = `updated ${String(uri)}`;
    const isLater = this.#told.has(of);
    if (typeof uri !== 'string' || (!isLater && this.#subscriptions.of(uri).size === 0)) return this.#deps.onDropped();
    // The memory may be used again meanwhile.
    const said = isLater ? Buffer.from(body) : body;
    this.#settled(of, () => {
      for (const [hearer, subscribed] of this.#subscriptions.of(uri)) hearer.updated(this.#deps.server, subscribed, said);
    });
  }

  /** At once, and where more comes within the moment the newest of it at its end: each of many hearers asks the policy about what it is told. */
  #settled(of: string, tell: () => void): void {
    if (this.#told.has(of)) return void this.#told.set(of, tell);
    this.#told.set(of, undefined);
    tell();
    setTimeout(() => {
      const more = this.#told.get(of);
      this.#told.delete(of);
      if (more && !this.#isOver) this.#settled(of, more);
    }, againAfterMs).unref();
  }

  #taskMoved({ params }: NotificationMessage): void {
    const { taskId } = params.value;
    const hearers = typeof taskId === 'string' ? this.#tasks.to(taskId) : [];
    if (hearers.length === 0) this.#deps.onDropped();
    for (const hearer of hearers) hearer.taskMoved(this.#deps.server, String(taskId));
  }

  async #listen(): Promise<ListenFilter | undefined> {
    const { about } = this.#deps;
    if (!this.#stream || this.#isOver) return undefined;
    const lists = about ? about.listChanged : (['tools', 'prompts', 'resources'] as const);
    const uris = about?.isSubscribable === false ? [] : this.#subscriptions.uris();
    const tasks = about?.hasTasks === false ? [] : this.#tasks.uris();
    return await this.#stream.want({ lists, uris, tasks });
  }

  async #listenTo(uri: string): Promise<Reply> {
    const honored = await this.#listen();
    if (honored?.uris.includes(uri) !== true) throw new Fault('METHOD_UNKNOWN', { method: 'resources/subscribe' });
    return emptyReply();
  }

  /** A server that can't be listened to is left alone; of one that could be a moment ago, all begin anew. */
  #unheard(error: unknown): void {
    this.#deps.onDropped();
    const fault = error instanceof Fault ? error : new Fault('UPSTREAM_LOST', { server: this.#deps.server }, { cause: error });
    if (fault.code !== 'METHOD_UNKNOWN') this.lost(fault);
  }

  #mention(method: string, uri: string): void {
    this.#deps.ask(method, uri).catch(() => this.#deps.onDropped());
  }
}

/** The answer to what a server needs not be asked. */
export function emptyReply(): Reply {
  const body = Buffer.from('{"jsonrpc":"2.0","id":0,"result":{}}');
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Error('an answer that is none');
  return { body, message };
}
