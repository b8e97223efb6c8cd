// Personal data in a text: candidates by shape, each confirmed by what makes it one (a checksum, ranges that were issued, words around it), with a score.
// The rule: each recognizer is linear in the text. Names and places of people are not found here: no process could without a model.
import { type PiiType, piiTypes } from '#contract/rule.ts';
import { allowing } from './allow.ts';
import { type Detector, type Match, withoutOverlaps } from './match.ts';
import { contextOf, type Recognizer } from './pii-context.ts';
import { cards, emails, ibans, nationalNumbers } from './pii-number.ts';
import { addresses, birthDates, phones, urls } from './pii-text.ts';

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
    find(text, time, _folded, name = '') {
      // Nothing that is looked for has neither a digit nor one of these.
      if (!/[0-9@:]/.test(text)) return [];
      const context = contextOf(text, name);
      const found = types.flatMap((type): Match[] => {
        time.check();
        const least = thresholds[type] ?? threshold;
        return recognizers[type](text, context)
          .filter(({ start, end, score }) => score >= least && !isAllowed(text.slice(start, end)))
          .map(({ start, end }) => ({ start, end, type }));
      });
      return withoutOverlaps(found);
    },
  };
}
