// When each tunnel has to be looked at next: for a ping that is due, or for a silence that has lasted too long.
// Rule: a tick costs what is due in it. Most tunnels are idle, and looking at ten thousand of them each second costs more than their pings.

export interface Pulse {
  /** When it wants to be looked at, ms on the clock of performance.now(); undefined when it is over. */
  readonly dueMs: number | undefined;
  tick(): void;
}

export class Heartbeats {
  #everyMs: number;
  /** By the number of the tick in which they are due. */
  #due = new Map<number, Set<Pulse>>();
  #placeOf = new Map<Pulse, number>();

  /** `everyMs`: how often tick() is called. What is due is looked at no earlier and at most so much later. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  add(pulse: Pulse): void {
    const { dueMs } = pulse;
    if (dueMs === undefined) return;
    const place = Math.ceil(dueMs / this.#everyMs);
    const others = this.#due.get(place) ?? new Set();
    this.#due.set(place, others.add(pulse));
    this.#placeOf.set(pulse, place);
  }

  remove(pulse: Pulse): void {
    const place = this.#placeOf.get(pulse);
    if (place === undefined) return;
    this.#placeOf.delete(pulse);
    const others = this.#due.get(place);
    others?.delete(pulse);
    if (others?.size === 0) this.#due.delete(place);
  }

  tick(nowMs: number): void {
    // By the keys and not by counting up: after a machine slept the ticks in between were never.
    for (const [place, pulses] of [...this.#due]) {
      if (place * this.#everyMs > nowMs) continue;
      this.#due.delete(place);
      for (const pulse of pulses) {
        this.#placeOf.delete(pulse);
        pulse.tick();
        this.add(pulse);
      }
    }
  }
}
