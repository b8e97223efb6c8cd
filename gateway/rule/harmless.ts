// Which characters beyond ASCII leave what the rules find in a message as it is without them. The rule: one that nobody sees, that reads like a letter of ASCII without its case, or
// that people put between the digits of a number is none of them; of a script that was not looked at here, none is.
import { isDigit } from './digit.ts';

/**
 * Where the character (UTF-8) ends that begins at a place of a message: its last byte. 0 where it could make a difference, and where there is none: a quotation mark or a
 * backslash is never taken for a part of one.
 */
export function harmlessTo(body: Uint8Array, at: number): number {
  const to = endOf(body, at);
  for (let next = at + 1; next <= to; next++) if (((body[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return to;
}

function endOf(body: Uint8Array, at: number): number {
  const lead = body[at] ?? 0;
  const second = body[at + 1] ?? 0;
  const third = body[at + 2] ?? 0;
  // Signs of Latin-1, without its space, its hyphen and the µ, which counts as a letter of Greek.
  if (lead === 0xc2) return second === 0xa0 || second === 0xad || second === 0xb5 ? 0 : at + 1;
  if (lead === 0xc3) return at + 1;
  // Other letters of Latin, without İ and ſ.
  if (lead === 0xc4) return second === 0xb0 ? 0 : at + 1;
  if (lead === 0xc5) return second === 0xbf ? 0 : at + 1;
  if (lead === 0xe2) return isHarmlessSign(body, at, second, third) ? at + 2 : 0;
  // Kana and Hangul's letters, without its filler; Han; Hangul; forms of full width.
  if (lead === 0xe3) return second === 0x85 && third === 0xa4 ? 0 : at + 2;
  if ((lead >= 0xe4 && lead <= 0xe9) || lead === 0xeb || lead === 0xec) return at + 2;
  if ((lead === 0xea && second >= 0xb0) || (lead === 0xed && second <= 0x9d) || (lead === 0xef && second === 0xbc)) return at + 2;
  // Pictures.
  return lead === 0xf0 && second === 0x9f ? at + 3 : 0;
}

/** Of what begins with E2: quotation marks, a bullet, dots, a dash that is of no number; arrows, lines, symbols, without the signs of Kelvin and Ångström. */
function isHarmlessSign(body: Uint8Array, at: number, second: number, third: number): boolean {
  if (second === 0x80) {
    const isDash = third === 0x93 || third === 0x94;
    if (isDash) return !isDigit(body[at - 1] ?? 0) && !isDigit(body[at - 2] ?? 0) && !isDigit(body[at - 3] ?? 0);
    return (third >= 0x98 && third <= 0x9d) || third === 0xa2 || third === 0xa6;
  }
  if (second === 0x84) return third !== 0xaa && third !== 0xab;
  return second > 0x81;
}

/** Whether a character of a text that is looked for can be in such a message. */
export function isHarmless(char: string): boolean {
  return char < '\u0080' || harmlessTo(Buffer.from(`   ${char}`), 3) > 0;
}
