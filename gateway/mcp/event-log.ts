// What was sent on the streams of one session, so that a host that lost one can go on after the last event that it saw (2025-11-25, basic/transports:
// resumability). Bounded by bytes, in a session and over all: what may be lost (progress, log messages) goes first, then the oldest.
export interface LoggedEvent {
  readonly stream: number;
  readonly seq: number;
  readonly body: Buffer;
  /** A question or an answer: a host that misses it waits in vain. */
  readonly isNeeded: boolean;
}

/** Shared by all sessions. */
export interface EventBudget {
  bytes: number;
  readonly limitBytes: number;
}

const sessionLimitBytes = 1024 * 1024;
const sessionLimit = 1000;
/** What keeping an event costs beside its bytes. */
const overheadBytes = 200;

export class EventLog {
  readonly #budget: EventBudget;
  #events: LoggedEvent[] = [];
  #bytes = 0;
  #seq = 0;
  /** The last event of each stream that can't be had any more though it was needed. */
  readonly #lost = new Map<number, number>();

  constructor(budget: EventBudget) {
    this.#budget = budget;
  }

  /** Keeps an event where there is room, and numbers it in any case. */
  add(stream: number, body: Buffer, isNeeded: boolean): number {
    const event = { stream, seq: ++this.#seq, body, isNeeded };
    const cost = costOf(event);
    if (this.#makeRoom(cost, isNeeded) && this.#budget.bytes + cost <= this.#budget.limitBytes) {
      this.#events.push({ ...event, body: ownCopy(body) });
      this.#count(cost);
    } else this.#note(event);
    return event.seq;
  }

  /** What came on a stream after an event, the oldest first; undefined where something that was needed is gone. */
  after(stream: number, seq: number): readonly LoggedEvent[] | undefined {
    if ((this.#lost.get(stream) ?? 0) > seq) return undefined;
    return this.#events.filter((event) => event.stream === stream && event.seq > seq);
  }

  /** A stream whose end nobody will ask for. */
  forget(stream: number): void {
    this.#lost.delete(stream);
    const gone = this.#events.filter((event) => event.stream === stream);
    if (gone.length === 0) return;
    this.#events = this.#events.filter((event) => event.stream !== stream);
    for (const event of gone) this.#count(-costOf(event));
  }

  close(): void {
    this.#count(-this.#bytes);
    this.#events = [];
    this.#lost.clear();
  }

  /** Forgets until there is room. False where that would cost what is needed for what is not. */
  #makeRoom(cost: number, isNeeded: boolean): boolean {
    while (this.#events.length > 0 && (this.#bytes + cost > sessionLimitBytes || this.#events.length >= sessionLimit)) {
      const at = this.#events.findIndex((event) => !event.isNeeded);
      if (at === -1 && !isNeeded) return false;
      for (const event of this.#events.splice(Math.max(at, 0), 1)) {
        this.#count(-costOf(event));
        this.#note(event);
      }
    }
    return true;
  }

  #note({ stream, seq, isNeeded }: LoggedEvent): void {
    if (isNeeded) this.#lost.set(stream, seq);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
  }
}

/** A view of a few bytes would keep the whole packet that they came in. */
function ownCopy(body: Buffer): Buffer {
  if (body.buffer.byteLength === body.length) return body;
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}

function costOf({ body }: LoggedEvent): number {
  return body.length + overheadBytes;
}
