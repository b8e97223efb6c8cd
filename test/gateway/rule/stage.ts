// Rules compiled as the gateway server compiles them, over one message at a time.
import { PolicyFile } from '#contract/policy.ts';
import type { RuleScope } from '#contract/rule.ts';
import { membersOf } from '../../../gateway/mcp/span.ts';
import { compileRules, type CompileDeps, type Direction } from '../../../gateway/rule/compile.ts';
import type { Engines } from '../../../gateway/rule/engine.ts';
import { inspect, type Inspected } from '../../../gateway/rule/inspect.ts';
import { compileDepsOf } from '../../../gateway/rule/loading.ts';
import type { Own, Part } from '../../../gateway/rule/place.ts';

export const compileDeps: CompileDeps = compileDepsOf(Buffer.alloc(32, 1));
export const noEngines: Engines = {
  judge: () => Promise.reject(new Error('no engine is asked here')),
  analyze: () => Promise.reject(new Error('no engine is asked here')),
};

export function policyWith(rules: readonly object[], engines?: object): PolicyFile {
  return PolicyFile.parse({ version: 1, gateways: { eng: { rules } }, ...(engines && { engines }) });
}

export interface Message {
  readonly on: Direction;
  readonly scope?: RuleScope;
  readonly part?: Part;
  /** What of it is the gateway server's own, by default as in a host's request. */
  readonly own?: Own;
  /** JSON text, or what becomes of a value. */
  readonly body: object | string;
}

/** What the rules make of the params, result or error of a message; of a definition, of the whole. */
export async function inspected(rules: readonly object[], message: Message, engines: Engines = noEngines): Promise<Inspected> {
  const compiled = (await compileRules(policyWith(rules), compileDeps)).get('eng');
  const { on, scope = 'tools', own, part = on === 'request' ? 'params' : 'result' } = message;
  const body = Buffer.from(typeof message.body === 'string' ? message.body : JSON.stringify(message.body));
  const chain = compiled?.chain(on, scope);
  if (!chain) return { kind: 'passed', hits: [] };
  const spanOf = (text: Buffer) =>
    part === 'definition' ? { start: 0, end: text.length } : membersOf(text, 0).find(({ key }) => key === part)?.value;
  const span = spanOf(body);
  if (!span) throw new Error(`the message has no ${part}`);
  return inspect(
    chain,
    { on, scope, part, body, span, own, metadata: () => ({}), relocate: spanOf },
    engines,
    new AbortController().signal,
  );
}

/** The message as it goes on, or the code of what blocks it. */
export async function outcome(rules: readonly object[], message: Message): Promise<unknown> {
  const done = await inspected(rules, message);
  if (done.kind === 'blocked') return done.fault.code;
  const text = done.kind === 'changed' ? done.body.toString() : typeof message.body === 'string' ? message.body : undefined;
  return text === undefined ? message.body : (JSON.parse(text) as unknown);
}
