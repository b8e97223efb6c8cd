// Which of many texts stand in a text: of ten thousand as fast as of a hundred. The rule: none that stands there is missed.
// Each needle is told by the four characters in it that fewest others share; a table of those is asked at every place of the text.

const gramLength = 4;
/** Below so many, looking for each is faster. */
const fewAtMost = 24;
/** Of the table: at most so many, and so many places for each needle, so that of a hundred it stays near at hand. */
const tableBits = 18;
const placesOfOne = 128;
const shortLength = 1024;
/** Of a text so much is looked at at once. */
const windowLength = 4096;
const bytes = Buffer.alloc(windowLength + gramLength);
const grams = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export interface Needles {
  /** Numbers of the needles' owners, each once, that have a needle in the text: a set of the caller's own; undefined where there are none. */
  ownersIn(folded: string): Set<number> | undefined;
}
interface Needle {
  readonly text: string;
  readonly owner: number;
}

export function needlesOf(needles: readonly Needle[]): Needles {
  const isTold = ({ text }: Needle) => needles.length > fewAtMost && gramsOf(text).length > 0;
  const others = needles.filter((needle) => !isTold(needle));
  const byText = Map.groupBy(others, ({ text }) => text);
  const table = others.length < needles.length ? new GramTable(needles.filter(isTold)) : undefined;
  const any =
    byText.size > 1
      ? new RegExp([...byText.keys()].map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'))
      : undefined;
  return {
    ownersIn(folded) {
      let found: Set<number> | undefined;
      // Of a short text most have none: that is one question.
      if (!any || folded.length > shortLength || any.test(folded))
        for (const [text, owners] of byText)
          if (folded.includes(text)) for (const { owner } of owners) (found ??= new Set()).add(owner);
      return table ? table.look(folded, found) : found;
    },
  };
}

class GramTable {
  readonly #mayStand: Uint32Array;
  /** How far a hash is shifted to be a place in it. */
  readonly #shift: number;
  /** By gram: the needles that are told by it, and where in them it stands. */
  readonly #byGram = new Map<number, { readonly needle: Needle; readonly offset: number }[]>();

  constructor(needles: readonly Needle[]) {
    const bits = Math.min(Math.ceil(Math.log2(needles.length * placesOfOne)), tableBits);
    this.#mayStand = new Uint32Array((1 << bits) / 32);
    this.#shift = 32 - bits;
    const shared = new Map<number, number>();
    for (const { text } of needles)
      for (const gram of new Set(gramsOf(text).map((one) => one.gram))) shared.set(gram, (shared.get(gram) ?? 0) + 1);
    for (const needle of needles) {
      let best = { gram: 0, offset: 0, count: Infinity };
      for (const { gram, offset } of gramsOf(needle.text)) {
        const count = shared.get(gram) ?? 0;
        if (count < best.count) best = { gram, offset, count };
      }
      const told = this.#byGram.get(best.gram) ?? [];
      told.push({ needle, offset: best.offset });
      this.#byGram.set(best.gram, told);
      const slot = slotOf(best.gram, this.#shift);
      this.#mayStand[slot >>> 5] = (this.#mayStand[slot >>> 5] ?? 0) | (1 << (slot & 31));
    }
  }

  /** Adds to what was found; undefined where that is nothing. */
  look(text: string, before: Set<number> | undefined): Set<number> | undefined {
    let found = before;
    const mayStand = this.#mayStand;
    const shift = this.#shift;
    for (let from = 0; from < text.length; from += windowLength) {
      // A character beyond Latin-1 may look like one of ASCII there, never the other way.
      const room = from + windowLength + gramLength;
      const size = bytes.write(text.slice(from, room), 'latin1');
      const last = Math.min(size - gramLength, windowLength - 1);
      for (let at = 0; at <= last; at++) {
        const gram = grams.getInt32(at);
        const slot = slotOf(gram, shift);
        if (((mayStand[slot >>> 5] ?? 0) & (1 << (slot & 31))) === 0) continue;
        for (const { needle, offset } of this.#byGram.get(gram) ?? [])
          if (!found?.has(needle.owner) && text.startsWith(needle.text, from + at - offset))
            (found ??= new Set()).add(needle.owner);
      }
    }
    return found;
  }
}

interface Gram {
  readonly gram: number;
  /** Where it stands. */
  readonly offset: number;
}

/** All that are ASCII. */
function gramsOf(text: string): Gram[] {
  const grams: Gram[] = [];
  for (let offset = 0; offset + gramLength <= text.length; offset++) {
    let gram = 0;
    let isAscii = true;
    for (let at = offset; at < offset + gramLength; at++) {
      isAscii &&= text.charCodeAt(at) < 0x80;
      gram = (gram << 8) | text.charCodeAt(at);
    }
    if (isAscii) grams.push({ gram, offset });
  }
  return grams;
}

function slotOf(gram: number, shift: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> shift;
}
