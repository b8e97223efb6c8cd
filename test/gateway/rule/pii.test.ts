// How long recognizers of personal data may look. What they find is measured on the labelled set.
import { expect, test } from 'vitest';
import { piiTypes } from '#contract/rule.ts';
import { TimeBudget, TimeSpent } from '../../../gateway/rule/match.ts';
import { piiDetector } from '../../../gateway/rule/pii.ts';
import { proves } from '../../requirement.ts';

/** Time for so many looks at the clock. */
class Looks extends TimeBudget {
  #left: number;

  constructor(left: number) {
    super(0);
    this.#left = left;
  }

  override check(): void {
    if (this.#left-- <= 0) throw new TimeSpent('no more');
  }
}

test('a text with many candidates is given up in the midst of one type', () => {
  proves('rule.pii-time', { file: 'gateway/rule/pii-number.ts', find: 'tick();\n    let start', replace: 'let start' });
  const samples = {
    EMAIL_ADDRESS: 'a@b.cd ',
    PHONE_NUMBER: '+14155550123, ',
    CREDIT_CARD: '4111 1111 1111 1111; ',
    US_SSN: '523-45-6789; ',
    US_ITIN: '923-70-6789; ',
    UK_NHS: 'NHS 943 476 5919; ',
    IBAN_CODE: 'DE89370400440532013000; ',
    IP_ADDRESS: '10.1.2.3; ',
    URL: 'https://a.bc/ ',
    DATE_OF_BIRTH: 'born 1990-01-02; ',
  };
  for (const type of piiTypes) {
    const look = (times: number, looks: number) => {
      const text = samples[type].repeat(times);
      return piiDetector({ types: [type], threshold: 0.5 }).find(text, new Looks(looks), () => text.toLowerCase());
    };
    expect(look(1, 100).length, type).toBe(1);
    expect(() => look(4000, 100), type).toThrow(TimeSpent);
  }
});

test('a number is one of a card where its name says so, and where that says no more than that it is a number', () => {
  const detector = piiDetector({ types: ['CREDIT_CARD'], threshold: 0.5 });
  const isFound = (text: string, name?: string) =>
    detector.find(text, new TimeBudget(1000), () => text.toLowerCase(), name).length > 0;
  const digits = '4111111111111111';
  const named = [
    'Kartennummer',
    'Kreditkartennummer',
    'Kaartnummer',
    'kortnummer',
    'cardnumber',
    'cardno',
    'creditCardNumber',
    'card_number',
    'cc_number',
    'Karten-Nr.',
  ];
  for (const name of named)
    for (const text of [`${name} ${digits}`, `${name}: ${digits}`, `{"${name}":"${digits}"}`])
      expect([text, isFound(text)]).toEqual([text, true]);
  for (const name of ['kartennummer', 'cardnumber', 'number', 'no']) expect([name, isFound(digits, name)]).toEqual([name, true]);
  expect(isFound(`{"card":{"number":"${digits}","cvc":"123"}}`)).toBe(true);
  for (const text of [
    'Sendungsnummer ',
    'order number: ',
    'tracking no. ',
    'order_number: ',
    'invoice_no=',
    'tracking/number ',
  ].map((name) => name + digits))
    expect([text, isFound(text)]).toEqual([text, false]);
  for (const name of ['order_number', 'trackingNumber', 'rechnungsnummer'])
    expect([name, isFound(digits, name)]).toEqual([name, false]);
});
