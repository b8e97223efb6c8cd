// Personal data in a text: candidates by shape, each confirmed by what makes it one (a checksum, ranges that were issued, words around it), with a score.
// The rule: each recognizer is linear in the text. Names and places of people are not found here: no process could without a model.
import { type PiiType, piiTypes } from '#contract/rule.ts';
import { allowing } from './allow.ts';
import { type Detector, type Match, withoutOverlaps } from './match.ts';
import { findInPieces } from './piece.ts';
import { contextOf, type Recognizer } from './pii-context.ts';
import { cards, emails, ibans, nationalNumbers } from './pii-number.ts';
import { addresses, birthDates, isOfBirth, phones, urls } from './pii-text.ts';

const recognizers: Readonly<Record<PiiType, Recognizer>> = {
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
  return {
    trigger: { needs: [], loose: [], marks },
    find(text, time, folded, name = '') {
      if (!marks.test(text)) return [];
      const shape = shapeOf(text);
      const may = types.filter((type) => mayStand[type](shape, text, () => `${name.toLowerCase()} ${folded()}`));
      if (may.length === 0) return [];
      const findIn = (piece: string, isFirst: boolean) => {
        const context = contextOf(piece, isFirst ? name : '', time);
        return may.flatMap((type): Match[] => {
          time.check();
          const least = thresholds[type] ?? threshold;
          return recognizers[type](piece, context)
            .filter(({ start, end, score }) => score >= least && !isAllowed(piece.slice(start, end)))
            .map(({ start, end }) => ({ start, end, type }));
        });
      };
      return withoutOverlaps(findInPieces(text, reach, time, findIn));
    },
  };
}

/** What a text is made of, found out once for all types. */
interface Shape {
  readonly digits: number;
  /** The most digits in a row with at most three of the characters between two of them that people put there. */
  readonly dense: number;
}

const gapAtMost = 3;

function shapeOf(text: string): Shape {
  let [digits, run, dense, gap] = [0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) {
      digits++;
      run++;
      gap = 0;
      if (run > dense) dense = run;
    } else if (run > 0 && (++gap > gapAtMost || !isGap(code))) run = 0;
  }
  return { digits, dense };
}

/** What people put between the digits of one number. */
function isGap(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x28 && code <= 0x2f && code !== 0x2a && code !== 0x2c);
  return code === 0xa0 || code === 0x2009 || code === 0x202f || (code >= 0x2010 && code <= 0x2015);
}

/** Whether one can stand in a text at all: most texts are not worth a closer look. */
const mayStand: Readonly<Record<PiiType, (shape: Shape, text: string, folded: () => string) => boolean>> = {
  EMAIL_ADDRESS: (_, text) => text.includes('@'),
  PHONE_NUMBER: ({ dense }) => dense >= 7,
  CREDIT_CARD: ({ dense }) => dense >= 12,
  US_SSN: ({ dense }) => dense >= 9,
  US_ITIN: ({ dense }) => dense >= 9,
  UK_NHS: ({ dense }) => dense >= 10,
  IBAN_CODE: ({ dense }) => dense >= 7,
  IP_ADDRESS: (_, text) => /\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:/.test(text),
  URL: (_, text) => text.includes('://'),
  DATE_OF_BIRTH: ({ digits }, _, folded) => digits >= 3 && isOfBirth(folded()),
};
