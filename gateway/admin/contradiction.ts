// What a policy says that can't hold together: each part is valid, and not with the others. Pure.
// Rule: what would only fail at a call, and then for everybody, is found before it is applied.
import { isBuiltIn } from '#contract/capability.ts';
import type { PolicyEngine } from '#contract/engine.ts';
import { groupsInOrder } from '#contract/grant.ts';
import { Fault } from '#contract/error.ts';
import { itemKinds, type PolicyFile, type Provisioning } from '#contract/policy.ts';
import type { Rule } from '#contract/rule.ts';
import { openPatternEngine } from '../rule/pattern.ts';

export interface Contradiction {
  readonly path: readonly PropertyKey[];
  readonly at: 'key' | 'value';
  readonly message: string;
}

export function contradictions(policy: PolicyFile): readonly Contradiction[] {
  const { roles, servers, gateways, engines = {} } = policy;
  const found: Contradiction[] = [
    ...Object.entries(gateways).flatMap(([slug, { rules = [] }]) => rulesIn(slug, rules, engines)),
    ...groupsIn(policy),
  ];
  for (const [name, { capabilities }] of Object.entries(roles)) {
    if (isBuiltIn(name) && capabilities !== undefined)
      found.push({
        path: ['roles', name, 'capabilities'],
        at: 'key',
        message: 'it is built in: it can have another title, and nothing else',
      });
    if (!isBuiltIn(name) && capabilities === undefined)
      found.push({ path: ['roles', name], at: 'key', message: 'it grants nothing: say its capabilities' });
  }
  for (const [name, server] of Object.entries(servers)) {
    if (server.kind !== 'remote') continue;
    const { auth, header, oauth } = server;
    if (header !== undefined && auth !== 'header' && auth !== 'auto')
      found.push({ path: ['servers', name, 'header'], at: 'key', message: 'it is of no use without auth: header' });
    if (oauth !== undefined && auth !== 'oauth' && auth !== 'auto')
      found.push({ path: ['servers', name, 'oauth'], at: 'key', message: 'it is of no use without auth: oauth' });
  }
  const serverOf = new Map(Object.entries(servers));
  for (const [gateway, { assignments }] of Object.entries(gateways)) {
    for (const [name, assignment] of Object.entries(assignments)) {
      const { identity, reach, pins } = assignment;
      const server = serverOf.get(name);
      if (!server) continue;
      const path = ['gateways', gateway, 'assignments', name];
      const conditional = pins === 'off' ? itemKinds.filter((kind) => hasCondition(assignment[kind])) : [];
      for (const kind of conditional)
        found.push({
          path: [...path, 'pins'],
          at: 'value',
          message: `the condition on ${kind} is decided by definitions that were seen, and none is kept: leave pins out, or use first-use or approve`,
        });
      const takesIdentity = server.kind === 'remote' && server.auth !== 'none';
      if (takesIdentity && server.auth !== 'auto' && identity === 'none')
        found.push({ path, at: 'key', message: `the server "${name}" wants an identity: add identity: own or identity: shared` });
      if (!takesIdentity && identity !== 'none')
        found.push({ path: [...path, 'identity'], at: 'value', message: `the server "${name}" takes none` });
      if (server.kind === 'remote' && reach !== 'caller')
        found.push({ path: [...path, 'reach'], at: 'value', message: `the server "${name}" is remote, and on no workstation` });
    }
  }
  return found;
}

/** A name of digits alone stands before all others wherever it is read, so its place in the file says nothing. */
const placeless = /^(?:0|[1-9]\d{0,9})$/;

/** Groups of a directory of which nobody could say whose role counts. */
function groupsIn(policy: PolicyFile): readonly Contradiction[] {
  const giving = groupsInOrder(policy).filter(([, { role }]) => role !== undefined);
  const path = (name: string) => ['directory', 'groups', name];
  return giving.flatMap(([name, { rank }], index): Contradiction[] => {
    if (rank !== undefined && rank === giving[index - 1]?.[1].rank)
      return [{ path: [...path(name), 'rank'], at: 'value', message: `the group "${giving[index - 1]?.[0]}" has this rank too` }];
    if (rank !== undefined || giving.length === 1 || !placeless.test(name)) return [];
    const message = 'a name of digits keeps no place among the others: say its rank, such as rank: 1, because one role counts';
    return [{ path: path(name), at: 'key', message }];
  });
}

function hasCondition(exposed: Provisioning): boolean {
  return typeof exposed !== 'string' && exposed.some((item) => typeof item !== 'string');
}

/** Patterns that can not be looked for, engines of another kind, and rules that would never be asked. */
function rulesIn(
  gateway: string,
  rules: readonly Rule[],
  engines: Readonly<Record<string, PolicyEngine>>,
): readonly Contradiction[] {
  const patterns = rules.some(({ method }) => method === 'pattern') ? openPatternEngine() : undefined;
  const engineOf = new Map(Object.entries(engines));
  return rules.flatMap((rule, index) => {
    const path = ['gateways', gateway, 'rules', index];
    const found: Contradiction[] = [];
    if (rule.on === 'request' && rule.for.length === 1 && rule.for[0] === 'definitions')
      found.push({ path: [...path, 'on'], at: 'value', message: 'definitions come from servers: use on: response' });
    if (rule.method === 'webhook' || rule.method === 'presidio') {
      const kind = engineOf.get(rule.engine)?.kind;
      if (kind !== undefined && kind !== rule.method)
        found.push({ path: [...path, 'engine'], at: 'value', message: `the engine "${rule.engine}" is of kind ${kind}` });
    }
    if (rule.method !== 'pattern') return found;
    for (const [at, pattern] of rule.patterns.entries()) {
      try {
        patterns?.check(pattern, rule.flags ?? '');
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        found.push({
          path: [...path, 'patterns', at],
          at: 'value',
          message: `it can not be used: ${String(thrown.fields['reason'])}`,
        });
      }
    }
    return found;
  });
}
