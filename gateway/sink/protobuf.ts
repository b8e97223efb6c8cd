// Just enough of Protocol Buffers (proto3, protobuf.dev/programming-guides/encoding) to write what OTLP asks for: from the same objects that its JSON has, by tables of field numbers.
// The rule: a field that no table names, or that holds something of another kind, is a mistake of ours and is thrown, never left out.
import type { Fields } from './field.ts';

type Scalar = 'string' | 'hex' | 'fixed64' | 'int64' | 'enum' | 'bool';
export interface Message {
  readonly [name: string]: { readonly number: number; readonly as: Scalar | Message; readonly isRepeated?: boolean };
}

const [varint, sixtyFourBits, lengthDelimited] = [0, 1, 2];

export function encode(message: Message, value: Fields): Buffer {
  return encodeEntries(message, Object.entries(value));
}

function encodeEntries(message: Message, entries: readonly (readonly [string, unknown])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, of] of entries) {
    const field = message[name];
    if (field === undefined) throw new TypeError(`there is no field ${name}`);
    const all: readonly unknown[] = field.isRepeated && Array.isArray(of) ? of : [of];
    for (const each of all) parts.push(...encodeField(name, field.number, field.as, each));
  }
  return Buffer.concat(parts);
}

function encodeField(name: string, number: number, as: Scalar | Message, value: unknown): readonly Buffer[] {
  const tag = (wire: number) => bytesOf((number << 3) | wire);
  const whole = (bytes: Buffer) => [tag(lengthDelimited), bytesOf(bytes.length), bytes];
  if (typeof as === 'object') {
    if (!(value instanceof Object)) throw new TypeError(`${name} is no message`);
    return whole(encodeEntries(as, Object.entries(value)));
  }
  switch (as) {
    case 'string':
      if (typeof value === 'string') return whole(Buffer.from(value));
      break;
    case 'hex':
      if (typeof value === 'string') return whole(Buffer.from(value, 'hex'));
      break;
    case 'bool':
      if (typeof value === 'boolean') return [tag(varint), bytesOf(value ? 1 : 0)];
      break;
    case 'enum':
      if (typeof value === 'number') return [tag(varint), bytesOf(value)];
      break;
    case 'int64':
      // As JSON has it: in decimal digits.
      if (typeof value === 'string') return [tag(varint), bytesOf(BigInt.asUintN(64, BigInt(value)))];
      break;
    case 'fixed64': {
      if (typeof value !== 'string') break;
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return [tag(sixtyFourBits), bytes];
    }
  }
  throw new TypeError(`${name} is not ${as}`);
}

/** A number in groups of seven bits, the lowest first. */
function bytesOf(value: number | bigint): Buffer {
  // Nearly all: field numbers and lengths.
  if (typeof value === 'number' && value >= 0 && value < 0x80) return Buffer.of(value);
  const bytes: number[] = [];
  let left = BigInt(value);
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return Buffer.from(bytes);
}

/** The numbers and the byte fields of a message, by field number. Throws where the bytes are no message. */
export function decode(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  let at = 0;
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is cut off');
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('a field is cut off');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(number());
    const wire = tag & 7;
    if (wire === varint) fields.set(tag >>> 3, number());
    else if (wire === sixtyFourBits) fields.set(tag >>> 3, take(8));
    else if (wire === lengthDelimited) fields.set(tag >>> 3, take(Number(number())));
    else if (wire === 5) fields.set(tag >>> 3, take(4));
    else throw new RangeError('a field of an unknown kind');
  }
  return fields;
}
