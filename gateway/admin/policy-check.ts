// What a policy names and does not define, templates that could match nothing, and what can't hold together. Pure.
// Rule: a name that leads nowhere is found before it is applied, and not by the first call that needs it.
import { isBuiltIn } from '#contract/capability.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { parseTemplate } from '../mcp/uri-template.ts';
import { contradictions } from './contradiction.ts';
import { nearNames } from './suggest.ts';

export type Path = readonly PropertyKey[];
/** A problem that still has to be found in the text. `at`: the key itself, or its value. */
export interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
}

type Noun = 'roles' | 'teams' | 'servers' | 'gateways' | 'engines';
type Names = readonly (string | undefined)[];
/** What of a policy uses names. A policy is such a thing; where something in a list could not be read, its place is kept. */
export interface Named {
  readonly users: Readonly<Record<string, { readonly teams: Names; readonly role?: string | undefined }>>;
  readonly teams: Readonly<Record<string, { readonly gateways: Names }>>;
  readonly gateways: Readonly<
    Record<
      string,
      {
        readonly assignments: Readonly<Record<string, { readonly templates: string | readonly unknown[] }>>;
        readonly rules?: readonly unknown[] | undefined;
      }
    >
  >;
  readonly directory?:
    | { readonly groups: Readonly<Record<string, { readonly teams: Names; readonly role?: string | undefined }>> }
    | undefined;
  readonly sinks?:
    | Readonly<
        Record<
          string,
          { readonly only?: { readonly gateways?: Names | undefined; readonly servers?: Names | undefined } | undefined }
        >
      >
    | undefined;
}

/** Looking for a near one goes through all that there are. */
const hintsAtMost = 200;

/** Names that the file uses and does not define. `defined`: those that it does. `hints`: so often a near one is told. */
export function danglingNames(
  named: Named,
  defined: (noun: Noun) => readonly string[],
  hints: number = hintsAtMost,
): readonly Finding[] {
  const known = {
    roles: defined('roles'),
    teams: defined('teams'),
    servers: defined('servers'),
    gateways: defined('gateways'),
    engines: defined('engines'),
  };
  const sets = new Map(Object.entries(known).map(([noun, names]) => [noun, new Set(names)]));
  let hinted = 0;
  const check = (noun: Noun, name: string | undefined, path: Path, at: Finding['at']): Finding[] => {
    if (name === undefined || sets.get(noun)?.has(name) === true) return [];
    const near = hinted++ < hints ? nearNames(name, known[noun])[0] : undefined;
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    return [{ path, at, message: `there is no ${noun.slice(0, -1)} "${name}" in this file${hint}` }];
  };
  const list = (noun: Noun, names: Names, path: Path) =>
    names.flatMap((name, index) => check(noun, name, [...path, index], 'value'));
  return [
    ...Object.entries(named.users).flatMap(([user, { role, teams }]) => [
      ...(role === undefined || isBuiltIn(role) ? [] : check('roles', role, ['users', user, 'role'], 'value')),
      ...list('teams', teams, ['users', user, 'teams']),
    ]),
    ...Object.entries(named.directory?.groups ?? {}).flatMap(([group, { role, teams }]) => [
      ...(role === undefined || isBuiltIn(role) ? [] : check('roles', role, ['directory', 'groups', group, 'role'], 'value')),
      ...list('teams', teams, ['directory', 'groups', group, 'teams']),
    ]),
    ...Object.entries(named.teams).flatMap(([team, { gateways }]) => list('gateways', gateways, ['teams', team, 'gateways'])),
    ...Object.entries(named.gateways).flatMap(([gateway, { assignments }]) =>
      Object.keys(assignments).flatMap((server) => check('servers', server, ['gateways', gateway, 'assignments', server], 'key')),
    ),
    ...Object.entries(named.gateways).flatMap(([gateway, { rules = [] }]) =>
      rules.flatMap((rule, index) => check('engines', engineOf(rule), ['gateways', gateway, 'rules', index, 'engine'], 'value')),
    ),
    ...Object.entries(named.sinks ?? {}).flatMap(([sink, { only }]) => [
      ...list('gateways', only?.gateways ?? [], ['sinks', sink, 'only', 'gateways']),
      ...list('servers', only?.servers ?? [], ['sinks', sink, 'only', 'servers']),
    ]),
  ];
}

/** Of a rule that asks one. */
function engineOf(rule: unknown): string | undefined {
  return rule instanceof Object && 'engine' in rule && typeof rule.engine === 'string' ? rule.engine : undefined;
}

/** Templates that would expose nothing, because no URI can be matched with them. */
export function unreadableTemplates({ gateways }: Pick<Named, 'gateways'>): readonly Finding[] {
  const message =
    'this is no URI template that is understood here: use {name}, {+name}, {/name*}, {?name} and the like (RFC 6570), and no {name:3}';
  return Object.entries(gateways).flatMap(([gateway, { assignments }]) =>
    Object.entries(assignments).flatMap(([server, { templates }]) =>
      (typeof templates === 'string' ? [] : templates).flatMap((template, index): Finding[] =>
        typeof template === 'string' && parseTemplate(template) === undefined
          ? [{ path: ['gateways', gateway, 'assignments', server, 'templates', index], at: 'value', message }]
          : [],
      ),
    ),
  );
}

/** All that does not hold together in a policy each part of which is valid. `mayHint`: whoever is told may see which names there are. */
export function findingsIn(policy: PolicyFile, mayHint = true): readonly Finding[] {
  const dangling = danglingNames(policy, (noun) => Object.keys(policy[noun] ?? {}), mayHint ? hintsAtMost : 0);
  return [...dangling, ...unreadableTemplates(policy), ...contradictions(policy)];
}
