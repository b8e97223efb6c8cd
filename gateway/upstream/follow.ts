// That a hearer hears of a server, for as long as it wants: through whichever session there is, and through the next one where that is lost. The rule: what was
// subscribed to is made again before the hearer is told that it may have missed something; nothing is started again and again for a host that only may listen.
import { Fault, type ErrorCode } from '#contract/error.ts';
import type { AllowedListing, Hearer } from '../call.ts';
import { emptyReply, type Interest } from './interest.ts';
import type { Following, Reply, Trace } from './upstream.ts';

export interface FollowDeps {
  /** What there is to hear of the server now; opens a session where there is none. */
  readonly interestOf: (listing: AllowedListing, trace: Trace, signal: AbortSignal) => Promise<Interest>;
  /** Who is told when a way to the server opens (`wake`). */
  readonly waitsFor: (listing: AllowedListing) => string;
  /** Whether to be there again means to be started. */
  readonly isStarted: boolean;
  readonly firstPauseMs?: number;
}
export interface Followers {
  follow(listing: AllowedListing, hearer: Hearer, isAgain?: boolean): Following;
  /** A way opened for which some wait. */
  wake(waitedFor: string): void;
  close(): void;
}

const firstPauseMs = 500;
const pauseAtMostMs = 60_000;
/** A server that held so long is no longer one that fails. */
const heldMs = 60_000;
/** A server on a device is started again so often without a call that needs it. */
const startsAtMost = 5;
/** To be there again starts nothing, and a change of the policy or of what is offered may be what was waited for. */
const away: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKSTATION_OFFLINE',
  'WORKSTATION_AMBIGUOUS',
  'SERVER_NOT_OFFERED',
  'SERVER_DENIED',
  'TUNNEL_LOST',
  'SESSIONS_SPENT',
]);

export function createFollowers(deps: FollowDeps): Followers {
  const waiting = new Map<string, Set<Follower>>();
  const all = new Set<Follower>();

  function waits(follower: Follower, isWaiting: boolean): void {
    const key = follower.waitsFor;
    const others = waiting.get(key) ?? new Set();
    if (isWaiting) waiting.set(key, others.add(follower));
    else if (others.delete(follower) && others.size === 0) waiting.delete(key);
  }

  return {
    follow(listing, hearer, isAgain = false) {
      const follower: Follower = new Follower(deps, listing, hearer, isAgain, waits, () => all.delete(follower));
      all.add(follower);
      follower.begin();
      return follower;
    },
    wake(waitedFor) {
      for (const follower of [...(waiting.get(waitedFor) ?? [])]) follower.wake();
    },
    close() {
      for (const follower of [...all]) follower.close();
    },
  };
}

class Follower implements Following {
  readonly #deps: FollowDeps;
  readonly #hearer: Hearer;
  readonly #setWaiting: (follower: Follower, isWaiting: boolean) => void;
  readonly #onClosed: () => void;
  readonly #over = new AbortController();
  waitsFor: string;
  #listing: AllowedListing;
  #interest: Interest | undefined;
  #trying: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attachedAt = 0;
  /** In a row, and those of them for which something was started. */
  #failures = 0;
  #starts = 0;
  /** It did not hear for a while, so it is told once it does. */
  #hasMissed: boolean;
  /** The server itself failed: it is tried again in its time, however often something changes. */
  #isPaced = false;

  constructor(
    deps: FollowDeps,
    listing: AllowedListing,
    hearer: Hearer,
    isAgain: boolean,
    setWaiting: (follower: Follower, isWaiting: boolean) => void,
    onClosed: () => void,
  ) {
    this.#deps = deps;
    this.#listing = listing;
    this.#hearer = hearer;
    this.#hasMissed = isAgain;
    this.#setWaiting = setWaiting;
    this.#onClosed = onClosed;
    this.waitsFor = deps.waitsFor(listing);
  }

  get isSettled(): boolean {
    return this.#interest !== undefined || this.#trying !== undefined || this.#timer !== undefined || this.#over.signal.aborted;
  }

  /** Tries at once, where it does not hear. Never throws. */
  begin(): void {
    if (this.#over.signal.aborted || this.#interest || this.#trying) return;
    this.#stopWaiting();
    this.#trying = this.#attach({}, this.#over.signal)
      .then(() => undefined)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => (this.#trying = undefined));
  }

  /** The way is open: it may take a moment until what is at its end is. */
  wake(): void {
    this.#failures = 0;
    this.begin();
  }

  refresh(listing: AllowedListing, isUsed: boolean): void {
    this.#listing = listing;
    const isWaiting = this.#timer !== undefined;
    if (this.#isPaced && !isUsed && !this.#interest) {
      this.#setWaiting(this, false);
      this.waitsFor = this.#deps.waitsFor(listing);
      return this.#setWaiting(this, isWaiting);
    }
    this.#stopWaiting();
    this.waitsFor = this.#deps.waitsFor(listing);
    if (!this.#interest && (isWaiting || isUsed || this.#isWanted)) this.begin();
    else if (this.#interest && this.#isWanted) void this.#move();
  }

  async subscribe(uri: string, isOn: boolean, trace: Trace, signal: AbortSignal, ask?: () => Promise<Reply>): Promise<Reply> {
    // Where nothing is heard nothing has to be taken back; a legacy host's own request is asked of the server all the same.
    if (!isOn && !ask && !this.#interest) return emptyReply();
    const interest = await this.#attach(trace, signal);
    return isOn ? interest.subscribe(this.#hearer, uri, ask) : interest.unsubscribe(this.#hearer, uri, ask);
  }

  async watch(task: string, signal: AbortSignal): Promise<void> {
    const interest = await this.#attach({}, signal);
    await interest.watch(this.#hearer, task);
  }

  unwatch(task: string): void {
    this.#interest?.unwatch(this.#hearer, task);
  }

  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#stopWaiting();
    this.#interest?.detach(this.#hearer);
    this.#interest = undefined;
    this.#onClosed();
  }

  /** Somebody waits for what this server may say. */
  get #isWanted(): boolean {
    return this.#hearer.keepsOpen || this.#hearer.subscribed(this.#listing.assignment.server.slug).length > 0;
  }

  async #attach(trace: Trace, signal: AbortSignal): Promise<Interest> {
    const interest = await this.#deps.interestOf(this.#listing, trace, signal);
    if (this.#over.signal.aborted) throw new Fault('CANCELLED');
    if (interest === this.#interest) return interest;
    const { server } = this.#listing.assignment;
    if (interest.isOver) throw new Fault('UPSTREAM_LOST', { server: server.slug });
    this.#interest?.detach(this.#hearer);
    this.#hasMissed ||= this.#interest !== undefined;
    this.#interest = interest;
    this.#isPaced = false;
    this.#attachedAt = performance.now();
    this.#stopWaiting();
    const isHeard = await interest.attach(this.#hearer, (fault) => this.#lost(interest, fault));
    if (!isHeard || this.#interest !== interest || !this.#hasMissed) return interest;
    this.#hasMissed = false;
    // A resource that can't be subscribed to any more is as if it never changed: the host finds out when it reads it.
    await Promise.allSettled(this.#hearer.subscribed(server.slug).map((uri) => interest.subscribe(this.#hearer, uri)));
    if (this.#interest === interest) this.#hearer.missed(server.slug);
    return interest;
  }

  /** To another session, where the policy now leads to one. */
  async #move(): Promise<void> {
    try {
      await this.#attach({}, this.#over.signal);
    } catch {
      // What it hears by now is as good as ever.
    }
  }

  /** `fault` undefined: nobody needed it any more, so it rests until the host uses the server again. */
  #lost(interest: Interest, fault: Fault | undefined): void {
    if (this.#interest !== interest || this.#over.signal.aborted) return;
    this.#interest = undefined;
    this.#hasMissed = true;
    if (fault === undefined) return;
    if (performance.now() - this.#attachedAt > heldMs) {
      this.#failures = 0;
      this.#starts = 0;
    }
    this.#failed(fault);
  }

  #failed(error: unknown): void {
    if (this.#over.signal.aborted || this.#interest) return;
    this.#hasMissed = true;
    this.#stopWaiting();
    const isAway = error instanceof Fault && away.has(error.code);
    // Without an identity it was not even asked: the next change may bring one.
    this.#isPaced = !isAway && !(error instanceof Fault && error.code.startsWith('IDENTITY_'));
    if (!this.#isWanted && !this.#hearer.isThere) return;
    if (this.#deps.isStarted && !isAway && (!this.#isWanted || this.#starts++ >= startsAtMost)) return;
    const first = this.#deps.firstPauseMs ?? firstPauseMs;
    const pauseMs = Math.min(first * 2 ** this.#failures++, pauseAtMostMs);
    // Not all at once, where one server was lost for many.
    this.#timer = setTimeout(() => this.begin(), pauseMs * (0.5 + Math.random())).unref();
    this.#setWaiting(this, true);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#setWaiting(this, false);
  }
}
