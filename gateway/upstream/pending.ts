// A request that waits for its answer. It settles once: with the answer, with a fault, when it is cancelled, or when nothing moved for its time.
// One object with its methods on the prototype and one closure, because there is one for every call. The rule: a function that is made for each call is not assigned to a
// property where it is made, and listens by itself instead of an object with `handleEvent`, which Node wraps in such a one: V8 makes those among its long-lived
// objects, where each keeps all that its call touched until the whole heap is collected.
import { Fault } from '#contract/error.ts';
import type { AllowedCall } from '../call.ts';
import type { Awaited } from './deadline.ts';
import type { UnderWayCall } from './unasked.ts';
import type { Reply } from './upstream.ts';

/** However much progress a call reports, it is over after this and one more of its timeouts. */
const progressWithinMs = 3_600_000;

/** The session that it belongs to. */
export interface PendingOwner {
  /** It is settled, and waits no more. */
  forget(id: number): void;
  /** The server is to give it up. */
  cancel(id: number): void;
  /** It will be late then, sooner than it would have been. */
  due(at: number): void;
  /** The fault of one that got no answer in time. */
  late(timeoutMs: number, unusableBefore: number): Fault;
}
export interface PendingTerms {
  readonly timeoutMs: number;
  /** What is left of it for the first wait. */
  readonly leftMs: number;
  readonly progressToken: string | number | undefined;
  readonly call: AllowedCall | undefined;
  readonly unusableBefore: number;
  readonly signal: AbortSignal;
}

export class Pending implements UnderWayCall, Awaited {
  readonly call: AllowedCall | undefined;
  readonly progressToken: string | number | undefined;
  questions = 0;
  readonly #owner: PendingOwner;
  readonly #id: number;
  readonly #terms: PendingTerms;
  readonly #resolve: (answer: Reply) => void;
  readonly #reject: (fault: unknown) => void;
  readonly #startedAt: number;
  readonly #onAbort: () => void;
  #dueAt: number;
  #over: AbortController | undefined;
  #pauses = 0;
  #isSettled = false;

  constructor(
    owner: PendingOwner,
    id: number,
    terms: PendingTerms,
    startedAt: number,
    resolve: (answer: Reply) => void,
    reject: (fault: unknown) => void,
  ) {
    this.#owner = owner;
    this.#id = id;
    this.#terms = terms;
    this.call = terms.call;
    this.progressToken = terms.progressToken;
    this.#startedAt = startedAt;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#dueAt = startedAt + terms.leftMs;
    owner.due(this.#dueAt);
    const onAbort = () => this.#giveUp(new Fault('CANCELLED'));
    this.#onAbort = onAbort;
    terms.signal.addEventListener('abort', onAbort);
  }

  get dueAt(): number {
    return this.#dueAt;
  }

  get over(): AbortSignal {
    this.#over ??= new AbortController();
    if (this.#isSettled) this.#over.abort();
    return this.#over.signal;
  }

  resolve(answer: Reply): void {
    if (this.#settle()) this.#resolve(answer);
  }

  reject(fault: unknown): void {
    if (this.#settle()) this.#reject(fault);
  }

  timeUp(): void {
    this.#giveUp(this.#owner.late(this.#terms.timeoutMs, this.#terms.unusableBefore));
  }

  moved(): void {
    const now = performance.now();
    if (this.#pauses > 0 || this.#isSettled || now - this.#startedAt >= progressWithinMs) return;
    this.#wait(now);
  }

  pause(): void {
    this.#pauses++;
    this.#dueAt = Infinity;
  }

  resume(): void {
    if (--this.#pauses > 0 || this.#isSettled) return;
    this.#wait(performance.now());
  }

  #wait(now: number): void {
    this.#dueAt = now + this.#terms.timeoutMs;
    this.#owner.due(this.#dueAt);
  }

  #giveUp(fault: Fault): void {
    if (!this.#settle()) return;
    this.#owner.cancel(this.#id);
    this.#reject(fault);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#owner.forget(this.#id);
    this.#terms.signal.removeEventListener('abort', this.#onAbort);
    this.#over?.abort();
    return true;
  }
}
