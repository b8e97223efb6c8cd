// Values as people and programs write them, and values that only look so. Made from what issuers publish (ranges, lengths, check digits), never from what
// the recognizers look for: a way of writing that they don't know is in here all the same.
import type { Random } from './random.ts';

const firsts = [
  'ada',
  'Bob',
  'maria',
  'jean-luc',
  'Siobhán',
  'jörg',
  'olu',
  'Wei',
  "O'Neil",
  'x',
  'info',
  'no-reply',
  'anna_lena',
  '山田',
  'пётр',
] as const;
const lasts = ['lovelace', 'Smith', 'garcía', 'müller', 'van.dyke', 'okafor', 'zhang', 'de_souza', '99', 'k'] as const;
const domains = [
  'example.org',
  'example.com',
  'mail.example.co.uk',
  'EXAMPLE.NET',
  'sub-domain.example.io',
  'müller.example',
  'xn--mller-kva.example',
  'a.b.c.d.example.edu',
  'example.photography',
  '3com.example',
  'uni-köln.example',
  'example.museum',
  'x.example',
  'example.com.au',
] as const;

export function email(random: Random): string {
  const local = random.pick<string>([
    `${random.pick(firsts)}.${random.pick(lasts)}`,
    random.pick(firsts),
    `${random.pick(firsts)}+${random.pick(['news', 'shop-2024', 'x'])}`,
    `${random.pick(firsts)}${random.int(1000)}`,
    `${random.pick(firsts)}_${random.pick(lasts)}`,
    `${random.pick(lasts)}.${random.letters(1)}.${random.int(90)}`,
  ]);
  return `${local}@${random.pick(domains)}`;
}

/** Has an @ and is no address of a person. */
export function noEmail(random: Random): string {
  return random.pick<string>([
    `git@code.example.org:team/repo-${random.int(99)}.git`,
    `npm install @scope/pkg@${random.int(9)}.${random.int(20)}.0`,
    `icon@${1 + random.int(3)}x.png`,
    `@${random.pick(lasts)} said so`,
    `root@localhost`,
    `postgres://app:pw${random.int(99)}@db.example.org:5432/main`,
    `https://user@example.org/path`,
    `price@${random.int(90)}.50 EUR`,
    `a @ b`,
    `foo@@example.org`,
    `user@-bad-.example`,
    `ssh deploy@build-${random.int(9)}.example.com`,
    `lodash@${random.int(5)}.17.${random.int(22)}`,
    `@Injectable() class A`,
    `w3c@media screen`,
    `x@y`,
  ]);
}

export function ssn(random: Random): string {
  for (;;) {
    const [area, group, serial] = [random.digits(3), random.digits(2), random.digits(4)];
    if (area === '000' || area === '666' || area.startsWith('9') || group === '00' || serial === '0000') continue;
    return `${area}-${group}-${serial}`;
  }
}

/** A US number as it stands somewhere; words before it where it is not in its usual shape. */
export function ssnWritten(random: Random): { readonly before: string; readonly value: string } {
  const value = ssn(random);
  const words = random.pick([
    'SSN: ',
    'SSN ',
    'ssn=',
    'Social Security Number: ',
    'social security no. ',
    'SSN# ',
    'Tax ID: ',
    'SS# ',
    'soc sec ',
    'my social is ',
    'Número de Seguro Social: ',
  ]);
  const shape = random.int(10);
  if (shape < 5) return { before: random.chance(0.5) ? words : '', value };
  if (shape < 7) return { before: words, value: value.replaceAll('-', '') };
  if (shape < 8) return { before: words, value: value.replaceAll('-', ' ') };
  if (shape < 9) return { before: random.chance(0.5) ? words : '', value: value.replaceAll('-', '\u2011') };
  return { before: random.chance(0.5) ? words : '', value: value.replaceAll('-', '\u2013') };
}

export function noSsn(random: Random): string {
  const digits = random.digits(9);
  return random.pick<string>([
    `SSN 000-${digits.slice(0, 2)}-${digits.slice(2, 6)}`,
    `SSN 666-${digits.slice(0, 2)}-${digits.slice(2, 6)}`,
    `${digits.slice(0, 3)}-00-${digits.slice(3, 7)}`,
    `call 555-${digits.slice(0, 3)}-${digits.slice(3, 7)}`,
    `ZIP ${digits.slice(0, 5)}-${digits.slice(5, 9)}`,
    `on 2024-0${1 + random.int(9)}-1${random.int(10)}`,
    `Part no. ${ssn(random)}`,
    `part ${ssn(random)}-B`,
    `build 1.${ssn(random)}`,
    `tracking 1Z${digits}`,
    `the ${digits} rows`,
    `rows ${digits} to ${random.digits(9)}`,
    `ISBN 0-${digits.slice(0, 3)}-${digits.slice(3, 8)}-1`,
    `10.${random.int(255)}.${random.int(255)}.${random.int(255)}`,
    `commit ${random.digits(3)}-${random.digits(3)}-${random.digits(4)}`,
    `item #${ssn(random)}`,
    `sha ${digits}abc`,
    `ratio ${digits.slice(0, 3)}-${digits.slice(3, 5)}`,
    `order ${ssn(random)}${random.digits(3)}`,
  ]);
}

const networks = [
  ['4', 16],
  ['4', 16],
  ['4', 13],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['6011', 16],
  ['65', 16],
  ['3530', 16],
  ['36', 14],
  ['62', 16],
] as const;

export function luhn(body: string): string {
  const sum = [...body].toReversed().reduce((total, digit, place) => {
    const twice = place % 2 === 0 ? Number(digit) * 2 : Number(digit);
    return total + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

export function card(random: Random): string {
  const [prefix, length] = random.pick(networks);
  const digits = luhn(prefix + random.digits(length - prefix.length - 1));
  const mark = random.pick([' ', '-', '', '', '\u00a0']);
  const groups = length === 15 ? [4, 6, 5] : length === 14 ? [4, 6, 4] : length === 13 ? [13] : [4, 4, 4, 4];
  let at = 0;
  return groups.map((size) => digits.slice(at, (at += size))).join(mark);
}

export function noCard(random: Random): string {
  const valid = luhn(`4${random.digits(14)}`);
  const wrong = `${valid.slice(0, 15)}${(Number(valid[15]) + 1 + random.int(8)) % 10}`;
  return random.pick<string>([
    `card ${wrong}`,
    `${wrong.slice(0, 4)} ${wrong.slice(4, 8)} ${wrong.slice(8, 12)} ${wrong.slice(12)}`,
    `order ${random.digits(16)}`,
    `tracking number ${random.digits(20)}`,
    `IMEI ${luhn(`35${random.digits(12)}`)}`,
    `EAN ${random.pick(['400', '426', '978'])}${random.digits(10)}`,
    `id ${1 + random.int(9)}${random.digits(18)}`,
    `at 17${random.digits(11)}`,
    `17${random.digits(17)} ns`,
    `0.${random.digits(16)}`,
    `${random.digits(8)}-${random.digits(4)}-4${random.digits(3)}-8${random.digits(3)}-${random.digits(12)}`,
    `0000 0000 0000 0000`,
    `1111222233334444`,
    `9${random.digits(15)}`,
    `Sendungsnummer ${random.digits(14)}`,
    `+49 ${random.digits(3)} ${random.digits(4)} ${random.digits(4)}`,
    `${random.digits(16)}abcdef`,
    `v4.${random.digits(15)}`,
  ]);
}

/** Examples that the registry of IBANs publishes, one for each country: their national check digits are right too. */
const published = [
  'DE89370400440532013000',
  'GB29NWBK60161331926819',
  'FR1420041010050500013M02606',
  'ES9121000418450200051332',
  'IT60X0542811101000000123456',
  'NL91ABNA0417164300',
  'BE68539007547034',
  'CH9300762011623852957',
  'AT611904300234573201',
  'PL61109010140000071219812874',
  'PT50000201231234567890154',
  'SE4550000000058398257466',
  'NO9386011117947',
  'DK5000400440116243',
  'FI2112345600000785',
  'IE29AIBK93115212345678',
  'LU280019400644750000',
  'CZ6508000000192000145399',
  'SK3112000000198742637541',
  'HU42117730161111101800000000',
  'GR1601101250000000012300695',
  'RO49AAAA1B31007593840000',
  'BG80BNBG96611020345678',
  'HR1210010051863000160',
  'SI56263300012039086',
  'EE382200221020145685',
  'LV80BANK0000435195001',
  'LT121000011101001000',
  'TR330006100519786457841326',
  'SA0380000000608010167519',
  'AE070331234567890123456',
  'IL620108000000099999999',
  'MT84MALT011000012345MTLCAST001S',
  'CY17002001280000001200527600',
  'LI21088100002324013AA',
  'MC5811222000010123456789030',
] as const;

/** ISO 13616: mod 97. */
function withCheck(country: string, account: string): string {
  const digits = [...`${account}${country}00`].map((char) => (/\d/.test(char) ? char : String(char.charCodeAt(0) - 55))).join('');
  const check = 98n - (BigInt(digits) % 97n);
  return `${country}${String(check).padStart(2, '0')}${account}`;
}

export function iban(random: Random): string {
  const made = random.chance(0.5)
    ? random.pick(published)
    : random.pick<string>([
        withCheck('DE', random.digits(18)),
        withCheck('GB', `NWBK${random.digits(14)}`),
        withCheck('AT', random.digits(16)),
        withCheck('CH', random.digits(17)),
        withCheck('IE', `AIBK${random.digits(14)}`),
        withCheck('RO', `AAAA${random.digits(16)}`),
        withCheck('LT', random.digits(16)),
        withCheck('SA', random.digits(20)),
        withCheck('AE', random.digits(19)),
      ]);
  const groups = made.match(/.{1,4}/g) ?? [];
  return random.pick<string>([
    made,
    made,
    groups.join(' '),
    groups.join(' '),
    groups.join('\u00a0'),
    made.toLowerCase(),
    groups.join('-'),
  ]);
}

export function noIban(random: Random): string {
  const account = random.digits(18);
  const right = withCheck('DE', account);
  const off = `DE${String(2 + ((Number(right.slice(2, 4)) + 1 + random.int(90)) % 97)).padStart(2, '0')}${account}`;
  return random.pick<string>([
    off === right ? 'DE00' : `IBAN ${off}`,
    `VAT DE${random.digits(9)}`,
    `BIC COBADEFF${random.digits(3)}`,
    `order AB12${random.letters(4)}${random.digits(10)}`,
    `GB${random.digits(2)}NWBK${random.digits(10)}`,
    `key ${random.letters(2)}${random.digits(2)}${random.letters(16)}`,
    `FR${random.digits(11)}`,
    `model XK47${random.letters(3)} 2024 edition with 3 lamps`,
  ]);
}
