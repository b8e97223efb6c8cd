// One message before the rules of its gateway, in order: each sees the text that the one before it left, and a block ends it. What no rule changed stays
// byte for byte as it came. The rule: a rule that can't decide (in time) blocks, unless it says otherwise; hits name the rule and the place, never the text.
import { Fault } from '#contract/error.ts';
import type { RuleHit } from '#contract/rule.ts';
import { type Span, splice } from '../mcp/span.ts';
import { applyChange } from './action.ts';
import type {
  AnalyzerRule,
  Chain,
  CompiledRule,
  Direction,
  Limits,
  LimitsRule,
  Scope,
  TextRule,
  WebhookRule,
} from './compile.ts';
import { type EngineQuestion, type Engines, failed } from './engine.ts';
import { fold } from './fold.ts';
import { type Leaf, leavesOf, memberNameOf, pointerOf } from './leaf.ts';
import { type Match, TimeBudget, TimeSpent } from './match.ts';
import { type Own, type Part, placeOf } from './place.ts';

/** What all rules of a chain that look by themselves may take over one message, between two questions to engines. */
const timeMs = 250;

export interface Subject {
  readonly on: Direction;
  readonly scope: Scope;
  readonly part: Part;
  readonly body: Buffer;
  /** Where what the rules look at stands in it. */
  readonly span: Span;
  /** The name of the resource that it is about, as the server knows it: looked at in place of the one that the host wrote. */
  readonly uri?: string | undefined;
  /** As place.ts has it. */
  readonly own?: Own | undefined;
  /** What an engine is told beside the body. */
  readonly metadata: () => EngineQuestion['metadata'];
  /** The same part of what an engine made of the body; undefined where that may not take its place. */
  readonly relocate: (body: Buffer) => Span | undefined;
}
export type Inspected =
  | { readonly kind: 'passed'; readonly hits: readonly RuleHit[] }
  | { readonly kind: 'changed'; readonly body: Buffer; readonly hits: readonly RuleHit[] }
  | { readonly kind: 'blocked'; readonly fault: Fault; readonly hits: readonly RuleHit[] };

/** A promise only where an engine has to be asked. Never throws and never rejects. */
export function inspect(chain: Chain, subject: Subject, engines: Engines, signal: AbortSignal): Inspected | Promise<Inspected> {
  if (subject.uri === undefined && chain.glance?.(subject.body, subject.span) === true) return untouched;
  const run = new Run(chain, subject, engines, signal);
  return run.from(0);
}

const untouched: Inspected = { kind: 'passed', hits: [] };

type Step = 'on' | 'blocked';

/** No text, before no rule. */
const nothing: Subject = {
  on: 'request',
  scope: 'tools',
  part: 'params',
  body: Buffer.from('{}'),
  span: { start: 0, end: 2 },
  metadata: () => ({}),
  relocate: () => undefined,
};
const noLimits: Limits = { bytes: Infinity, texts: Infinity, depth: Infinity, characters: Infinity };
const noRules: Chain = {
  rules: [],
  always: [],
  limiting: [],
  least: noLimits,
  sift: undefined,
  glance: undefined,
  hashKey: Buffer.alloc(0),
};
const noEngines: Engines = {
  judge: (engine) => Promise.reject(failed(engine, 'nobody asks it')),
  analyze: (engine) => Promise.reject(failed(engine, 'nobody asks it')),
};

class Run {
  /**
   * One is always there. Between two messages there is no other, and where V8 then collects the heap to keep it small, as after some quiet seconds, it forgets what a
   * run looks like, and with that all that it compiled for runs: the next thousands of messages would each cost several times as much.
   */
  static readonly kept = new Run(noRules, nothing, noEngines, AbortSignal.abort());

  readonly #chain: Chain;
  readonly #subject: Subject;
  readonly #engines: Engines;
  readonly #signal: AbortSignal;
  readonly #hits: RuleHit[] = [];
  #time = new TimeBudget(timeMs);
  #body: Buffer;
  #span: Span;
  #isReplaced = false;
  #leaves: readonly Leaf[] = [];
  #depth = 0;
  #isCut = false;
  /** Texts of it that are no names, once somebody asked. */
  #texts: number | undefined;
  /** Rules that have to be asked beside those that always are; and all in order, once no more are known. */
  #sifted: Set<number> | undefined;
  #inOrder: readonly number[] | undefined;
  #fault: Fault | undefined;

  constructor(chain: Chain, subject: Subject, engines: Engines, signal: AbortSignal) {
    this.#chain = chain;
    this.#subject = subject;
    this.#engines = engines;
    this.#signal = signal;
    this.#body = subject.body;
    this.#span = subject.span;
    this.#walk();
  }

  from(first: number): Inspected | Promise<Inspected> {
    const { rules } = this.#chain;
    for (let index = this.#next(first); index < rules.length; index = this.#next(index + 1)) {
      const rule = rules[index];
      if (!rule) break;
      if (rule.kind === 'webhook' || rule.kind === 'analyzer')
        return this.#remote(rule).then((step) => (step === 'blocked' ? this.#result() : this.#anew(index + 1)));
      if (this.#local(rule, index) === 'blocked') return this.#result();
    }
    return this.#result();
  }

  /** While an engine was asked this thread did other things, which are no time of these rules. */
  #anew(first: number): Inspected | Promise<Inspected> {
    this.#time = new TimeBudget(timeMs);
    return this.from(first);
  }

  /** The next rule that has to be asked. A text that was changed may have to be shown to more of them. */
  #next(from: number): number {
    if (this.#isCut) return from;
    this.#inOrder ??= this.#toAsk();
    return nextOf(this.#inOrder, from);
  }

  #toAsk(): readonly number[] {
    const { always, limiting, least } = this.#chain;
    const isOver = limiting.length > 0 && this.#isOver(least, this.#longer(least.characters));
    if (!this.#sifted && !isOver) return always;
    const all = [...always, ...(this.#sifted ?? []), ...(isOver ? limiting : [])];
    return all.length < 2 ? all : all.toSorted((a, b) => a - b);
  }

  #walk(): void {
    const { leaves, depth, isCut } = leavesOf(this.#body, this.#span);
    this.#isCut = isCut;
    this.#leaves = this.#shown(leaves);
    this.#rename();
    this.#depth = depth;
    this.#texts = undefined;
    this.#sifted = undefined;
    this.#inOrder = undefined;
    if (!isCut) for (const leaf of this.#leaves) this.#sift(leaf);
  }

  #shown(leaves: readonly Leaf[]): readonly Leaf[] {
    const shown: Leaf[] = [];
    for (const leaf of leaves) if (placeOf(leaf, this.#subject) !== 'skipped') shown.push(leaf);
    return shown;
  }

  #rename(): void {
    const { uri, part } = this.#subject;
    if (uri === undefined || part !== 'params') return;
    for (const leaf of this.#leaves)
      if (leaf.key === 'uri' && leaf.container?.parent === undefined && leaf.kind === 'string') leaf.text = uri;
  }

  #sift(leaf: Leaf): void {
    const { sift } = this.#chain;
    if (!sift) return;
    const folded = () => this.#foldedOf(leaf);
    // The protocol's types are as few as names.
    const isName = leaf.kind === 'key' || leaf.key === 'type';
    const owners = isName ? sift.ofName(leaf.text, folded) : sift.of(leaf.text, folded);
    leaf.owners = owners;
    if (owners.size > 0) for (const index of owners) (this.#sifted ??= new Set()).add(index);
  }

  #foldedOf(leaf: Leaf): string {
    leaf.folded ??= fold(leaf.text);
    return leaf.folded;
  }

  #local(rule: TextRule | LimitsRule, index: number): Step {
    try {
      if (this.#isCut) return this.#undecided(rule, 'it has more texts than can be looked at');
      if (rule.kind === 'limits') return this.#limits(rule);
      for (const leaf of this.#leaves) {
        if (leaf.owners?.has(index) === false && rule.detector.goesByNames !== true) continue;
        const matches = rule.detector.find(leaf.text, this.#time, () => this.#foldedOf(leaf), memberNameOf(leaf));
        if (matches.length > 0 && this.#found(rule, leaf, matches) === 'blocked') return 'blocked';
      }
      return 'on';
    } catch (thrown) {
      return this.#undecided(rule, thrown instanceof TimeSpent ? 'it took longer than its time' : 'it failed');
    }
  }

  #found(rule: TextRule | AnalyzerRule, leaf: Leaf, matches: readonly Match[]): Step {
    const { action } = rule;
    // What the protocol reads can't be changed, so the message can't pass.
    const isFixed = placeOf(leaf, this.#subject) === 'fixed';
    if (action === 'block' || (isFixed && action !== 'alert')) return this.#block(rule, pointerOf(leaf));
    this.#hit(rule, action, pointerOf(leaf));
    if (action === 'alert') return 'on';
    const { hashKey } = this.#chain;
    leaf.text = applyChange(leaf.text, matches, { action, with: rule.with, keep: rule.keep, hashKey });
    leaf.folded = undefined;
    leaf.isChanged = true;
    this.#sift(leaf);
    this.#inOrder = undefined;
    return 'on';
  }

  #limits(rule: LimitsRule): Step {
    const long = this.#longer(rule.characters);
    if (!this.#isOver(rule, long)) return 'on';
    const pointer = long ? pointerOf(long) : '';
    if (rule.action === 'block') return this.#block(rule, pointer);
    this.#hit(rule, 'alert', pointer);
    return 'on';
  }

  #longer(characters: number): Leaf | undefined {
    if (characters === Infinity) return undefined;
    return this.#leaves.find(({ kind, text }) => kind !== 'key' && text.length > characters);
  }

  /** `long`: a text that is longer than it may be. */
  #isOver({ bytes, texts, depth }: Limits, long: Leaf | undefined): boolean {
    return (
      long !== undefined ||
      this.#span.end - this.#span.start > bytes ||
      this.#depth > depth ||
      (texts !== Infinity && this.#countTexts() > texts)
    );
  }

  #countTexts(): number {
    this.#texts ??= this.#leaves.filter(({ kind }) => kind !== 'key').length;
    return this.#texts;
  }

  async #remote(rule: WebhookRule | AnalyzerRule): Promise<Step> {
    try {
      return await (rule.kind === 'webhook' ? this.#judged(rule) : this.#analyzed(rule));
    } catch (thrown) {
      return this.#undecided(rule, thrown instanceof Fault ? String(thrown.fields['reason'] ?? thrown.message) : 'it failed');
    }
  }

  async #judged(rule: WebhookRule): Promise<Step> {
    this.#settle();
    const verdict = await this.#engines.judge(
      rule.engine,
      { metadata: { ...this.#subject.metadata(), rule: rule.name, engine: rule.engine }, body: this.#body },
      this.#signal,
    );
    if (verdict.kind === 'pass') return 'on';
    if (verdict.kind === 'block') return this.#block(rule, '');
    const span = this.#subject.relocate(verdict.body);
    if (!span) return this.#undecided(rule, 'what its engine put in place of the message is no such message');
    this.#body = verdict.body;
    this.#span = span;
    this.#isReplaced = true;
    this.#hit(rule, 'changed', '');
    this.#walk();
    return 'on';
  }

  async #analyzed(rule: AnalyzerRule): Promise<Step> {
    if (this.#isCut) return this.#undecided(rule, 'it has more texts than can be looked at');
    const texts = this.#leaves.map(({ text }) => text);
    if (texts.length === 0) return 'on';
    const { types, threshold } = rule;
    const found = await this.#engines.analyze(rule.engine, texts, { types, threshold }, this.#signal);
    for (const [index, leaf] of this.#leaves.entries()) {
      const matches = (found[index] ?? []).filter(({ start, end }) => !rule.isAllowed(leaf.text.slice(start, end)));
      if (matches.length > 0 && this.#found(rule, leaf, matches) === 'blocked') return 'blocked';
    }
    return 'on';
  }

  #undecided(rule: CompiledRule, reason: string): Step {
    const { on } = this.#subject;
    if (rule.onFailure === 'pass') {
      this.#hit(rule, 'failed', '');
      return 'on';
    }
    this.#hit(rule, 'block', '');
    this.#fault = new Fault('RULE_UNDECIDED', { rule: rule.name, what: on, reason });
    return 'blocked';
  }

  #block(rule: CompiledRule, pointer: string): Step {
    this.#hit(rule, 'block', pointer);
    this.#fault = new Fault('RULE_BLOCKED', { rule: rule.name, what: this.#subject.on });
    return 'blocked';
  }

  #hit(rule: CompiledRule, action: RuleHit['action'], pointer: string): void {
    this.#hits.push({ rule: rule.name, action, on: this.#subject.on, pointer, alert: rule.isAlert });
  }

  /** Puts what was changed into the bytes. */
  #settle(): void {
    const changed = this.#leaves.filter(({ isChanged }) => isChanged);
    if (changed.length === 0) return;
    const before = this.#body.length;
    this.#body = splice(
      this.#body,
      changed.map(({ span, text }) => ({ span, by: JSON.stringify(text) })),
    );
    this.#span = { start: this.#span.start, end: this.#span.end + this.#body.length - before };
    this.#isReplaced = true;
    this.#leaves = this.#shown(leavesOf(this.#body, this.#span).leaves);
    this.#texts = undefined;
    // It has more bytes now, or less.
    this.#inOrder = undefined;
    this.#rename();
  }

  #result(): Inspected {
    const hits = this.#hits;
    if (this.#fault) return { kind: 'blocked', fault: this.#fault, hits };
    this.#settle();
    return this.#isReplaced ? { kind: 'changed', body: this.#body, hits } : { kind: 'passed', hits };
  }
}

/** The first of some indexes, which are in order, from one on; infinite where there is none. */
function nextOf(indexes: readonly number[], from: number): number {
  let [low, high] = [0, indexes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((indexes[middle] ?? Infinity) < from) low = middle + 1;
    else high = middle;
  }
  return indexes[low] ?? Infinity;
}
