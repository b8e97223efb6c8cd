// Which of many texts stand in the bytes of a message, as JSON writes it in UTF-8, where all that is not ASCII in it is harmless. The rule: none that stands there
// is missed.
// Only at every other byte somebody looks: each needle is told by two grams of it that begin one after the other, so that one of them begins there. Case is a bit of a letter.
import { isHarmless } from './harmless.ts';

/** Of the table: so many places for each gram, at most so many, so that of a hundred needles it stays near at hand. */
const placesOfOne = 12;
const tableBits = 18;
const shortest = 3;
/** More needles than that are told by more of their characters: three are shared by too many. */
const fewAtMost = 1500;
/** All bytes without the bit that is case. */
const anyBytes = Array.from({ length: 0x100 }, (_, byte) => byte).filter((byte) => (byte & 0x20) !== 0);
const withoutCase = 0x20202020;

export interface Needle {
  /** Folded. */
  readonly text: string;
  readonly group: number;
}
interface Told {
  readonly text: string;
  readonly group: number;
  /** Where the gram begins in it. */
  readonly offset: number;
}

/** A byte without its case; of a letter with an accent (Latin-1) that is the same bit. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x41 && byte <= 0x5a) || byte >= 0x80 ? byte | 0x20 : byte,
);

export class ByteNeedles {
  readonly #grams: readonly Grams[];

  /** Undefined where that can't be told of one of them. */
  static of(needles: readonly Needle[]): ByteNeedles | undefined {
    const told = needles
      .filter(({ text }) => [...text].every(isHarmless))
      .map(({ text, group }) => ({ text: written(text), group }));
    return told.every(({ text }) => text.length >= shortest) ? new ByteNeedles(told) : undefined;
  }

  private constructor(needles: readonly Needle[]) {
    const isLong = ({ text }: Needle) => needles.length > fewAtMost && text.length > 4;
    const [long, short] = [needles.filter(isLong), needles.filter((needle) => !isLong(needle))];
    this.#grams = [...(short.length > 0 ? [new Grams(short, 3)] : []), ...(long.length > 0 ? [new Grams(long, 4)] : [])];
  }

  /** Marks the groups of all that stand between two places; whether any do. */
  mark(body: Buffer, start: number, end: number, marked: Uint8Array): boolean {
    let isAny = false;
    for (const grams of this.#grams) if (grams.mark(body, start, end, marked)) isAny = true;
    return isAny;
  }
}

/** What of a text stands in bytes as it is, each as a character of its own: its longest part of ASCII that JSON does not escape; of what has none, such as a word of Chinese, all. */
function written(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const part = text.split(/["\\\0-\x1f]|[^\0-\x7e]/).reduce((longest, one) => (one.length > longest.length ? one : longest), '');
  if (part.length >= shortest || !hasSameCase.test(text)) return part;
  return Buffer.from(Buffer.from(text).map((byte) => lower[byte] ?? 0)).toString('latin1');
}
/** Case is that bit of each byte, or there is none. */
const hasSameCase = /^[a-z\u00e0-\u00fe\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]+$/;

class Grams {
  readonly #slots: Int32Array;
  readonly #shift: number;
  /** What of four bytes in a row is the gram. */
  readonly #mask: number;
  readonly #byGram: ReadonlyMap<number, readonly Told[]>;

  constructor(needles: readonly Needle[], length: number) {
    const shared = new Map<number, number>();
    for (const { text } of needles)
      for (let at = 0; at + length <= text.length; at++) {
        const gram = gramAt(text, at, length);
        shared.set(gram, (shared.get(gram) ?? 0) + 1);
      }
    const byGram = new Map<number, Told[]>();
    /** Of what is as short as a gram: by what follows its first character. */
    const open = new Map<string, Told[]>();
    const tell = (gram: number, told: Told) => {
      const known = byGram.get(gram);
      if (known) known.push(told);
      else byGram.set(gram, [told]);
    };
    for (const { text, group } of needles) {
      const offset = bestOf(text, length, shared);
      tell(gramAt(text, offset, length), { text, group, offset });
      const next: Told = { text, group, offset: offset + 1 };
      if (offset + length < text.length) tell(gramAt(text, next.offset, length), next);
      else open.set(text.slice(1), [...(open.get(text.slice(1)) ?? []), next]);
    }
    // It may begin between two places: then any byte stands behind the rest of it. All that have the same rest share one list, or ten thousand would take 100 MB.
    for (const [rest, told] of open)
      for (const byte of anyBytes) {
        const gram = gramAt(rest + String.fromCharCode(byte), 0, length);
        const known = byGram.get(gram);
        byGram.set(gram, known ? [...known, ...told] : told);
      }
    const bits = Math.min(Math.ceil(Math.log2(Math.max(byGram.size, 64) * placesOfOne)), tableBits);
    this.#slots = new Int32Array((1 << bits) / 32);
    this.#shift = 32 - bits;
    this.#mask = length === 4 ? -1 : 0xffffff;
    this.#byGram = byGram;
    for (const gram of byGram.keys()) {
      const slot = slotOf(gram, this.#shift);
      this.#slots[slot >>> 5] = (this.#slots[slot >>> 5] ?? 0) | (1 << slot);
    }
  }

  mark(body: Buffer, start: number, end: number, marked: Uint8Array): boolean {
    const slots = this.#slots;
    const shift = this.#shift;
    const mask = this.#mask;
    let isAny = false;
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const to = body.length - 3;
    for (let at = start; at < end; at += 2) {
      const gram = ((at < to ? view.getInt32(at, true) : lastAt(body, at)) | withoutCase) & mask;
      const slot = slotOf(gram, shift);
      if (((slots[slot >>> 5] ?? 0) & (1 << slot)) !== 0 && this.#markAt(gram, body, at, marked)) isAny = true;
    }
    return isAny;
  }

  #markAt(gram: number, body: Buffer, at: number, marked: Uint8Array): boolean {
    let isAny = false;
    for (const { text, group, offset } of this.#byGram.get(gram) ?? nobody) {
      if (!standsAt(text, body, at - offset)) continue;
      marked[group] = 1;
      isAny = true;
    }
    return isAny;
  }
}

const nobody: readonly Told[] = [];

/** Four bytes, of which the body has fewer. */
function lastAt(body: Buffer, at: number): number {
  return (body[at] ?? 0) | ((body[at + 1] ?? 0) << 8) | ((body[at + 2] ?? 0) << 16);
}

function slotOf(gram: number, shift: number): number {
  return Math.imul(gram, -0x61c88647) >>> shift;
}

/** As the bytes are read: the first of them is the lowest. */
function gramAt(text: string, from: number, length: number): number {
  let gram = 0;
  for (let at = length - 1; at >= 0; at--) gram = (gram << 8) | text.charCodeAt(from + at);
  return (gram | withoutCase) & (length === 4 ? -1 : 0xffffff);
}

/** Where two of the grams of a text follow each other that fewest others share; of one as short as a gram, its beginning. */
function bestOf(text: string, length: number, shared: ReadonlyMap<number, number>): number {
  let [best, least] = [0, Infinity];
  for (let at = 0; at + length < text.length; at++) {
    const count =
      (shared.get(gramAt(text, at, length)) ?? 0) + (shared.get(gramAt(text, at + 1, length)) ?? 0) + usual(text, at, length + 1);
    if (count < least) [best, least] = [at, count];
  }
  return best;
}

/** The letters of texts, the most usual first. */
const letters = ' etaoinsrhldcumfpgwybv';

/** How usual so much of a text is: what stands in many messages tells nothing. */
function usual(text: string, from: number, length: number): number {
  let all = 1;
  for (const letter of text.slice(from, from + length))
    all *= 1 - (letters.indexOf(letter) + 1 || letters.length) / (letters.length + 1);
  return all * 100;
}

function standsAt(text: string, body: Buffer, from: number): boolean {
  for (let at = 0; at < text.length; at++) if (lower[body[from + at] ?? 0] !== text.charCodeAt(at)) return false;
  return true;
}
