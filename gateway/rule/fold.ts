// Text without its case, for looking whether something can stand in it at all. The rule: what matches whatever its case is the same text once folded, in whatever
// text it stands: letters that match another one beyond upper and lower case (Unicode's simple folding) count as that one.

const others: ReadonlyMap<string, string> = new Map(
  Object.entries({
    s: 'ſ',
    μ: 'µ',
    ι: '\u0345\u1fbe',
    σ: 'ς',
    β: 'ϐ',
    θ: 'ϑ',
    φ: 'ϕ',
    π: 'ϖ',
    κ: 'ϰ',
    ρ: 'ϱ',
    ε: 'ϵ',
    ṡ: 'ẛ',
    в: '\u1c80',
    д: '\u1c81',
    о: '\u1c82',
    с: '\u1c83',
    т: '\u1c84\u1c85',
    ъ: '\u1c86',
    ѣ: '\u1c87',
    ꙋ: '\u1c88',
  }).flatMap(([letter, like]) => [...like].map((one): [string, string] => [one, letter])),
);
/** All but the µ: a text of Latin-1 alone, as most are, has none of them at no cost. */
const beyondLatin = new RegExp(`[${[...others.keys()].filter((one) => one !== 'µ').join('')}]`);
const any = new RegExp(`[${[...others.keys()].join('')}]`, 'g');

export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (!lower.includes('µ') && !beyondLatin.test(lower)) return lower;
  return lower.replaceAll(any, (one) => others.get(one) ?? one);
}
