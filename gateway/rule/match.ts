// What finds something in a text, and what it found. The rule: a detector is pure and linear in the text, or says that it ran out of time.

export interface Match {
  /** In UTF-16 units of the text. */
  readonly start: number;
  readonly end: number;
  /** What it is, for a typed tag: `EMAIL_ADDRESS`, `SECRET`. */
  readonly type: string;
}
/** A pattern without a fixed text in it; `quick` matches wherever it does, and is asked first. */
export interface Loose {
  readonly source: string;
  readonly quick: RegExp | undefined;
  /** What stands in whatever it matches, letter by letter: `L` for a letter, `D` for a digit; undefined where no digit has to. */
  readonly row: string | undefined;
}
export interface Trigger {
  readonly needs: readonly string[];
  readonly loose: readonly Loose[];
  /** Says of a text whether it has one of the characters of which one stands in what is found without any of those. */
  readonly marks?: Pick<RegExp, 'test'>;
  /** What of all this can be in a message in which all that is not ASCII is harmless (harmless.ts), said more sharply; where it is not said, `needs` and `loose` say it, and of `marks` nobody can. */
  readonly glanced?: Glanced;
}
export interface Glanced {
  /** For one of these a text of each of its lists stands in the message (folded). */
  readonly together: readonly (readonly (readonly string[])[])[];
  readonly numbers?: Numbers;
}
/** Looks at signs and digits where they stand in the bytes of a message, which are those of its texts but for what JSON escapes with one letter or sign. */
export interface Numbers {
  /** Of these words (folded) one has to stand near what `could` says to be found by a word, in its text or in the name of its member. */
  readonly words: readonly string[];
  /** Of these one stands near what is found of few digits. */
  readonly fewWords: readonly string[];
  /** Of a row of digits (digit.ts) from `at` to `last`: `count` of them, with so many dots among what stands between them. */
  could(body: Buffer, at: number, last: number, count: number, dots: number): Could;
  /** Whether one of the words stands near that row, in a text that has begun long before it. */
  isTold(body: Buffer, at: number, last: number): boolean;
  /** Whether an @ may be of an address. */
  isOfMail(body: Buffer, at: number): boolean;
  /** The same of a colon right before another one, or that is one of more than five, with nothing between them but what an address has: `colons` up to there. */
  isOfAddress(body: Buffer, at: number, colons: number): boolean;
}
/** Nothing is found; something may be, where a word says so; something may be. */
export type Could = 'no' | 'by word' | 'yes';
export interface Detector {
  /**
   * Everything that it finds, in order and without overlaps. `folded` is the text as fold.ts makes it, `name` that of the
   * member that the text is the value of: it says what a bare number is. Throws TimeSpent.
   */
  find(text: string, time: TimeBudget, folded: () => string, name?: string): readonly Match[];
  /**
   * Where it need not be asked: it finds nothing in a message of whose texts none holds one of `needs` (folded), none is matched by a `loose` pattern and none has a mark;
   * and nothing in each text of which that is so, unless it goes by names. Many of those are looked for at once.
   */
  readonly trigger: 'always' | Trigger;
  /** The name of a member can be all that tells it what a text is. */
  readonly goesByNames?: boolean;
}

/** Before that nobody has taken long. */
const lookedAtMs = 2;
/** Some ten microseconds, of what takes longest. */
const workUnseen = 4096;

/** What all detectors together may take over one message, so that no rule holds up everybody else's calls. */
export class TimeBudget {
  readonly #ms: number;
  #began = performance.now();
  /** Microseconds of this thread, once some time has passed: what others do on the machine is no rule's time. */
  #beganUsed: number | undefined;
  /** Before the last rest. */
  #passedMs = 0;
  #usedMicros = 0;
  #work = 0;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** So much work is done next, in characters that are looked at: the clock is read once that adds up, because to read it takes longer than most of them. Throws TimeSpent. */
  spend(work: number): void {
    this.#work += work;
    if (this.#work < workUnseen) return;
    this.#work = 0;
    this.check();
  }

  /** Throws TimeSpent. */
  check(): void {
    const passed = this.#passedMs + performance.now() - this.#began;
    if (passed < lookedAtMs) return;
    this.#beganUsed ??= used();
    const usedMicros = this.#usedMicros + used() - this.#beganUsed;
    if (passed > this.#ms && usedMicros > this.#ms * 1000) throw new TimeSpent('a rule took longer than its time');
  }

  /** Others have the thread until this resolves: what they do with it is not counted. */
  async rest(until: Promise<void>): Promise<void> {
    const passed = performance.now() - this.#began;
    this.#passedMs += passed;
    this.#usedMicros += this.#beganUsed === undefined ? passed * 1000 : used() - this.#beganUsed;
    await until;
    this.#began = performance.now();
    this.#beganUsed = undefined;
  }
}
export class TimeSpent extends Error {}

function used(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** In order, and of two that overlap the longer one. */
export function withoutOverlaps(matches: readonly Match[]): readonly Match[] {
  if (matches.length < 2) return matches;
  const kept: Match[] = [];
  for (const match of matches.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || match.start >= last.end) kept.push(match);
    else if (match.end - match.start > last.end - last.start) kept[kept.length - 1] = match;
  }
  return kept;
}
