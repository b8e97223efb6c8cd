// A binary property list (Apple's "bplist00") as plain values: what macOS keeps managed preferences in. Pure, and made for input that may be anything.
// Rule: every offset is checked, and a list that refers to itself or grows when it is unfolded is refused. Dates and data become null: no setting has them.

const headBytes = 8;
const trailerBytes = 32;
const depthLimit = 32;
/** Objects that may be unfolded, shared ones counted each time. */
const objectLimit = 100_000;

/** The top object. Throws a RangeError where the bytes are no such list. */
export function readPropertyList(bytes: Uint8Array): unknown {
  return new Reader(bytes).top();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offsetBytes: number;
  readonly #referenceBytes: number;
  readonly #count: number;
  readonly #top: number;
  readonly #table: number;
  #left = objectLimit;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < headBytes + trailerBytes || ascii(bytes.subarray(0, headBytes)) !== 'bplist00')
      throw new RangeError('not a binary property list');
    const trailer = bytes.length - trailerBytes;
    this.#offsetBytes = this.#unsigned(trailer + 6, 1);
    this.#referenceBytes = this.#unsigned(trailer + 7, 1);
    this.#count = this.#unsigned(trailer + 8, 8);
    this.#top = this.#unsigned(trailer + 16, 8);
    this.#table = this.#unsigned(trailer + 24, 8);
  }

  top(): unknown {
    return this.#object(this.#top, 0);
  }

  #object(reference: number, depth: number): unknown {
    if (depth > depthLimit || --this.#left < 0 || reference >= this.#count)
      throw new RangeError('a property list that refers to nothing or to itself');
    const at = this.#unsigned(this.#table + reference * this.#offsetBytes, this.#offsetBytes);
    const marker = this.#unsigned(at, 1);
    const low = marker & 0x0f;
    switch (marker >> 4) {
      case 0x0:
        return low === 0x8 ? false : low === 0x9 ? true : null;
      case 0x1:
        return this.#integer(at + 1, 2 ** low);
      case 0x2:
        return low === 2 ? this.#view.getFloat32(at + 1) : low === 3 ? this.#view.getFloat64(at + 1) : null;
      case 0x5:
      case 0x6: {
        const { count, start } = this.#sized(at, low);
        const isWide = marker >> 4 === 0x6;
        const text = this.#slice(start, isWide ? count * 2 : count);
        return isWide ? new TextDecoder('utf-16be').decode(text) : ascii(text);
      }
      case 0xa: {
        const { count, start } = this.#sized(at, low);
        return this.#references(start, count).map((each) => this.#object(each, depth + 1));
      }
      case 0xd: {
        const { count, start } = this.#sized(at, low);
        const keys = this.#references(start, count);
        const values = this.#references(start + count * this.#referenceBytes, count);
        return Object.fromEntries(
          keys.map((key, index) => [String(this.#object(key, depth + 1)), this.#object(values[index] ?? this.#count, depth + 1)]),
        );
      }
      default:
        return null;
    }
  }

  /** How many, and where they begin: in the marker, or, from 15 on, as an integer behind it. */
  #sized(at: number, low: number): { readonly count: number; readonly start: number } {
    if (low !== 0xf) return { count: low, start: at + 1 };
    const bytes = 2 ** (this.#unsigned(at + 1, 1) & 0x0f);
    return { count: this.#unsigned(at + 2, bytes), start: at + 2 + bytes };
  }

  #references(start: number, count: number): readonly number[] {
    this.#slice(start, count * this.#referenceBytes);
    return Array.from({ length: count }, (_, index) =>
      this.#unsigned(start + index * this.#referenceBytes, this.#referenceBytes),
    );
  }

  #slice(start: number, count: number): Uint8Array {
    if (start + count > this.#bytes.length) throw new RangeError('a property list that is cut off');
    return this.#bytes.subarray(start, start + count);
  }

  #unsigned(at: number, bytes: number): number {
    if (bytes < 1 || bytes > 8) throw new RangeError('a property list with numbers of an odd size');
    const value = this.#slice(at, bytes).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new RangeError('a property list with a number that is too large');
    return value;
  }

  /** Up to four bytes are unsigned, eight are signed; longer ones no setting has. */
  #integer(at: number, bytes: number): number | null {
    if (bytes === 8) return Number(this.#view.getBigInt64(at));
    return bytes < 8 ? this.#unsigned(at, bytes) : null;
  }
}

function ascii(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
