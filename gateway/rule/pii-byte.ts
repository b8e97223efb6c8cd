// Whether what stands in the bytes of a message could be personal data, so that its text has to be looked at. The rule: what is let by here no recognizer finds, whatever its
// member is called.
import type { PiiType } from '#contract/rule.ts';
import { backslash } from '../mcp/byte.ts';
import { isDigit, isHex, isLetter } from './digit.ts';
import type { Could, Numbers } from './match.ts';
import { bareScore, cardDigits, domainPart, isOfCard, nationalStems, sumScore } from './pii-number.ts';
import { birthPieces, phoneStems } from './pii-text.ts';

/** What stands before digits of their number, such as "+(". */
const beforeLength = 2;
/** So much of a text around a number is looked at for words (pii-context.ts), whatever its characters take: three bytes at most for each of its units. */
const [wordsBefore, wordsBehind] = [144, 72];

/** Of a longer row nobody tries which of its groups could be of a card. */
const cardLength = 64;
/** 415-555-0123, (415) 555-0123 */
const usualPhone = /\d{3}(?:[-.]|\) ?)\d{3}[-.]\d{4}/;
const prefix = /\+|(?<!\d)00/;
const nineInGroups = /\d{3}([ -])\d{2}\1\d{4}/;
const tenDigits = /\d{3}[ -]?\d{3}[ -]?\d{4}/;
const ibanStart = /^[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11}/;
const ipv4 = /\d\.\d{1,3}\.\d{1,3}\.\d/;

/** `leastOf`: the score from which on something of a type counts; infinite where none does. */
export function numbersOf(leastOf: (type: PiiType) => number): Numbers {
  const has = (type: PiiType) => leastOf(type) < Infinity;
  const hasPhones = has('PHONE_NUMBER');
  const hasNine = has('US_SSN') || has('US_ITIN');
  const areNineBare = Math.min(leastOf('US_SSN'), leastOf('US_ITIN')) <= bareScore;
  const hasTen = has('UK_NHS');
  const areTenBare = leastOf('UK_NHS') <= sumScore;
  const [hasCards, hasIbans, hasAddresses, hasMails] = [
    has('CREDIT_CARD'),
    has('IBAN_CODE'),
    has('IP_ADDRESS'),
    has('EMAIL_ADDRESS'),
  ];
  const words = [...(hasPhones ? phoneStems : []), ...(hasNine || hasTen ? nationalStems : [])];
  const written = (word: string) => Buffer.from(word).toString('latin1').replaceAll('.', '\\.');
  const anyWord = new RegExp(words.map(written).join('|') || '(?!)', 'i');
  const slice = (body: Buffer, from: number, to: number) => body.toString('latin1', Math.max(from, 0), to);

  function ofOneGroup(body: Buffer, at: number, last: number, count: number): Could {
    const isPrefixed = body[at - 1] === 0x2b || body[at - 2] === 0x2b || (body[at] === 0x30 && body[at + 1] === 0x30);
    if (hasPhones && isPrefixed) return 'yes';
    if (count === 9 && areNineBare) return 'yes';
    if (count === 10 && areTenBare) return 'yes';
    if (count >= cardDigits && hasCards && isOfCard(slice(body, at, last + 1))) return 'yes';
    return hasPhones || (hasNine && count === 9) || (hasTen && count === 10) ? 'by word' : 'no';
  }

  function ofGroups(body: Buffer, at: number, last: number, count: number): Could {
    const row = slice(body, at - beforeLength, last + 1);
    if (hasPhones && (prefix.test(row) || usualPhone.test(row))) return 'yes';
    if (hasNine && count >= 9 && (areNineBare || nineInGroups.test(row))) return 'yes';
    if (areTenBare && count >= 10 && tenDigits.test(row)) return 'yes';
    if (hasCards && count >= cardDigits && (row.length > cardLength || hasCard(row))) return 'yes';
    return hasPhones || (hasNine && count >= 9) || (hasTen && count >= 10) ? 'by word' : 'no';
  }

  return {
    words,
    fewWords: has('DATE_OF_BIRTH') ? birthPieces : [],
    could(body, at, last, count, dots) {
      if (hasAddresses && dots >= 3 && ipv4.test(slice(body, at, last + 1))) return 'yes';
      if (hasIbans && isLetter(body[at - 1] ?? 0) && isLetter(body[at - 2] ?? 0) && isIbanStart(body, at - 2)) return 'yes';
      if (count < 7) return 'no';
      return last - at + 1 === count ? ofOneGroup(body, at, last, count) : ofGroups(body, at, last, count);
    },
    isTold: (body, at, last) => anyWord.test(slice(body, at - beforeLength - wordsBefore, last + 1 + wordsBehind)),
    isOfMail: (body, at) => hasMails && isOfLocalPart(body[at - 1] ?? 0) && isOfDomain(slice(body, at + 1, at + 256)),
    isOfAddress: (body, at, colons) => hasAddresses && (colons > 1 || isGroupStart(body, at)),
  };
}

/** Whether some groups in a row are those of a card. */
function hasCard(row: string): boolean {
  for (const [run] of row.matchAll(/\d+(?:[ .-]\d+)*/g)) {
    const groups = run.split(/\D/);
    for (let first = 0; first < groups.length; first++)
      for (let digits = '', next = first; next < groups.length && digits.length < 20; next++) {
        digits += groups[next] ?? '';
        if (isOfCard(digits)) return true;
      }
  }
  return false;
}

function isIbanStart(body: Buffer, at: number): boolean {
  const before = body[at - 1] ?? 0;
  const isBegun = (isLetter(before) || isDigit(before) || before === 0x5f) && body[at - 2] !== backslash;
  return !isBegun && ibanStart.test(body.toString('latin1', at, at + 28));
}

/** Whether an address could begin with what stands before a colon: nothing, or four digits at most. */
function isGroupStart(body: Buffer, colonAt: number): boolean {
  let at = colonAt - 1;
  while (colonAt - at <= 4 && isHex(body[at] ?? 0)) at--;
  const before = body[at] ?? 0;
  return (
    body[at - 1] === backslash ||
    !(isLetter(before) || isDigit(before) || (before !== 0 && '_.:-'.includes(String.fromCharCode(before))))
  );
}

/** Other letters may be of one too. */
const isOfDomain = (text: string): boolean => /[\x80-\xff]/.test(text) || domainPart.test(text);

/** Of the bytes that can stand right before the @. */
function isOfLocalPart(byte: number): boolean {
  return byte >= 0x80 || isLetter(byte) || isDigit(byte) || (byte !== 0 && "%&'+_-".includes(String.fromCharCode(byte)));
}
