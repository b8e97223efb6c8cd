// Whose proof is worked on: so many at once, and whose comes then waits in order until it is its turn or it waited too long.
// Rule: whoever is waited for holds no place that another one wants, and whoever waits costs a place in a list. To refuse who could be served a second later costs nearly as much as to serve, each time that it comes again.
import { Fault } from '#contract/error.ts';
import { invalid } from '#contract/frame-codec.ts';
import { Guest, type Asked, type Line, type Watcher } from './guest.ts';

export interface DoorwayDeps {
  /** Proofs that are worked on at once. */
  readonly atOnce: number;
  /** All that are here, also those that have said nothing yet. */
  readonly atMost: number;
  /** How long a handshake may take; a proof waits for its turn until four fifths of that are over. */
  readonly withinMs: number;
  /** Reads a hello and answers it. What it throws ends the guest. */
  readonly ask: (guest: Guest, hello: Buffer) => Asked;
  /** Works on a proof. Never rejects. */
  readonly serve: (guest: Guest) => Promise<void>;
  /** It ended before its turn. Never rejects. */
  readonly turnAway: (guest: Guest, why: unknown) => Promise<void>;
}

export class Doorway implements Watcher {
  #deps: DoorwayDeps;
  /** Those that are here, in the order in which they came. */
  #guests = new Set<Guest>();
  /** Those of them whose hello or proof is waited for, who said something last at the end. */
  #silent = new Set<Guest>();
  #waiting = new Set<Guest>();
  #underWay = new Set<Promise<void>>();
  /** Whose turn it is. */
  #served = 0;
  #entered = 0;

  constructor(deps: DoorwayDeps) {
    this.#deps = deps;
  }

  /** Those who are here. */
  get size(): number {
    return this.#guests.size;
  }

  /** Those who ever were. */
  get entered(): number {
    return this.#entered;
  }

  /** Those whose proof is being worked on. */
  get served(): number {
    return this.#served;
  }

  /** False where there are too many. An honest bridge answers at once: whoever has been silent the longest goes first. */
  enter(line: Line, address: string): boolean {
    const [silent] = this.#guests.size < this.#deps.atMost ? [] : this.#silent;
    silent?.fail(new Fault('BUSY', { what: 'a tunnel' }));
    if (this.#guests.size >= this.#deps.atMost) return false;
    const guest = new Guest(line, address, this);
    this.#entered++;
    this.#guests.add(guest);
    this.#silent.add(guest);
    return true;
  }

  greeted(guest: Guest, hello: Buffer): void {
    guest.asked = this.#deps.ask(guest, hello);
    this.#silent.delete(guest);
    this.#silent.add(guest);
  }

  answered(guest: Guest): void {
    this.#silent.delete(guest);
    if (this.#served < this.#deps.atOnce) this.#serve(guest);
    else this.#waiting.add(guest);
  }

  left(guest: Guest, why: unknown): void {
    this.#guests.delete(guest);
    this.#silent.delete(guest);
    this.#waiting.delete(guest);
    guest.stop();
    this.#watch(this.#deps.turnAway(guest, why));
  }

  /** Ends those who are here for too long. */
  tick(nowMs: number): void {
    const { withinMs } = this.#deps;
    for (const guest of this.#guests) {
      const sinceMs = nowMs - guest.sinceMs;
      if (sinceMs < 0.8 * withinMs) return;
      if (this.#waiting.has(guest)) guest.fail(new Fault('BUSY', { what: 'a tunnel' }));
      else if (sinceMs >= withinMs) guest.fail(invalid(`no handshake within ${withinMs} ms`));
    }
  }

  /** Cuts all of them; resolves when nothing is worked on any more. */
  async close(): Promise<void> {
    this.#waiting.clear();
    for (const { socket } of this.#guests) socket.terminate();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #serve(guest: Guest): void {
    this.#served++;
    this.#watch(
      this.#deps.serve(guest).finally(() => {
        this.#served--;
        this.#guests.delete(guest);
        const [next] = this.#waiting;
        if (next === undefined) return;
        this.#waiting.delete(next);
        this.#serve(next);
      }),
    );
  }

  #watch(work: Promise<void>): void {
    const watched = work.finally(() => this.#underWay.delete(watched));
    this.#underWay.add(watched);
  }
}
