// Personal data that a checksum or ranges that were issued confirm: cards, bank accounts, national numbers; and mail addresses.
// The rule: what a checksum alone leaves to chance needs its usual shape or words around it.
import { isValidIBAN } from 'ibantools';
import type { Context, Found, Recognizer } from './pii.ts';

/** A run of digits with what people put between them. */
const digitRun = /(?<![\p{L}\p{N}_.+#/-])\d(?:[ .\u00a0\u2009\u202f\u2010-\u2013-]?\d){7,22}(?![\p{N}_]|[.-]\d|\p{L})/gu;

export const cards: Recognizer = (text, near) =>
  [...text.matchAll(digitRun)].flatMap(({ 0: raw, index }): Found[] => {
    const digits = raw.replaceAll(/\D/g, '');
    const network = networkOf(digits);
    if (network === undefined || !hasLuhn(digits) || /^(\d)\1+$/.test(digits)) return [];
    const [start, end] = [index, index + raw.length];
    const groups = raw.split(/\D/).map(({ length }) => length);
    const isUsual = groups.length > 1 && usualGroups.has(groups.join('-'));
    if (groups.length > 1 && !isUsual) return near(start, end, cardWords) ? [{ start, end, score: 0.7 }] : [];
    if (near(start, end, cardWords)) return [{ start, end, score: 1 }];
    // One in ten numbers has the checksum: a number that says what else it is is that.
    if (near(start, end, otherNumber)) return [{ start, end, score: 0.3 }];
    return [{ start, end, score: isUsual ? 0.9 : 0.6 }];
  });

const usualGroups: ReadonlySet<string> = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-4-1', '6-10', '6-13']);
const cardWords =
  /\b(?:card|cc|visa|master ?card|amex|american express|discover|jcb|diners|maestro|pan|credit|debit|kreditkarte|karte|carte|tarjeta|carta|cart[aã]o|cvv|cvc|exp(?:iry|ires)?)\b|信用卡|カード|карт/iu;
const otherNumber =
  /\b(?:order|tracking|track|shipment|parcel|invoice|serial|s\/n|imei|isbn|ean|upc|gtin|sku|barcode|ticket|case|build|commit|trace|span|id|uuid|ts|timestamp|epoch|ref(?:erence)?|account|policy|batch|run|job|request|bestellung|sendung|rechnung|commande|facture|pedido|factura)\b/i;

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
const ibanRun = /(?<![\p{L}\p{N}_])[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}(?![\p{L}\p{N}_])/gu;

export const ibans: Recognizer = (text) =>
  [...text.matchAll(ibanRun)].flatMap(({ 0: raw, index }): Found[] => {
    // A word that stands behind it looks like one more group.
    for (let run = raw; ;) {
      if (isValidIBAN(run.replaceAll(/[ \u00a0-]/g, '').toUpperCase()))
        return [{ start: index, end: index + run.length, score: 1 }];
      const cut = Math.max(run.lastIndexOf(' '), run.lastIndexOf('\u00a0'), run.lastIndexOf('-'));
      if (cut < 14) return [];
      run = run.slice(0, cut);
    }
  });

const localPart = /[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]/u;
const domainPart =
  /^(?:\p{L}|\p{N})(?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(?:\.(?:\p{L}|\p{N})(?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)*\.(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}])/u;
const localAtMost = 64;

/** From each @ to both sides. */
export const emails: Recognizer = (text) => {
  const found: Found[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start <= localAtMost && localPart.test(text[start - 1] ?? '')) start--;
    // Marks around an address are not of it.
    while (start < at && /[.'`{|/=?*#&!$%^~-]/.test(text[start] ?? '')) start++;
    const domain = domainPart.exec(text.slice(at + 1, at + 256))?.[0];
    const isWhole =
      at > start &&
      at - start <= localAtMost &&
      domain !== undefined &&
      !text.slice(start, at).includes('..') &&
      text[at - 1] !== '.';
    if (!isWhole) continue;
    // git@host:path, and packages at their versions, are addresses of something else.
    const isOther = text[at + 1 + domain.length] === ':' && /^(?:git|hg|svn)$/.test(text.slice(start, at));
    const isFile = /\.(?:png|jpe?g|gif|svg|webp|js|mjs|cjs|ts|css|json|md|txt|pdf)$/i.test(domain);
    if (!isOther) found.push({ start, end: at + 1 + domain.length, score: isFile ? 0.3 : 1 });
  }
  return found;
};

const nineDigits =
  /(?<![\p{L}\p{N}_.#/+-]|\d[ ])\d{3}([ \u2010-\u2013-]?)\d{2}\1\d{4}(?![\p{L}\p{N}_]|[.\u2010-\u2013-]\d|[ ]\d)/gu;
const ssnWords = /\b(?:ssn|ss ?#|s\.s\.n|social ?-?security|soc(?:ial)?\.? ?sec|taxpayer|tax ?id|seguro social)\b|社会保障/iu;
const itinWords = /\b(?:itin|taxpayer|tax ?id)\b/iu;
const noPerson =
  /\b(?:part|item|order|sku|zip|phone|tel|fax|call|mobile|invoice|ticket|case|model|serial|ref|version|build|po|isbn|routing|aba|ein|duns|lot)\b ?(?:no|number|nr|#|id)?\.?:? ?#?$/i;

/** Nine digits in the shape of a US number, or with its name before them. */
function nineOf(isIssued: (area: number, group: number, serial: number) => boolean, words: RegExp): Recognizer {
  return (text, near: Context) =>
    [...text.matchAll(nineDigits)].flatMap(({ 0: raw, 1: mark = '', index }): Found[] => {
      const digits = raw.replaceAll(/\D/g, '');
      if (!isIssued(Number(digits.slice(0, 3)), Number(digits.slice(3, 5)), Number(digits.slice(5)))) return [];
      const [start, end] = [index, index + raw.length];
      if (near(start, end, words)) return [{ start, end, score: 1 }];
      const isOther = noPerson.test(text.slice(Math.max(0, start - 24), start));
      return [{ start, end, score: mark === '' ? 0.1 : isOther ? 0.2 : mark === ' ' ? 0.5 : 0.8 }];
    });
}

const nhsRun = /(?<![\p{L}\p{N}_.#/+-]|\d[ ])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\p{L}\p{N}_]|[.-]\d|[ ]\d)/gu;
const nhsWords = /\b(?:nhs|patient|health service)\b/i;

export const nationalNumbers = {
  /** Never issued: area 000, 666 and 9xx, group 00, serial 0000 (SSA); and the two of advertisements. */
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
  nhs: ((text, near) =>
    [...text.matchAll(nhsRun)].flatMap(({ 0: raw, index }): Found[] => {
      const digits = [...raw.replaceAll(/\D/g, '')].map(Number);
      const sum = digits.slice(0, 9).reduce((total, digit, place) => total + digit * (10 - place), 0);
      if ((11 - (sum % 11)) % 11 !== digits[9]) return [];
      const [start, end] = [index, index + raw.length];
      return [{ start, end, score: near(start, end, nhsWords) ? 1 : 0.3 }];
    })) satisfies Recognizer,
};
