// When each tunnel has to be looked at next: for a ping that is due, or for a silence that has lasted too long.
// Rule: a tick costs what is due in it. Most tunnels are idle, and looking at ten thousand of them each second costs more than their pings.

export interface Pulse {
  /** When it wants to be looked at, ms on the clock of performance.now(); undefined when it is over. */
  readonly dueMs: number | undefined;
  tick(): void;
}

/** A pulse and where it stands: made once, so that a look at it moves an entry from one list to another and hashes nothing. */
interface Beat {
  readonly pulse: Pulse;
  /** The number of the tick in which it is due, and its place in that one's list. */
  place: number;
  index: number;
  isOver: boolean;
}

export class Heartbeats {
  #everyMs: number;
  /** By the number of the tick in which they are due. */
  #due = new Map<number, Beat[]>();
  #beatOf = new Map<Pulse, Beat>();

  /** `everyMs`: how often tick() is called. What is due is looked at no earlier and at most so much later. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  add(pulse: Pulse): void {
    if (pulse.dueMs === undefined || this.#beatOf.has(pulse)) return;
    const beat = { pulse, place: 0, index: 0, isOver: false };
    this.#beatOf.set(pulse, beat);
    this.#await(beat);
  }

  remove(pulse: Pulse): void {
    const beat = this.#beatOf.get(pulse);
    if (beat === undefined) return;
    this.#beatOf.delete(pulse);
    beat.isOver = true;
    const others = this.#due.get(beat.place);
    // The list in which it stands may be the one that a tick goes through.
    if (others?.[beat.index] !== beat) return;
    const last = others.pop();
    if (others.length === 0) this.#due.delete(beat.place);
    else if (last !== undefined && last !== beat) {
      others[beat.index] = last;
      last.index = beat.index;
    }
  }

  tick(nowMs: number): void {
    // By the keys and not by counting up: after a machine slept the ticks in between were never.
    for (const [place, beats] of [...this.#due]) {
      if (place * this.#everyMs > nowMs) continue;
      this.#due.delete(place);
      for (const beat of beats) {
        if (beat.isOver) continue;
        beat.pulse.tick();
        if (!beat.isOver) this.#await(beat);
      }
    }
  }

  #await(beat: Beat): void {
    const { dueMs } = beat.pulse;
    if (dueMs === undefined) return void this.#beatOf.delete(beat.pulse);
    const place = Math.ceil(dueMs / this.#everyMs);
    const others = this.#due.get(place);
    beat.place = place;
    beat.index = others?.length ?? 0;
    if (others === undefined) this.#due.set(place, [beat]);
    else others.push(beat);
  }
}
