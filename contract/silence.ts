// How long one side of a tunnel has heard nothing: when it has to ping, and when the other side counts as dead.
// Rule: whatever is heard is life, so who heard something does not ask.

/** What many tunnels have in common. */
export interface SilenceOptions {
  /** How long the peer is quiet before it is pinged, and before it counts as dead. */
  readonly pingAfterMs: number;
  readonly deadAfterMs: number;
  /** From 0 to 1: which part of its time the first ping comes early, so that tunnels that came in one storm are not pinged in one for ever. Absent: 0. */
  readonly firstPingEarly?: () => number;
  /** A clock that never goes back, in ms. */
  readonly now: () => number;
}

export class Silence {
  #options: SilenceOptions;
  #heardMs: number;
  #pingedMs: number;
  /** Until the first ping. */
  #earlyMs: number;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#heardMs = options.now();
    this.#pingedMs = this.#heardMs;
    this.#earlyMs = (options.firstPingEarly?.() ?? 0) * options.pingAfterMs;
  }

  heard(): void {
    this.#heardMs = this.#options.now();
  }

  /** When look() finds something, unless the peer is heard before. */
  get dueMs(): number {
    const { pingAfterMs, deadAfterMs } = this.#options;
    return Math.min(this.#heardMs + deadAfterMs, Math.max(this.#heardMs, this.#pingedMs) + pingAfterMs - this.#earlyMs);
  }

  /** What is due now. A ping is then taken for sent. */
  look(): 'nothing' | 'ping' | 'silent' {
    const nowMs = this.#options.now();
    if (nowMs - this.#heardMs >= this.#options.deadAfterMs) return 'silent';
    if (nowMs < this.dueMs) return 'nothing';
    this.#pingedMs = nowMs;
    this.#earlyMs = 0;
    return 'ping';
  }
}
