// Personal data that a checksum or ranges that were issued confirm: cards, bank accounts, national numbers; and mail addresses.
// The rule: what a checksum alone leaves to chance needs its usual shape or words around it.
import { isValidIBAN } from 'ibantools';
import { type Digits, findNumbers, type Numeral } from './digit.ts';
import { type Context, type Found, nowhere, type Recognizer } from './pii-context.ts';

/** A run of digits with what people put between them. */
const digitRun =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_.+#-])\d(?:[ .\u00a0\u2009\u202f\u2010-\u2013-]?\d){7,22}(?![A-Za-z\u00c0-\u04ff\p{N}_]|[.-]\d)/uy;
/** No card has fewer. */
export const cardDigits = 12;

export const cards: Recognizer = (text, { digits: numbers, near, before }) =>
  findNumbers(digitRun, text, numbers, cardDigits).flatMap(({ start, end, raw }): Found[] => {
    if (!isOfCard(raw.replaceAll(/\D/g, ''))) return [];
    const groups = raw.split(/\D/).map(({ length }) => length);
    const isUsual = groups.length > 1 && usualGroups.has(groups.join('-'));
    if (groups.length > 1 && !isUsual) return near(start, end, cardWords) ? [{ start, end, score: 0.7 }] : [];
    if (isInIban(text, start)) return [];
    if (near(start, end, cardWords)) return [{ start, end, score: 1 }];
    // One in ten numbers has the checksum: a number that says what else it is is that.
    if (otherNumber.test(before(start))) return [{ start, end, score: 0.3 }];
    return [{ start, end, score: isUsual ? 0.9 : 0.6 }];
  });

/** The groups of an account's number look like those of a card. */
function isInIban(text: string, at: number): boolean {
  const before = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}[ \u00a0-]?(?:[A-Za-z0-9]{4}[ \u00a0-]){0,7}$/.exec(
    text.slice(Math.max(0, at - 44), at),
  );
  if (!before) return false;
  const from = at - before[0].length;
  const own = text.slice(from, at + 44);
  return ibans(own, nowhere(own)).some(({ start }) => start === 0);
}

const usualGroups: ReadonlySet<string> = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-4-1', '6-10', '6-13']);
const cardWords =
  /\b(?:card|cc|visa|master ?card|amex|american express|discover|jcb|diners|maestro|pan|credit|debit|kreditkarte|karte|carte|tarjeta|carta|cart[aã]o|cvv|cvc|exp(?:iry|ires)?)\b|(?:card|\bcc|karten|kaart|kort)[ _-]?(?:nummer|number|num|nr|no)\b|信用卡|カード|карт/iu;
/** Right before it: what number it is, in so many words. That it is one says nothing. */
const otherNumber =
  /(?:\b(?:order|tracking|track|shipment|parcel|invoice|serial|s\/n|imei|isbn|ean|upc|gtin|sku|barcode|ticket|case|build|commit|trace|span|id|uuid|ts|timestamp|epoch|ref|reference|policy|batch|run|job|request)|(?<=\p{L}[ ._/-]?)(?:nummer|number|num[eé]ro|n[uú]mero|nr|no))\.?[ :#=]{0,3}$/iu;

/** Whether so many digits are those of a card. */
export function isOfCard(digits: string): boolean {
  return networkOf(digits) !== undefined && hasLuhn(digits) && !/^(\d)\1+$/.test(digits);
}

/** Lengths and first digits as the networks issue them (ISO/IEC 7812). */
function networkOf(digits: string): string | undefined {
  const { length } = digits;
  const [four, three, two] = [Number(digits.slice(0, 4)), Number(digits.slice(0, 3)), Number(digits.slice(0, 2))];
  if (digits.startsWith('4')) return length === 16 || length === 13 || length === 19 ? 'visa' : undefined;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16 ? 'mastercard' : undefined;
  if (two === 34 || two === 37) return length === 15 ? 'amex' : undefined;
  if (four === 6011 || two === 65 || (three >= 644 && three <= 649))
    return length === 16 || length === 19 ? 'discover' : undefined;
  if (four >= 3528 && four <= 3589) return length === 16 ? 'jcb' : undefined;
  if ((three >= 300 && three <= 305) || two === 36 || two === 38 || two === 39) return length === 14 ? 'diners' : undefined;
  if (two === 62 || four === 8171) return length >= 16 && length <= 19 ? 'unionpay' : undefined;
  if (four === 5018 || four === 5020 || four === 5038 || four === 6304 || four === 6759)
    return length >= 12 && length <= 19 ? 'maestro' : undefined;
  return undefined;
}

function hasLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30;
    const doubled = at % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Two letters and two digits, then groups of letters and digits: as it is printed or in one. */
const ibanRun =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_])[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}(?![A-Za-z\u00c0-\u04ff\p{N}_])/uy;

export const ibans: Recognizer = (text, { digits, tick }) => {
  const found: Found[] = [];
  let from = 0;
  for (const at of digits.lettered) {
    if (at < from) continue;
    tick();
    ibanRun.lastIndex = at;
    const [raw] = ibanRun.exec(text) ?? [];
    if (raw === undefined) continue;
    from = at + raw.length;
    const length = ibanLength(raw);
    if (length > 0) found.push({ start: at, end: at + length, score: 1 });
  }
  return found;
};

/** Of the account's number that the text begins with; 0 where it does not. */
function ibanLength(text: string): number {
  // A word that stands behind it looks like one more group.
  for (let run = text; ;) {
    if (isValidIBAN(run.replaceAll(/[ \u00a0-]/g, '').toUpperCase())) return run.length;
    const cut = Math.max(run.lastIndexOf(' '), run.lastIndexOf('\u00a0'), run.lastIndexOf('-'));
    if (cut < 14) return 0;
    run = run.slice(0, cut);
  }
}

/** More marks are allowed in one, and nobody has them (RFC 5321): in a text they stand before it. */
const localPart = /[\p{L}\p{N}%&'+_.-]/u;
const noSpaces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
export const domainPart =
  /^(?:\p{L}|\p{N})(?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(?:\.(?:\p{L}|\p{N})(?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)*\.(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}])/u;
const localAtMost = 64;

/** Before a user of a machine or of an address on the net. */
const ofMachine = /(?:\b(?:ssh|scp|sftp|rsync|mosh)(?: -\S+)* |:\/\/[^\s/]*)$/i;

/** From each @ to both sides. */
export const emails: Recognizer = (text, { tick }) => {
  const found: Found[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    tick();
    let start = at;
    for (; start > 0 && at - start <= localAtMost && localPart.test(text[start - 1] ?? ''); start--) {
      // Where words have no spaces between them, the one right before it is not of it.
      const next = text[start] ?? '';
      if (noSpaces.test(text[start - 1] ?? '') && /[\p{L}\p{N}]/u.test(next) && !noSpaces.test(next)) break;
    }
    // Marks around an address are not of it.
    while (start < at && /[.'&%-]/.test(text[start] ?? '')) start++;
    const domain = domainPart.exec(text.slice(at + 1, at + 256))?.[0];
    const isWhole =
      at > start &&
      at - start <= localAtMost &&
      domain !== undefined &&
      !text.slice(start, at).includes('..') &&
      text[at - 1] !== '.';
    if (!isWhole) continue;
    // git@host:path, and packages at their versions, are addresses of something else.
    const before = text.slice(Math.max(0, start - 100), start);
    const isOther =
      (text[at + 1 + domain.length] === ':' && !/\s/.test(text[at + 2 + domain.length] ?? ' ')) || ofMachine.test(before);
    const isFile = /\.(?:png|jpe?g|gif|svg|webp|js|mjs|cjs|ts|css|json|md|txt|pdf)$/i.test(domain);
    if (!isOther) found.push({ start, end: at + 1 + domain.length, score: isFile ? 0.3 : 1 });
  }
  return found;
};

/** Of nine digits without a sign between them, where no word near them says what they are. */
export const bareScore = 0.1;
const nineDigits =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_.#+-]|\d[ ])\d{3}([ \u2010-\u2013-]?)\d{2}\1\d{4}(?![A-Za-z\u00c0-\u04ff\p{N}_]|[.\u2010-\u2013-]\d|[ ]\d)/uy;
const ssnWords =
  /\b(?:ssn|s\.s\.n|social ?-?security|soc(?:ial)?\.? ?sec|my social|taxpayer|tax ?id|seguro social)\b|\bss ?#|社会保障/iu;
const itinWords = /\b(?:itin|taxpayer|tax ?id)\b/iu;
export const nineWords: readonly RegExp[] = [ssnWords, itinWords];
/** Of each of those words, and of those of a number of the NHS, a piece, folded: none with a space in it but one, because the name of a member is written tax_id, tax-id or taxId. */
export const nationalStems = [
  'ssn',
  's.s.n',
  'soc',
  'tax',
  'ss#',
  'ss #',
  'ss_',
  'ss-',
  'itin',
  'nhs',
  'patient',
  'health',
  '社会保障',
];
const noPerson =
  /\b(?:part|item|order|sku|zip|phone|tel|fax|call|mobile|invoice|ticket|case|model|serial|ref|version|build|po|isbn|routing|aba|ein|duns|lot)\b ?(?:no|number|nr|#|id)?\.?:? ?#?$/i;

function findNine(text: string, digits: Digits): readonly Numeral[] {
  return findNumbers(nineDigits, text, digits, 9);
}

/** Nine digits in the shape of a US number, or with its name before them. */
function nineOf(isIssued: (area: number, group: number, serial: number) => boolean, words: RegExp): Recognizer {
  return (text, { nine, near, before }: Context) => {
    const found: Found[] = [];
    for (const { start, end, raw } of nine(findNine)) {
      const mark = raw.length > 9 ? (raw[3] ?? '') : '';
      const group = 3 + mark.length;
      if (!isIssued(numberIn(raw, 0, 3), numberIn(raw, group, group + 2), numberIn(raw, raw.length - 4, raw.length))) continue;
      if (near(start, end, words)) found.push({ start, end, score: 1 });
      else if (mark === '') found.push({ start, end, score: bareScore });
      else found.push({ start, end, score: noPerson.test(before(start)) ? 0.2 : mark === ' ' ? 0.5 : 0.8 });
    }
    return found;
  };
}

/** Of the digits that stand there. */
function numberIn(raw: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 10 + raw.charCodeAt(at) - 0x30;
  return number;
}

const nhsRun =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_.#+-]|\d[ ])\d{3}[ -]?\d{3}[ -]?\d{4}(?![A-Za-z\u00c0-\u04ff\p{N}_]|[.-]\d|[ ]\d)/uy;
/** Of ten digits with the sum, where no word near them says what they are. */
export const sumScore = 0.3;
const nhsWords = /\b(?:nhs|patient|health service)\b/i;

export const nationalNumbers = {
  /** Never issued: area 000, 666 and 9xx, group 00, serial 0000 (SSA); and one of an advertisement. */
  ssn: nineOf(
    (area, group, serial) =>
      area !== 0 && area !== 666 && area < 900 && group !== 0 && serial !== 0 && !(area === 78 && group === 5 && serial === 1120),
    ssnWords,
  ),
  /** 9xx with groups 50-65, 70-88, 90-92, 94-99 (IRS). */
  itin: nineOf(
    (area, group) =>
      area >= 900 &&
      ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 99 && group !== 93)),
    itinWords,
  ),
  /** Ten digits, the last of which makes the sum (modulus 11). */
  nhs: ((text, { digits: numbers, near }) =>
    findNumbers(nhsRun, text, numbers, 10).flatMap(({ start, end, raw }): Found[] => {
      const digits = [...raw.replaceAll(/\D/g, '')].map(Number);
      const sum = digits.slice(0, 9).reduce((total, digit, place) => total + digit * (10 - place), 0);
      if ((11 - (sum % 11)) % 11 !== digits[9]) return [];
      return [{ start, end, score: near(start, end, nhsWords) ? 1 : sumScore }];
    })) satisfies Recognizer,
};
