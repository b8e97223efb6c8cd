// Writes the values of records that are taken apart (apart.ts) as bytes: nearly all are numbers, and no string is made of one, neither for its hash nor for its row.
// The rule: what stands there is `${value}` in UTF-8, and who calls has made sure that there is room.
import type { Value } from './apart.ts';

/** Those of Number.MAX_SAFE_INTEGER. */
const mostDigits = 16;
const zero = 48;
const fewCharacters = 8;
const mostAscii = 127;
/** Up to here the digits are found with numbers of 32 bits, which takes a fifth of the time. */
const short = 1e9;
const shortDigits = 9;

/** How many bytes a value takes at most. */
export function mostBytes(value: Value): number {
  return typeof value === 'number' ? mostDigits : value.length * 3;
}

/** Returns where it ends. */
export function writeValue(to: Buffer, at: number, value: Value): number {
  if (typeof value === 'number') return writeNumber(to, at, value);
  const { length } = value;
  // "true" and "false": a call out of the loop takes longer than they do.
  if (length > fewCharacters) return at + to.write(value, at);
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > mostAscii) return at + to.write(value, at);
    to[at + i] = code;
  }
  return at + length;
}

/** A whole number from 0 up to Number.MAX_SAFE_INTEGER. Returns where it ends. */
export function writeNumber(to: Buffer, at: number, value: number): number {
  if (value < short) return writeDigits(to, at, value, digitsOf(value));
  const high = Math.floor(value / short);
  return writeDigits(to, writeNumber(to, at, high), value - high * short, shortDigits);
}

/** So many of a number below `short`, with zeros before it. */
function writeDigits(to: Buffer, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    to[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

function digitsOf(value: number): number {
  if (value < 1e3) return value < 10 ? 1 : value < 100 ? 2 : 3;
  if (value < 1e6) return value < 1e4 ? 4 : value < 1e5 ? 5 : 6;
  return value < 1e7 ? 7 : value < 1e8 ? 8 : shortDigits;
}
