// How well the recognizers do on the labelled set. The figures are those of docs/rules.md; `node test/gateway/rule/labelled/main.ts` prints them all.
import { expect, test } from 'vitest';
import { fold } from '../../../gateway/rule/fold.ts';
import { injectionDetector } from '../../../gateway/rule/injection.ts';
import { TimeBudget } from '../../../gateway/rule/match.ts';
import { proves } from '../../requirement.ts';
import { attacks, benignDescriptions } from './labelled/description.ts';
import { createRandom } from './labelled/random.ts';
import { samplesOf } from './labelled/sample.ts';
import { scoresOf } from './labelled/score.ts';

test('e-mail, SSN, card and IBAN are found as well as is promised', () => {
  proves('rule.recall', {
    file: 'gateway/rule/pii-number.ts',
    find: 'if (isValidIBAN(',
    replace: 'if (!isValidIBAN(',
  });
  const scores = scoresOf(samplesOf(createRandom(20261126), 6000), ['EMAIL_ADDRESS', 'US_SSN', 'CREDIT_CARD', 'IBAN_CODE']);
  const least = { EMAIL_ADDRESS: [0.99, 0.99], US_SSN: [0.99, 0.99], CREDIT_CARD: [0.99, 0.98], IBAN_CODE: [0.95, 0.99] };
  for (const { type, labels, recall, precision, missed, wrong } of scores) {
    const [leastRecall = 1, leastPrecision = 1] = Object.entries(least).find(([name]) => name === type)?.[1] ?? [];
    expect(labels).toBeGreaterThan(500);
    expect({ type, isFound: recall >= leastRecall, missed: recall >= leastRecall ? [] : missed }).toEqual({
      type,
      isFound: true,
      missed: [],
    });
    expect({ type, isRight: precision >= leastPrecision, wrong: precision >= leastPrecision ? [] : wrong }).toEqual({
      type,
      isRight: true,
      wrong: [],
    });
  }
});

test('at most one in a hundred honest descriptions is taken for an injection, and known attacks are', () => {
  const detector = injectionDetector();
  const isFlagged = (text: string) => detector.find(text, new TimeBudget(60_000), () => fold(text)).length > 0;
  const benign = benignDescriptions(createRandom(20261126), 2000);
  expect(benign.filter(isFlagged).length / benign.length).toBeLessThanOrEqual(0.01);
  expect(attacks.filter((text) => !isFlagged(text)).length).toBeLessThanOrEqual(1);
});
