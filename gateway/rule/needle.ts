// Which of many texts stand in a text: of ten thousand as fast as of a hundred. The rule: none that stands there is missed.
// Each needle is told by the four characters in it that fewest others share; a table of those is asked at every place of the text.

const gramLength = 4;
/** Below so many, looking for each is faster. */
const fewAtMost = 24;
const tableBits = 18;

export interface Needles {
  /** Numbers of the needles' owners, each once, that have a needle in the text. */
  ownersIn(folded: string): ReadonlySet<number>;
}
interface Needle {
  readonly text: string;
  readonly owner: number;
}

export function needlesOf(needles: readonly Needle[]): Needles {
  const short = needles.filter(({ text }) => needles.length <= fewAtMost || text.length < gramLength);
  const long = needles.filter((needle) => !short.includes(needle));
  const byText = Map.groupBy(short, ({ text }) => text);
  const table = long.length > 0 ? new GramTable(long) : undefined;
  return {
    ownersIn(folded) {
      const found = new Set<number>();
      for (const [text, owners] of byText) if (folded.includes(text)) for (const { owner } of owners) found.add(owner);
      table?.look(folded, found);
      return found;
    },
  };
}

class GramTable {
  readonly #mayStand = new Uint32Array((1 << tableBits) / 32);
  /** By gram: the needles that are told by it, and where in them it stands. */
  readonly #byGram = new Map<number, { readonly needle: Needle; readonly offset: number }[]>();

  constructor(needles: readonly Needle[]) {
    const shared = new Map<number, number>();
    for (const { text } of needles) for (const gram of new Set(gramsOf(text))) shared.set(gram, (shared.get(gram) ?? 0) + 1);
    for (const needle of needles) {
      let best = { gram: 0, offset: 0, count: Infinity };
      for (const [offset, gram] of gramsOf(needle.text).entries()) {
        const count = shared.get(gram) ?? 0;
        if (count < best.count) best = { gram, offset, count };
      }
      const told = this.#byGram.get(best.gram) ?? [];
      told.push({ needle, offset: best.offset });
      this.#byGram.set(best.gram, told);
      const slot = slotOf(best.gram);
      this.#mayStand[slot >>> 5] = (this.#mayStand[slot >>> 5] ?? 0) | (1 << (slot & 31));
    }
  }

  look(text: string, found: Set<number>): void {
    const mayStand = this.#mayStand;
    let gram = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      gram = (gram << 8) | (code < 0x80 ? code : 0);
      const slot = slotOf(gram);
      if (((mayStand[slot >>> 5] ?? 0) & (1 << (slot & 31))) === 0) continue;
      for (const { needle, offset } of this.#byGram.get(gram) ?? [])
        if (!found.has(needle.owner) && text.startsWith(needle.text, at - (gramLength - 1) - offset)) found.add(needle.owner);
    }
  }
}

function gramsOf(text: string): number[] {
  const grams: number[] = [];
  let gram = 0;
  for (let at = 0; at < text.length; at++) {
    gram = (gram << 8) | (text.charCodeAt(at) & 0x7f);
    if (at >= gramLength - 1) grams.push(gram);
  }
  return grams;
}

function slotOf(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> (32 - tableBits);
}
