// The sessions with all servers of one kind, and what was found out of each server: which era it speaks, what it says of itself. The rule: what was found
// out counts for an hour from when the server was asked, however often it was believed since, and no longer than until a start that believed it fails.
import { Fault } from '#contract/error.ts';
import type { UserId } from '#contract/id.ts';
import type { AllowedCall, AllowedListing, Era, HostNews, Identified, LogLevel } from '../call.ts';
import { timedOut } from './session.ts';
import type { About } from './upstream.ts';
import { within } from './within.ts';

/** A session, whatever it speaks. */
export interface Pooled {
  readonly era: Era;
  /** What the server said of itself, where this session asked. */
  readonly about: About | undefined;
  readonly isOpen: boolean;
  /** Nobody needs it now. */
  readonly isIdle: boolean;
  /** The server knows nothing of it, so that another one does as well. */
  readonly isStateless: boolean;
  /** In ms, as `performance.now()`. */
  readonly lastUsedAt: number;
  leave(conversation: string): void;
  setLogLevel(level: LogLevel): void;
  rootsChanged(): void;
  /** Never rejects. Idempotent. */
  close(): void | Promise<void>;
}
/** What a server was found to be. */
export interface Verdict {
  readonly era: Era;
  /** Of a remote server. */
  readonly transport: 'http' | 'sse' | undefined;
  readonly about: About | undefined;
}
export interface Opened<S> {
  readonly talk: S;
  readonly transport: Verdict['transport'];
}
/** What a session is opened with. */
export interface Opening {
  /** To be believed; undefined asks the server. */
  readonly known: Omit<Verdict, 'about'> | undefined;
  /** What it last said of itself, however long ago. */
  readonly knownAbout: About | undefined;
  readonly onClosed: () => void;
  /** It is not what it was taken for: the next session asks it again. */
  readonly onMistaken: () => void;
}
/** Which session is needed. */
export interface Needed<S, B> {
  readonly allowed: AllowedCall | AllowedListing;
  /** How long it is waited for. */
  readonly withinMs: number;
  /** Conversations share it. */
  readonly isShared: boolean;
  /** The same for the same session. */
  readonly key: string;
  /** The same for the same server. */
  readonly place: string;
  /** Kept with it, and handed out by `borne`. */
  readonly bears: B;
  /** Rejects with a Fault, and leaves nothing open. */
  readonly open: (opening: Opening) => Promise<Opened<S>>;
}
export interface PoolDeps {
  /** Its servers, in words. */
  readonly what: string;
  readonly idleMs?: number | undefined;
  /** Whoever comes so long after the last start of a session that is not open yet starts it anew beside that. Absent: to start is too dear, so all wait for the one. */
  readonly anewAfterMs?: number | undefined;
  readonly limits?: Partial<typeof limits>;
  /** In ms since 1970. */
  readonly now?: (() => number) | undefined;
}
interface Entry<S, B> {
  readonly key: string;
  readonly user: UserId;
  readonly conversation: string | undefined;
  readonly opening: Promise<S>;
  readonly resolve: (session: S) => void;
  readonly reject: (error: unknown) => void;
  readonly bears: B;
  /** Set once it is open. */
  session: S | undefined;
  /** Of the newest start, as `performance.now()`; and how many are under way. */
  startedAt: number;
  starts: number;
}
interface Kept extends Verdict {
  /** In ms since 1970; its words of itself are good for longer. */
  readonly until: number;
}

/** A user's share is more than their hosts need, also those of a program that serves many, and a fraction of what there is. */
const limits = { perUser: 2000, inAll: 10_000 };
const verdictsAtMost = 10_000;
const forgottenAfterMs = 3_600_000;
const idleMs = 600_000;
const endWithinMs = 2000;

export class SessionPool<S extends Pooled, B = undefined> {
  readonly #deps: PoolDeps;
  readonly #limits: typeof limits;
  readonly #now: () => number;
  readonly #idleMs: number;
  readonly #entries = new Map<string, Entry<S, B>>();
  /** Of one conversation each; those that are shared stand under undefined. */
  readonly #byConversation = new Map<string | undefined, Set<Entry<S, B>>>();
  readonly #perUser = new Map<UserId, number>();
  /** Servers that are asked at this moment. */
  readonly #asked = new Set<string>();
  /** The one that was found out first stands first. */
  readonly #verdicts = new Map<string, Kept>();
  readonly #sweep: NodeJS.Timeout;
  #isClosed = false;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#limits = { ...limits, ...deps.limits };
    this.#now = deps.now ?? (() => Date.now());
    this.#idleMs = deps.idleMs ?? idleMs;
    this.#sweep = setInterval(() => this.sweep(), Math.min(this.#idleMs, 30_000)).unref();
  }

  /** At once where it is open. A start that takes longer than the call may goes on for the next one. Throws or rejects with SESSIONS_SPENT, BUSY, STOPPING, SERVER_TIMEOUT, CANCELLED, or what opening rejects with. */
  sessionFor(needed: Needed<S, B>, signal: AbortSignal): S | Promise<S> {
    const { key, allowed, withinMs } = needed;
    // Nothing is opened for who is gone: their conversation may be over, and nobody would close it.
    if (signal.aborted) throw new Fault('CANCELLED');
    const known = this.#entries.get(key);
    if (known?.session?.isOpen && !this.#isOutdated(known.session, needed)) return known.session;
    const entry = known?.session === undefined && known ? known : this.#begin(needed);
    const { anewAfterMs = Infinity } = this.#deps;
    if (performance.now() - entry.startedAt >= anewAfterMs) this.#start(entry, needed);
    const { opening } = entry;
    const { slug } = allowed.assignment.server;
    return within(opening, withinMs, () => timedOut(slug, withinMs, 0), signal);
  }

  /** The key of the one that a conversation used last, of those whose key begins so, where it makes a difference which it is. */
  lastOf(conversation: Identified['conversation'], stem: string): string | undefined {
    const found = [...(this.#byConversation.get(conversation) ?? [])].filter(({ key, session }) => {
      const isNear = session ? session.isOpen && !session.isStateless : this.#deps.anewAfterMs === undefined;
      return isNear && key.startsWith(stem);
    });
    const usedAt = ({ session, startedAt }: Entry<S, B>): number => session?.lastUsedAt ?? startedAt;
    return found.toSorted((a, b) => usedAt(a) - usedAt(b)).at(-1)?.key;
  }

  /** What the session bears, where there is one. */
  borne(key: string): B | undefined {
    return this.#entries.get(key)?.bears;
  }

  /** What the server last said of itself. */
  about(place: string): About | undefined {
    return this.#verdicts.get(place)?.about;
  }

  /** Passes on what the host of a conversation says. Those that several share hear none of it. */
  hear(conversation: Identified['conversation'], news: HostNews): void {
    for (const { session } of this.#byConversation.get(conversation) ?? []) {
      if (news.kind === 'log-level') session?.setLogLevel(news.level);
      else session?.rootsChanged();
    }
  }

  /** The conversation is over. */
  release(conversation: Identified['conversation']): void {
    for (const { session } of this.#byConversation.get(undefined) ?? []) session?.leave(conversation);
    for (const { opening } of this.#byConversation.get(conversation) ?? [])
      void opening.then((one) => one.close()).catch(() => undefined);
  }

  /** Closes what nobody used for a while. */
  sweep(): void {
    for (const { session } of [...this.#entries.values()])
      if (session?.isIdle && performance.now() - session.lastUsedAt > this.#idleMs) void session.close();
  }

  /** Waits a moment for the far ends to be told. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    const all = [...this.#entries.values()].map(({ opening }) => opening.then((one) => one.close()));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, endWithinMs);
    await Promise.race([Promise.allSettled(all), late]);
    clearTimeout(timer);
  }

  /** What the server was taken for is to be found out again, once for all, and nothing is lost by it. */
  #isOutdated(session: S, needed: Needed<S, B>): boolean {
    if (!session.isStateless) return false;
    const { place } = needed;
    if (this.#believed(place) || this.#asked.has(place) || !session.isIdle) return false;
    void session.close();
    return true;
  }

  #believed(place: string): Kept | undefined {
    const kept = this.#verdicts.get(place);
    return kept && kept.until > this.#now() ? kept : undefined;
  }

  #begin(needed: Needed<S, B>): Entry<S, B> {
    const { allowed, isShared, key, bears } = needed;
    const { user } = allowed.caller;
    const ofUser = this.#perUser.get(user.id) ?? 0;
    if (this.#isClosed) throw new Fault('STOPPING');
    if (ofUser >= this.#limits.perUser) throw new Fault('SESSIONS_SPENT', { user: user.slug, what: this.#deps.what });
    if (this.#entries.size >= this.#limits.inAll) throw new Fault('BUSY', { what: this.#deps.what });
    const opening = Promise.withResolvers<S>();
    // Who wanted it may be gone before it fails.
    opening.promise.catch(() => undefined);
    const conversation = isShared ? undefined : allowed.conversation;
    const { promise, ...settle } = opening;
    const entry: Entry<S, B> = {
      key,
      user: user.id,
      conversation,
      opening: promise,
      ...settle,
      bears,
      session: undefined,
      startedAt: 0,
      starts: 0,
    };
    this.#add(entry);
    this.#start(entry, needed);
    return entry;
  }

  /** The first of its starts that opens is its session; it fails with the last one. */
  #start(entry: Entry<S, B>, { place, open }: Needed<S, B>): void {
    entry.startedAt = performance.now();
    entry.starts++;
    const before = this.#verdicts.get(place);
    const believed = this.#believed(place);
    if (!believed) this.#asked.add(place);
    let isSession = false;
    const opened = open({
      known: believed,
      knownAbout: before?.about,
      // One that ends before it is open may be followed by another way to open it.
      onClosed: () => void (isSession && this.#forget(entry)),
      onMistaken: () => void this.#verdicts.delete(place),
    });
    opened.then(
      ({ talk, transport }) => {
        entry.starts--;
        this.#asked.delete(place);
        this.#found(place, believed, { era: talk.era, transport, about: talk.about ?? before?.about });
        if (entry.session) return void talk.close();
        isSession = true;
        entry.session = talk;
        if (!talk.isOpen) this.#forget(entry);
        entry.resolve(talk);
      },
      (error: unknown) => {
        if (--entry.starts > 0 || entry.session) return;
        this.#asked.delete(place);
        // Whatever another start found out meanwhile stays.
        if (this.#verdicts.get(place) === before) this.#verdicts.delete(place);
        this.#forget(entry);
        entry.reject(error);
      },
    );
  }

  /** One that was only believed lasts no longer for it, and is not there again where it was found wrong meanwhile. */
  #found(place: string, believed: Kept | undefined, verdict: Verdict): void {
    const current = this.#verdicts.get(place);
    if (believed && current !== believed) return;
    if (!current && this.#verdicts.size >= verdictsAtMost) {
      const [oldest] = this.#verdicts.keys();
      if (oldest !== undefined) this.#verdicts.delete(oldest);
    }
    this.#verdicts.set(place, { ...verdict, until: believed?.until ?? this.#now() + forgottenAfterMs });
  }

  #add(entry: Entry<S, B>): void {
    const { key, user, conversation } = entry;
    const others = this.#byConversation.get(conversation) ?? new Set();
    this.#entries.set(key, entry);
    this.#byConversation.set(conversation, others.add(entry));
    this.#perUser.set(user, (this.#perUser.get(user) ?? 0) + 1);
  }

  /** Idempotent. */
  #forget(entry: Entry<S, B>): void {
    const { key, user, conversation } = entry;
    const others = this.#byConversation.get(conversation);
    if (!others?.delete(entry)) return;
    if (others.size === 0) this.#byConversation.delete(conversation);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    const left = (this.#perUser.get(user) ?? 1) - 1;
    if (left > 0) this.#perUser.set(user, left);
    else this.#perUser.delete(user);
  }
}
