// Personal data in a text: candidates by shape, each confirmed by what makes it one (a checksum, ranges that were issued, words around it), with a score.
// The rule: each recognizer is linear in the text. Names and places of people are not found here: no process could without a model.
import { type PiiType, piiTypes } from '#contract/rule.ts';
import { allowing } from './allow.ts';
import { type Detector, type Match, withoutOverlaps } from './match.ts';
import { cards, emails, ibans, nationalNumbers } from './pii-number.ts';
import { addresses, birthDates, phones, urls } from './pii-text.ts';

export interface Found {
  readonly start: number;
  readonly end: number;
  /** 0 to 1: how sure it is. */
  readonly score: number;
}
/** Finds all of a type. `folded` has the same length as the text, or is the text. */
export type Recognizer = (text: string, near: Context) => readonly Found[];
/** Whether one of some words stands in the characters before a place, or just behind it. */
export type Context = (start: number, end: number, words: RegExp) => boolean;

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

export function piiDetector({ types = piiTypes, threshold, thresholds = {}, allow = [] }: PiiSettings): Detector {
  const isAllowed = allowing(allow);
  return {
    trigger: 'always',
    find(text, time) {
      // Nothing that is looked for has neither a digit nor one of these.
      if (!/[0-9@:]/.test(text)) return [];
      const near = contextOf(text);
      const found = types.flatMap((type): Match[] => {
        time.check();
        const least = thresholds[type] ?? threshold;
        return recognizers[type](text, near)
          .filter(({ start, end, score }) => score >= least && !isAllowed(text.slice(start, end)))
          .map(({ start, end }) => ({ start, end, type }));
      });
      return withoutOverlaps(found);
    },
  };
}

const beforeLength = 48;
const behindLength = 24;

function contextOf(text: string): Context {
  return (start, end, words) =>
    words.test(text.slice(Math.max(0, start - beforeLength), start)) || words.test(text.slice(end, end + behindLength));
}
