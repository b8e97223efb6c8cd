// A labelled set: texts in several languages and formats with values in them, and the places where they stand. The same for the same seed.
// The rule: each value stands in a text as people and programs have it, next to others and next to what only looks like one.
import type { PiiType } from '#contract/rule.ts';
import type { Random } from './random.ts';
import { card, email, iban, noCard, noEmail, noIban, noSsn, ssnWritten } from './value.ts';

export interface Label {
  readonly type: PiiType;
  readonly start: number;
  readonly end: number;
}
export interface Sample {
  readonly text: string;
  readonly labels: readonly Label[];
}
interface Piece {
  readonly text: string;
  readonly type?: PiiType;
}

/** What stands around a value; `{}` is its place. */
const frames = [
  'Please contact {} about the invoice.',
  '{}',
  'From: {}',
  '({})',
  'The value is "{}".',
  'Bitte senden Sie es an {}, danke!',
  "Veuillez écrire à {} d'ici demain.",
  'Por favor, use {} para el pago.',
  '请使用{}。',
  '{};',
  '<td>{}</td>',
  '| {} |',
  '- {}\n- done',
  'name,value\nx,{}\ny,0',
  '{"field":"{}"}',
  'field: {}\nother: 1',
  'see [{}] below',
  'Kunde {} hat bestellt',
  'WARN 2024-05-01T10:00:00Z user={} status=200',
  'Заказчик: {}.',
  'お客様は {} です',
  "It's {}.",
  'value={}&x=1',
  '**{}**',
  '`{}`',
  'was {}?',
  'Dear all,\n\n{}\n\nRegards',
] as const;
const fillers = [
  'The quarterly report is due on Friday.',
  'Total: 1,234.56 EUR for 12 items.',
  'Version 2.14.3 was released.',
  'Meet at 10:30 in room 4.12.',
  'Die Lieferung kommt am 12.05.2024.',
  'Build 20240501.3 passed 1284 tests.',
  'See section 3.2.1.',
  'p99 = 12.5 ms',
  'Rue de la Paix 12, 75002 Paris',
  'sha256:9f86d081884c7d659a2feaa0c55ad015',
] as const;

type Kind = readonly [
  type: PiiType,
  made: (random: Random) => { readonly before?: string; readonly value: string },
  other: (random: Random) => string,
];
const kinds: readonly [Kind, ...Kind[]] = [
  ['EMAIL_ADDRESS', (random) => ({ value: email(random) }), noEmail],
  ['US_SSN', ssnWritten, noSsn],
  [
    'CREDIT_CARD',
    (random) => ({
      before: random.chance(0.3) ? random.pick(['card ', 'Visa: ', 'PAN ', 'Karte: ', 'paid with ']) : '',
      value: card(random),
    }),
    noCard,
  ],
  ['IBAN_CODE', (random) => ({ before: random.chance(0.5) ? 'IBAN ' : '', value: iban(random) }), noIban],
];

export function samplesOf(random: Random, count: number): readonly Sample[] {
  return Array.from({ length: count }, () => {
    const [type, made, other] = random.pick(kinds);
    const pieces: Piece[] = [];
    if (random.chance(0.4)) pieces.push({ text: `${random.pick(fillers)} ` });
    // As many that only look so as real ones.
    if (random.chance(0.5)) pieces.push(...framed(random, [{ text: other(random) }]));
    else {
      const { before = '', value } = made(random);
      pieces.push(...framed(random, [{ text: before }, { text: value, type }]));
    }
    if (random.chance(0.4)) pieces.push({ text: ` ${random.pick(fillers)}` });
    return joined(pieces);
  });
}

function framed(random: Random, within: readonly Piece[]): readonly Piece[] {
  const frame = random.pick(frames);
  const at = frame.lastIndexOf('{}');
  return [{ text: frame.slice(0, at) }, ...within, { text: frame.slice(at + 2) }];
}

function joined(pieces: readonly Piece[]): Sample {
  let text = '';
  const labels: Label[] = [];
  for (const piece of pieces) {
    if (piece.type) labels.push({ type: piece.type, start: text.length, end: text.length + piece.text.length });
    text += piece.text;
  }
  return { text, labels };
}
