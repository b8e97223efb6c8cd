// Personal data in a text: candidates by shape, each confirmed by what makes it one (a checksum, ranges that were issued, words around it), with a score.
// The rule: each recognizer is linear in the text. Names and places of people are not found here: no process could without a model.
import { type PiiType, piiTypes } from '#contract/rule.ts';
import { allowing } from './allow.ts';
import { type Digits, digitsIn } from './digit.ts';
import { type Detector, type Match, withoutOverlaps } from './match.ts';
import { findInPieces } from './piece.ts';
import { type Context, contextOf, type Recognizer } from './pii-context.ts';
import { bareScore, cards, emails, ibans, nationalNumbers, nineWords } from './pii-number.ts';
import { numbersOf } from './pii-byte.ts';
import { addresses, birthDates, isOfBirth, phones, phoneWords, urlMarks, urls } from './pii-text.ts';

/** What finds each type. */
export const recognizers: Readonly<Record<PiiType, Recognizer>> = {
  EMAIL_ADDRESS: emails,
  PHONE_NUMBER: phones,
  CREDIT_CARD: cards,
  US_SSN: nationalNumbers.ssn,
  US_ITIN: nationalNumbers.itin,
  UK_NHS: nationalNumbers.nhs,
  IBAN_CODE: ibans,
  IP_ADDRESS: addresses,
  URL: urls,
  DATE_OF_BIRTH: birthDates,
};

export interface PiiSettings {
  readonly types?: readonly PiiType[] | undefined;
  readonly threshold: number;
  readonly thresholds?: Readonly<Partial<Record<PiiType, number>>> | undefined;
  readonly allow?: readonly string[] | undefined;
}

/** Nothing that is looked for has none of these. */
const marks = /[0-9@]|:[:/]/;

/** A URL has 2,000 characters at most, and all others less. */
const reach = 4096;

export function piiDetector({ types = piiTypes, threshold, thresholds = {}, allow = [] }: PiiSettings): Detector {
  const isAllowed = allowing(allow);
  const looks = types.map((type) => ({
    type,
    least: thresholds[type] ?? threshold,
    may: mayStand[type],
    findAll: recognizers[type],
    isNamed: named.has(type) && (thresholds[type] ?? threshold) > bareScore,
  }));
  const least = new Map(looks.map((look) => [look.type, look.least]));
  const numbers = numbersOf((type) => least.get(type) ?? Infinity);
  return {
    trigger: { needs: [], loose: [], marks, glanced: { together: types.includes('URL') ? [[urlMarks]] : [], numbers } },
    find(text, time, folded, name = '') {
      if (!marks.test(text)) return [];
      const words = () => `${name.toLowerCase()} ${folded()}`;
      const findIn = (piece: string, isFirst: boolean) => {
        const digits = digitsIn(piece);
        let context: Context | undefined;
        let areNamed: boolean | undefined;
        const found: Match[] = [];
        for (const { type, least, may, findAll, isNamed } of looks) {
          if (!may(digits, piece, words)) continue;
          context ??= contextOf(piece, digits, isFirst ? name : '', time);
          if (isNamed && digits.isBare && !(areNamed ??= isAnyNamed(digits, context))) continue;
          time.spend(piece.length);
          for (const { start, end, score } of findAll(piece, context))
            if (score >= least && !isAllowed(piece.slice(start, end))) found.push({ start, end, type });
        }
        return found;
      };
      return withoutOverlaps(findInPieces(text, reach, time, findIn));
    },
  };
}

/** Of these, a number without any sign in it, of nine digits at most, is only one where a word near it says so. */
const named: ReadonlySet<PiiType> = new Set(['PHONE_NUMBER', 'US_SSN', 'US_ITIN']);

function isAnyNamed({ starts, left }: Digits, { near }: Context): boolean {
  return starts.some((start, index) => {
    const count = left[index] ?? 0;
    const end = start + count;
    return near(start, end, phoneWords) || (count === 9 && nineWords.some((words) => near(start, end, words)));
  });
}

/** Whether one can stand in a text at all: most texts are not worth a closer look. */
const mayStand: Readonly<Record<PiiType, (digits: Digits, text: string, folded: () => string) => boolean>> = {
  EMAIL_ADDRESS: (_, text) => text.includes('@'),
  PHONE_NUMBER: ({ dense }) => dense >= 7,
  CREDIT_CARD: ({ dense }) => dense >= 12,
  US_SSN: ({ dense }) => dense >= 9,
  US_ITIN: ({ dense }) => dense >= 9,
  UK_NHS: ({ dense }) => dense >= 10,
  IBAN_CODE: ({ dense, lettered }) => dense >= 7 && lettered.length > 0,
  IP_ADDRESS: (_, text) => /\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:/.test(text),
  URL: (_, text) => text.includes('://'),
  DATE_OF_BIRTH: ({ count, shortest }, _, folded) => count >= 4 && shortest <= 4 && isOfBirth(folded()),
};
