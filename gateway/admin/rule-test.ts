// What the rules of a gateway would do with a sample: the rules of a policy, or one that somebody is about to write.
// The rule: it runs exactly what the gateway server runs, and asks engines for real.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { PolicyFile } from '#contract/policy.ts';
import { Rule, type RuleHit, type RuleScope } from '#contract/rule.ts';
import { parse } from 'yaml';
import { compileRules, type CompileDeps, type Direction } from '../rule/compile.ts';
import type { Engines } from '../rule/engine.ts';
import { inspect } from '../rule/inspect.ts';
import type { Part } from '../rule/place.ts';
import { isDeeperThan, levelsAtMost, membersOf, type Span } from '../mcp/span.ts';

export interface Trial {
  readonly on: Direction;
  readonly scope: RuleScope;
  /** JSON of a message or of what stands in one, or any text. */
  readonly sample: Buffer;
}
export interface Tried {
  readonly outcome: 'passed' | 'changed' | 'blocked';
  readonly code: string | null;
  readonly reason: string | null;
  readonly hits: readonly RuleHit[];
  /** What goes on; null where nothing does. */
  readonly message: unknown;
}

/** Of a gateway, all or the named one. Throws NAME_UNKNOWN. */
export function rulesOf({ gateways }: PolicyFile, gateway: string, name: string | undefined): readonly Rule[] {
  const found = Object.entries(gateways).find(([slug]) => slug === gateway);
  if (!found) throw unknown('gateway', gateway, Object.keys(gateways));
  const { rules = [] } = found[1];
  if (name === undefined) return rules;
  const own = rules.filter((rule) => rule.name === name);
  if (own.length === 0)
    throw unknown(
      'rule',
      name,
      rules.map((rule) => rule.name),
    );
  return own;
}

/** A rule in YAML, such as `{ method: pii, action: redact }`; its name may be left out. Throws SETTING_INVALID. */
export function readRule(text: string): Rule {
  const refused = (reason: string, cause?: unknown) =>
    new Fault('SETTING_INVALID', { setting: '--inline', reason: `${reason}.` }, { cause });
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw refused('it is no YAML', cause);
  }
  const named = z.looseObject({}).transform((of) => ({ name: 'rule', ...of }));
  const read = named.pipe(Rule).safeParse(value);
  if (read.success) return read.data;
  throw refused(
    read.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`).join('; '),
  );
}

/** Rejects with RULE_PATTERN, and INPUT_INVALID where no message could be as the sample. */
export async function tryRules(
  rules: readonly Rule[],
  { on, scope, sample }: Trial,
  deps: { readonly compile: CompileDeps; readonly engines: Engines },
): Promise<Tried> {
  const policy = PolicyFile.parse({ version: 1, gateways: { trial: { rules } } });
  const chain = (await compileRules(policy, deps.compile)).get('trial')?.chain(on, scope);
  const { body, part, span, shown } = placed(on, scope, sample);
  const passed = { outcome: 'passed' as const, code: null, reason: null, hits: [], message: shown(body) };
  if (!chain || !span) return passed;
  const metadata = () => ({ direction: on, method: 'rule test', user: null, gateway: null, server: null, item: null });
  const relocate = (made: Buffer) => (part === 'definition' ? whole(made) : memberOf(made, part));
  const done = await inspect(
    chain,
    { on, scope, part, body, span, metadata, relocate },
    deps.engines,
    AbortSignal.timeout(60_000),
  );
  if (done.kind === 'passed') return { ...passed, hits: done.hits };
  if (done.kind === 'changed') return { ...passed, outcome: 'changed', hits: done.hits, message: shown(done.body) };
  const { code, message } = done.fault;
  return { outcome: 'blocked', code, reason: message, hits: done.hits, message: null };
}

/** The sample as it would stand in a message: as it is where it is one, else as arguments or structured content. */
function placed(on: Direction, scope: RuleScope, sample: Buffer) {
  const text = sample.toString('utf8');
  let value: unknown = text.replace(/\r?\n$/, '');
  let json: Buffer = Buffer.from(JSON.stringify(value));
  try {
    value = JSON.parse(text);
    json = sample;
  } catch {
    // Plain text.
  }
  if (json === sample && isDeeperThan(levelsAtMost, sample))
    throw new Fault('INPUT_INVALID', {
      reason: `the sample is nested deeper than ${levelsAtMost} levels, and no such message flows.`,
    });
  const shownAs =
    (part: Part | undefined, key: string | undefined) =>
    (body: Buffer): unknown => {
      const made: unknown = JSON.parse(body.toString('utf8'));
      const within = (of: unknown, name: string | undefined): unknown =>
        name !== undefined && of instanceof Object ? Object.entries(of).find(([one]) => one === name)?.[1] : of;
      return within(within(made, part), key);
    };
  const isMessage = value instanceof Object && 'jsonrpc' in value;
  if (scope === 'definitions' && !isMessage)
    return { body: json, part: 'definition' as const, span: whole(json), shown: shownAs(undefined, undefined) };
  if (isMessage) {
    const part = (['params', 'result', 'error'] as const).find((name) => memberOf(json, name)) ?? 'params';
    return { body: json, part, span: memberOf(json, part), shown: shownAs(undefined, undefined) };
  }
  const part = on === 'request' ? ('params' as const) : ('result' as const);
  const key = on === 'request' ? 'arguments' : 'structuredContent';
  const body = Buffer.concat([Buffer.from(`{"${part}":{"${key}":`), json, Buffer.from('}}')]);
  return { body, part, span: memberOf(body, part), shown: shownAs(part, key) };
}

function whole(body: Buffer): Span {
  return { start: 0, end: body.length };
}

function memberOf(body: Buffer, name: string): Span | undefined {
  return membersOf(body, 0).find(({ key }) => key === name)?.value;
}

function unknown(what: string, name: string, known: readonly string[]): Fault {
  return new Fault('NAME_UNKNOWN', { what, name, hint: known.length > 0 ? `There are: ${known.join(', ')}.` : 'There is none.' });
}
