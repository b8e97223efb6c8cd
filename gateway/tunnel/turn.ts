// Whose handshake is worked on: so many at once, and who comes then waits in order, unanswered, until it is its turn or it waited too long.
// Rule: who waits costs a place in a list. To refuse who could be served a second later costs nearly as much as to serve, each time that it comes again.
import { Fault } from '#contract/error.ts';

export interface Turn {
  /** Resolves when it is its turn; rejects with BUSY where that takes too long. Never settles once it has ended. */
  begun(): Promise<void>;
  /** The next one may begin. Idempotent. */
  end(): void;
}

interface Waiting {
  readonly sinceMs: number;
  readonly begin: () => void;
  readonly fail: (fault: Fault) => void;
}

export class Turns {
  #atOnce: number;
  #waitAtMostMs: number;
  #underWay = 0;
  /** In the order in which they came. */
  #waiting = new Set<Waiting>();

  constructor(of: { readonly atOnce: number; readonly waitAtMostMs: number }) {
    this.#atOnce = of.atOnce;
    this.#waitAtMostMs = of.waitAtMostMs;
  }

  turn(): Turn {
    let waits: Waiting | undefined;
    let state: 'idle' | 'waiting' | 'under way' | 'over' = 'idle';
    return {
      begun: () => {
        if (state !== 'idle') throw new Error('a turn begins once');
        if (this.#underWay < this.#atOnce) {
          this.#underWay++;
          state = 'under way';
          return Promise.resolve();
        }
        state = 'waiting';
        return new Promise((resolve, reject) => {
          const begin = (): void => {
            state = 'under way';
            resolve();
          };
          const fail = (fault: Fault): void => {
            state = 'over';
            reject(fault);
          };
          waits = { sinceMs: performance.now(), begin, fail };
          this.#waiting.add(waits);
        });
      },
      end: () => {
        if (waits !== undefined) this.#waiting.delete(waits);
        if (state === 'under way') this.#next();
        state = 'over';
      },
    };
  }

  /** Gives up those who waited too long. */
  tick(nowMs: number): void {
    for (const one of this.#waiting) {
      if (nowMs - one.sinceMs < this.#waitAtMostMs) return;
      this.#waiting.delete(one);
      one.fail(new Fault('BUSY', { what: 'a tunnel' }));
    }
  }

  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#underWay--;
    else {
      this.#waiting.delete(next);
      next.begin();
    }
  }
}
