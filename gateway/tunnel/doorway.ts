// Whose handshake is worked on: so many at once, and who comes then waits in order, unanswered, until it is its turn or it waited too long.
// Rule: who waits costs a place in a list, and who says nothing holds no place that another one wants. To refuse who could be served a second later costs nearly as much as to serve, each time that it comes again.
import type { WebSocket } from 'ws';
import { Fault } from '#contract/error.ts';
import { invalid } from '#contract/frame-codec.ts';
import { Guest, type Watcher } from './guest.ts';

export interface DoorwayDeps {
  /** Handshakes that are worked on at once. */
  readonly atOnce: number;
  /** All that are here, also those that have said nothing yet. */
  readonly atMost: number;
  /** How long a handshake may take; it waits for its turn four fifths of that, which leaves the peer a little for its proof. */
  readonly withinMs: number;
  /** Shakes hands; the guest has said something. Never rejects. */
  readonly serve: (guest: Guest) => Promise<void>;
  /** It ended before its turn. Never rejects. */
  readonly turnAway: (guest: Guest, why: unknown) => Promise<void>;
}

export class Doorway implements Watcher {
  #deps: DoorwayDeps;
  /** Those that are here, in the order in which they came. */
  #guests = new Set<Guest>();
  /** Those of them that have said nothing yet. */
  #silent = new Set<Guest>();
  #waiting = new Set<Guest>();
  #underWay = new Set<Promise<void>>();
  /** Whose turn it is. */
  #served = 0;

  constructor(deps: DoorwayDeps) {
    this.#deps = deps;
  }

  /** Those who are here. */
  get size(): number {
    return this.#guests.size;
  }

  /** False where there are too many. An honest bridge speaks at once: whoever has been silent the longest goes first. */
  enter(socket: WebSocket, address: string): boolean {
    const [silent] = this.#guests.size < this.#deps.atMost ? [] : this.#silent;
    silent?.fail(new Fault('BUSY', { what: 'a tunnel' }));
    if (this.#guests.size >= this.#deps.atMost) return false;
    const guest = new Guest(socket, address, this);
    this.#guests.add(guest);
    this.#silent.add(guest);
    return true;
  }

  arrived(guest: Guest): void {
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
    guest.begin();
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
