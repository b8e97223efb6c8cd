// Rules as a policy has them, for benches: patterns above all, and one or two of each other method. They find nothing in the benches' texts.

/** Names of projects, customers and code words: what organizations write rules for. Every tenth without any fixed text. */
export function patternRules(count: number, loose: number): readonly object[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `rule-${index}`,
    method: 'pattern',
    patterns: [index < loose ? `[A-Z]{2}\\d{${6 + (index % 5)}}-[x-z]` : `\\bproject-${word(index)}\\d*\\b`],
    flags: 'i',
    action: 'redact',
  }));
}

function word(index: number): string {
  return `${index.toString(26).replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(0x71 + Number(digit)))}on`;
}

/** `count`: at least 11, all but ten of them patterns. */
export function mixedRules(count: number): readonly object[] {
  return [
    ...patternRules(count - 10, 10),
    { name: 'people', method: 'pii', action: 'redact' },
    { name: 'keys', method: 'secrets', action: 'block' },
    { name: 'poison', method: 'injection', action: 'alert' },
    ...Array.from({ length: 7 }, (_, index) => ({
      name: `limit-${index}`,
      method: 'limits',
      action: 'block',
      bytes: 1e8 + index,
    })),
  ];
}
