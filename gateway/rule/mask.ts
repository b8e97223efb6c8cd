// What of a message may be kept where it is captured redacted: its text with whatever looks like a secret, personal data, or what a rule of its gateway would change or
// block, put aside, each with a tag of its type. The rule: what was not looked at is not in the text, which ends there and says so.
import { pauses } from '../slice.ts';
import { applyChange } from './action.ts';
import type { Capturing, CompileDeps, Direction, GatewayRules, Masked } from './compile.ts';
import { fold } from './fold.ts';
import { type Leaf, leavesOf, memberNameOf } from './leaf.ts';
import { type Detector, type Match, TimeBudget, TimeSpent } from './match.ts';
import { piiTypes, ruleScopes } from '#contract/rule.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { secretDetector } from './secret.ts';

const timeMs = 250;
/** So much beyond the limit is looked at too, so that nothing is cut in half where it could not be told any more. */
const slack = 4096;
const threshold = 0.5;
/** Of addresses of pages and resources a record is full. */
const masked = piiTypes.filter((type) => type !== 'URL');

/** Of each gateway that captures; undefined where none does. */
export async function compileCaptures(
  { gateways }: Pick<PolicyFile, 'gateways'>,
  rules: ReadonlyMap<string, GatewayRules>,
  deps: Pick<CompileDeps, 'pii'>,
): Promise<ReadonlyMap<string, Capturing> | undefined> {
  const capturing = Object.entries(gateways).filter(([, { capture = 'off' }]) => capture !== 'off');
  if (capturing.length === 0) return undefined;
  const pii = (await deps.pii())({ types: masked, threshold });
  return new Map(
    capturing.map(([slug, { capture }]): [string, Capturing] => {
      const own = rulesOf(rules.get(slug));
      const detectors = new Set([
        secretDetector(),
        pii,
        ...own.flatMap(({ rule }) => (rule.kind === 'text' && rule.action !== 'alert' ? [rule.detector] : [])),
      ]);
      return [
        slug,
        {
          mode: capture === 'full' ? 'full' : 'redacted',
          mask: (body, limit) => maskMessage(body, limit, [...detectors]),
          isJudgedElsewhere: own.some(
            ({ on, rule }) => on === 'request' && (rule.kind === 'webhook' || rule.kind === 'analyzer'),
          ),
        },
      ];
    }),
  );
}

function rulesOf(rules: GatewayRules | undefined) {
  const directions: readonly Direction[] = ['request', 'response'];
  return directions.flatMap((on) =>
    ruleScopes.flatMap((scope) => (rules?.chain(on, scope)?.rules ?? []).map((rule) => ({ on, rule }))),
  );
}

async function maskMessage(body: Buffer, limit: number, detectors: readonly Detector[]): Promise<Masked> {
  const look = lookingBy(detectors);
  const end = Math.min(body.length, limit);
  const { leaves, isCut } = leavesOf(body, { start: 0, end: Math.min(body.length, limit + slack) });
  let text = '';
  let at = 0;
  try {
    for (const leaf of leaves) {
      const { start, end: to } = leaf.span;
      if (start >= end) break;
      text += body.toString('utf8', at, start);
      at = start;
      if (to > end) return { text: text + (await beginning(leaf, end - start, look)), isCut: true };
      const found = await look(leaf, leaf.text);
      text += found.length === 0 ? body.toString('utf8', start, to) : JSON.stringify(change(leaf.text, found));
      at = to;
    }
  } catch (thrown) {
    if (thrown instanceof TimeSpent) return { text, isCut: true };
    throw thrown;
  }
  if (isCut) return { text, isCut: true };
  return { text: text + body.toString('utf8', at, Math.max(at, end)), isCut: body.length > end };
}

/** Of a text that goes on beyond what is kept. */
async function beginning(leaf: Leaf, bytes: number, look: Look): Promise<string> {
  const looked = leaf.text.slice(0, bytes + slack);
  const found = (await look(leaf, looked)).filter(({ start }) => start < bytes);
  const kept = Math.max(bytes, found.at(-1)?.end ?? 0);
  return JSON.stringify(change(looked.slice(0, kept), found)).slice(0, -1);
}

/** What of a text has to be put aside. Rejects with TimeSpent. */
type Look = (leaf: Leaf, text: string) => Promise<readonly Match[]>;

/** All texts of one message have one time. Calls go on between two of them, and where one is long between what looks through it. */
function lookingBy(detectors: readonly Detector[]): Look {
  const time = new TimeBudget(timeMs);
  const pause = pauses();
  return async (leaf, text) => {
    let folded: string | undefined;
    const name = memberNameOf(leaf);
    const found: Match[] = [];
    for (const one of detectors) {
      const paused = pause();
      if (paused) await time.rest(paused);
      found.push(...one.find(text, time, () => (folded ??= fold(text)), name));
    }
    return joined(found);
  };
}

/** Of two that overlap both are put aside, as one. */
function joined(found: readonly Match[]): readonly Match[] {
  const whole: Match[] = [];
  for (const match of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = whole.at(-1);
    if (last === undefined || match.start >= last.end) whole.push(match);
    else if (match.end > last.end) whole[whole.length - 1] = { ...last, end: match.end };
  }
  return whole;
}

/** Not hashed: a hash of what is short can be guessed. */
function change(text: string, found: readonly Match[]): string {
  return applyChange(text, found, { action: 'replace', hashKey: Buffer.alloc(0) });
}
