// A call of a modern host that its server may interrupt with questions, as servers up to 2025-11-25 do: the call stays open at the server, the host gets
// what is asked as `input_required`, and its retry goes on with exactly this call (2026-07-28, basic/patterns/mrtr). Rounds: a turn is under way until the
// server answers or asks; then nobody is there until the next turn brings answers. The rule: what the server says goes to the host of the turn that is under
// way; a call that ends, however it ends, ends at both sides.
import { randomUUID } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Abilities, Audience, HostAnswer, LogLevel, Question } from '../call.ts';
import { readMessage } from '../mcp/jsonrpc.ts';
import { reportWithToken } from '../mcp/progress.ts';
import type { Reply, Trace } from '../upstream/upstream.ts';
import type { Asked } from './question.ts';

/** What a server asks within this goes to the host at once: each question is on record before, which takes its time on a busy machine. */
const togetherMs = 100;

export interface HeldDeps {
  relay(question: Question, host: Asked, signal: AbortSignal): Promise<HostAnswer>;
  /** The question is about to wait for the host: it is put on record. Rejects where it may not. Returns what takes it off the books again. */
  admit(held: HeldCall, question: Question): Promise<() => void>;
  /** An answer came while no host was there: may it be kept for the next turn? */
  keep(held: HeldCall, bytes: number): boolean;
  /** For how long it may wait for its host, in ms. */
  readonly waitMs: number;
  /** Nobody came in time. */
  onForgotten(held: HeldCall): void;
}
interface Open {
  readonly key: string;
  readonly question: Question;
  readonly resolve: (answer: HostAnswer) => void;
  readonly reject: (fault: Fault) => void;
}
type Outcome = { readonly kind: 'replied'; readonly reply: Reply } | { readonly kind: 'failed'; readonly thrown: unknown };
/** How a turn ends: with the answer of the server, or with its questions. */
export type Turn =
  | { readonly kind: 'replied'; readonly reply: Reply }
  | { readonly kind: 'asked'; readonly round: number; readonly questions: readonly Pick<Open, 'key' | 'question'>[] };
/** The host of one turn. */
export interface TurnHost {
  readonly audience: Audience | undefined;
  readonly progressToken: string | number | undefined;
  /** Aborted when the host goes away or cancels. */
  readonly signal: AbortSignal;
}

export class HeldCall implements Audience, Asked {
  readonly id: string = randomUUID();
  readonly abilities: Abilities;
  readonly conversation: Audience['conversation'];
  /** Turns that ended with questions. */
  round = 0;
  /** Where the call went, once it is known. */
  trace: Trace = {};
  readonly #deps: HeldDeps;
  readonly #firstToken: TurnHost['progressToken'];
  readonly #open = new Map<string, Open>();
  readonly #ended = new AbortController();
  #asked = 0;
  #host: TurnHost | undefined;
  #outcome: Outcome | undefined;
  #settle: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why it was given up. */
  #reason: Fault | undefined;

  constructor(deps: HeldDeps, abilities: Abilities, first: TurnHost) {
    this.#deps = deps;
    this.abilities = abilities;
    this.conversation = first.audience?.conversation;
    this.#firstToken = first.progressToken;
    this.#host = first;
  }

  get logLevel(): LogLevel | undefined {
    return this.#host?.audience?.logLevel;
  }
  /** Whether a host is there and waits. */
  get isUnderWay(): boolean {
    return this.#host !== undefined;
  }
  /** Whether it waits for what its host answers: it was asked, or is about to be. */
  get isWaiting(): boolean {
    return !this.isUnderWay || this.#open.size > 0;
  }
  /** Aborted when the call is given up. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  wants(level: LogLevel): void {
    this.#host?.audience?.wants(level);
  }

  /** Progress goes under the token of this turn; what nobody is there to hear is dropped. */
  tell(notification: Buffer): void {
    if (!this.#host) return;
    const { audience, progressToken } = this.#host;
    if (progressToken === this.#firstToken) return audience?.tell(notification);
    const message = readMessage(notification);
    if (message.kind !== 'notification' || message.method !== 'notifications/progress') return audience?.tell(notification);
    if (progressToken !== undefined) audience?.tell(reportWithToken(notification, message, progressToken));
  }

  ask(question: Question, signal: AbortSignal): Promise<HostAnswer> {
    return this.#deps.relay(question, this, signal);
  }

  /** The question waits until a turn brings its answer. Rejects with BUSY, HOST_SILENT, CANCELLED, or where it can't be put on record. */
  async pose(question: Question, signal: AbortSignal): Promise<HostAnswer> {
    // What is over takes no place.
    if (signal.aborted || this.#ended.signal.aborted) throw new Fault('CANCELLED');
    const release = await this.#deps.admit(this, question);
    const key = `question-${++this.#asked}`;
    try {
      return await new Promise<HostAnswer>((resolve, reject) => {
        const onAbort = () => reject(new Fault('CANCELLED'));
        if (signal.aborted || this.#ended.signal.aborted) return onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        this.#open.set(key, { key, question, resolve, reject });
        this.#look();
      });
    } finally {
      this.#open.delete(key);
      release();
    }
  }

  /** Takes the call on its way; how it ends is told to the turn that is under way then, or to the next. */
  begin(answer: Promise<Reply>): void {
    answer.then(
      (reply) => this.#end({ kind: 'replied', reply }),
      (thrown: unknown) => this.#end({ kind: 'failed', thrown }),
    );
  }

  /** Rejects with what the call failed with, CANCELLED where the host went away meanwhile. */
  async turn(host: TurnHost): Promise<Turn> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#host = host;
    const onAbort = () => this.giveUp(new Fault('CANCELLED'));
    host.signal.addEventListener('abort', onAbort, { once: true });
    if (host.signal.aborted) onAbort();
    try {
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
        this.#look();
      });
      if (this.#outcome?.kind === 'failed') throw this.#reason ?? this.#outcome.thrown;
      if (this.#outcome) return this.#outcome;
      this.round++;
      this.#timer = setTimeout(() => this.#deps.onForgotten(this), this.#deps.waitMs);
      return { kind: 'asked', round: this.round, questions: [...this.#open.values()] };
    } finally {
      host.signal.removeEventListener('abort', onAbort);
      this.#settle = undefined;
      this.#host = undefined;
    }
  }

  /** What the host answered, by the keys of the questions. One that is asked no more is of no use. */
  answer(answers: ReadonlyMap<string, HostAnswer>): void {
    for (const [key, answer] of answers) {
      const open = this.#open.get(key);
      this.#open.delete(key);
      open?.resolve(answer);
    }
  }

  /** Ends the call at the server, and its questions with the reason. Idempotent. */
  giveUp(reason: Fault): void {
    clearTimeout(this.#timer);
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { reject } of open) reject(reason);
    this.#reason ??= reason;
    this.#ended.abort();
  }

  #end(outcome: Outcome): void {
    const isKept = outcome.kind === 'failed' || this.isUnderWay || this.#deps.keep(this, outcome.reply.body.length);
    this.#outcome = isKept ? outcome : { kind: 'failed', thrown: new Fault('BUSY', { what: 'answers of AI hosts' }) };
    this.#look();
  }

  /** Ends the turn that is under way, where there is a reason to: at once with the answer, a moment later with what is asked. */
  #look(): void {
    if (!this.#settle) return;
    if (this.#outcome) {
      clearTimeout(this.#timer);
      this.#settle();
    } else if (this.#open.size > 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (this.#open.size > 0 || this.#outcome) this.#settle?.();
      }, togetherMs);
    }
  }
}
