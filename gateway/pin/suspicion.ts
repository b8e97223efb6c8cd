// What is suspicious in a definition before anybody stands for it: what nobody sees, what turns a text around, words for the model, names that pass for
// another server's. The rule: it points at places and decides nothing; what it does not find may be bad all the same.
import type { Suspicion, SuspicionKind } from '#contract/pin.ts';
import { injectionDetector } from '../rule/injection.ts';
import { TimeBudget, TimeSpent } from '../rule/match.ts';
import { fold } from '../rule/fold.ts';
import { withoutUnseen } from '../rule/unseen.ts';
import { pointed } from './canonical.ts';
import { visible } from './diff.ts';

const suspicionsAtMost = 50;
const withinMs = 200;
const deepest = 200;

/** What turns a text around: overrides, embeddings and isolates; marks of the direction where nothing is written from right to left, so that they have no use. */
const turning = /[\u202a-\u202e\u2066-\u2069]/u;
const marking = /[\u061c\u200e\u200f]/u;
const fromTheRight = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
/**
 * Tags, zero-width characters, fillers, soft hyphens, other control characters. Joiners and variation selectors have their use in emoji and in scripts, so they
 * count only where they stand elsewhere or in a row.
 */
const unseen = new RegExp(
  [
    String.raw`(?![\p{Join_Control}\p{Variation_Selector}\p{Bidi_Control}])\p{Default_Ignorable_Code_Point}`,
    String.raw`(?![\t\n\r])\p{Cc}|\p{Co}|[\ufff9-\ufffb]`,
    String.raw`(?<![\p{Extended_Pictographic}\p{Emoji_Component}\p{M}\p{L}])[\p{Join_Control}\p{Variation_Selector}]`,
    String.raw`(?<=[A-Za-z])[\p{Join_Control}\p{Variation_Selector}]`,
    String.raw`\p{Join_Control}{2,}|\p{Variation_Selector}{2,}`,
  ].join('|'),
  'u',
);

/** `text`: a definition as canonical JSON. `ambiguous`: as canonical.ts has it. */
export function suspicionsOf(text: string, ambiguous?: string): readonly Suspicion[] {
  const found: Suspicion[] = [];
  const add = (kind: SuspicionKind, pointer: string, detail: string) => {
    if (found.length < suspicionsAtMost) found.push({ kind, pointer: visible(pointer), detail: visible(detail) });
  };
  if (ambiguous !== undefined) add('ambiguous', ambiguous, 'what stands here can be read in two ways');
  const time = new TimeBudget(withinMs);
  const instructions = injectionDetector();
  function look(said: string, pointer: string): void {
    const hidden = unseen.exec(said);
    if (hidden) add('invisible', pointer, around(said, hidden.index));
    const turned = turning.exec(said) ?? (fromTheRight.test(said) ? null : marking.exec(said));
    if (turned) add('bidi', pointer, around(said, turned.index));
    // What is found for nothing but characters that nobody sees is told above, and says nothing.
    const words = instructions
      .find(said, time, () => fold(said))
      .map(({ start, end }) => withoutUnseen(said.slice(start, end)))
      .find((read) => read !== '');
    if (words !== undefined) add('instructions', pointer, words.slice(0, 120));
  }
  function walk(value: unknown, pointer: string, depth: number): void {
    if (typeof value === 'string') look(value, pointer);
    if (typeof value !== 'object' || value === null) return;
    if (depth > deepest) return add('ambiguous', pointer, 'it is nested too deep to be looked at');
    for (const [key, of] of Object.entries(value)) {
      if (!Array.isArray(value)) look(key, `${pointer}${pointed(key)}`);
      walk(of, `${pointer}${pointed(key)}`, depth + 1);
    }
  }
  try {
    walk(JSON.parse(text), '', 0);
  } catch (error) {
    if (!(error instanceof TimeSpent)) throw error;
    add('ambiguous', '', 'it is too long to be looked through in time');
  }
  return found;
}

export interface NamedItem {
  readonly server: string;
  readonly name: string;
}

/** Looks a name up among items of the same gateway: those of other servers whose name it is, or looks like it. Of many names, each is looked at once. */
export function nameSuspicions(others: readonly NamedItem[]): (item: NamedItem) => readonly Suspicion[] {
  const bySkeleton = Map.groupBy(others, ({ name }) => skeleton(name));
  return (item) =>
    (bySkeleton.get(skeleton(item.name)) ?? [])
      .filter(({ server }) => server !== item.server)
      .slice(0, suspicionsAtMost)
      .map(({ server, name }) => ({
        kind: name === item.name ? 'same-name' : 'look-alike',
        pointer: '/name',
        detail: visible(`the server ${server} has "${name}"`),
      }));
}

/** Letters of other scripts, and digits, that pass for a Latin letter (after Unicode's confusables; the ones that names are made of). */
const passesFor: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'аɑαａ',
    b: 'ЬƄ',
    c: 'сϲⅽ',
    d: 'ԁⅾ',
    e: 'еҽ℮',
    g: 'ɡց',
    h: 'һհ',
    i: 'іıιɩӏ1l|íìⅰ',
    j: 'јϳ',
    k: 'кκ',
    m: 'ⅿ',
    n: 'ոո',
    o: 'оοо0օσ',
    p: 'рρ',
    q: 'ԛզ',
    s: 'ѕꜱ',
    u: 'υսʋ',
    v: 'ѵνⅴ',
    w: 'ԝѡ',
    x: 'хχ×ⅹ',
    y: 'уγү',
    z: 'ᴢ',
  }).flatMap(([letter, others]) => [...others].map((other): [string, string] => [other, letter])),
);

/** The same for names that people take for one another: their case, separators and marks, and what passes for a letter. */
function skeleton(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/[\p{M}\p{Cf}\p{Variation_Selector}\s\p{Pd}\p{Pc}.:/]/gu, '');
  return [...plain.toLowerCase()]
    .map((one) => passesFor.get(one) ?? one)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}

function around(text: string, at: number): string {
  return text.slice(Math.max(at - 20, 0), at + 20);
}
