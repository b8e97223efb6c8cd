// When what waits at one session is late. A timer for each call is made and taken back for nothing, because nearly every call is answered: here all of a session share
// one, which is set for the earliest, and looks for the next one when its time has come. The rule: nobody is late before their time, and nobody is forgotten.

/** `performance.now()` when it will be late; Infinity while its time stands still. It stays what it is, or grows, unless `sooner` is told. */
export interface Awaited {
  readonly dueAt: number;
  timeUp(): void;
}

export class Deadline {
  readonly #awaited: () => readonly Awaited[];
  #timer: NodeJS.Timeout | undefined;
  #setFor = Infinity;

  /** `awaited`: all that waits at that moment. */
  constructor(awaited: () => readonly Awaited[]) {
    this.#awaited = awaited;
  }

  /** Somebody waits from now on, or is due sooner than before. */
  sooner(dueAt: number): void {
    if (dueAt >= this.#setFor) return;
    clearTimeout(this.#timer);
    this.#setFor = dueAt;
    this.#timer = setTimeout(look, Math.max(Math.ceil(dueAt - performance.now()), 1), this).unref();
  }

  look(): void {
    this.#setFor = Infinity;
    const now = performance.now();
    for (const one of this.#awaited()) {
      if (one.dueAt <= now) one.timeUp();
      else this.sooner(one.dueAt);
    }
  }

  /** Nobody waits any more. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    this.#setFor = -Infinity;
  }
}

function look(deadline: Deadline): void {
  deadline.look();
}
