// A chain and a message as a glance gets them, and the full look beside it.
import type { RuleScope } from '#contract/rule.ts';
import { membersOf, type Span } from '../../../gateway/mcp/span.ts';
import { type Chain, compileRules, type Direction } from '../../../gateway/rule/compile.ts';
import { inspect } from '../../../gateway/rule/inspect.ts';
import { compileDeps, noEngines, policyWith } from './stage.ts';

export async function chainOf(rules: readonly object[], on: Direction, scope: RuleScope = 'tools'): Promise<Chain> {
  const chain = (await compileRules(policyWith(rules), compileDeps)).get('eng')?.chain(on, scope);
  if (!chain) throw new Error('there are no rules');
  return chain;
}

export function messageOf(part: 'params' | 'result', json: string): { readonly body: Buffer; readonly span: Span } {
  const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"${part}":${json}}`);
  const span = membersOf(body, 0).find(({ key }) => key === part)?.value;
  if (!span) throw new Error(`the message has no ${part}`);
  return { body, span };
}

export function inspectedWithout(chain: Chain, on: Direction, part: 'params' | 'result', body: Buffer, span: Span) {
  const subject = { on, scope: 'tools', part, body, span, metadata: () => ({}), relocate: () => undefined } as const;
  return inspect({ ...chain, glance: undefined }, subject, noEngines, new AbortController().signal);
}
