// What can still be said of a policy file in which some things are not valid: which names it uses, and what of it is whole. So that all mistakes are told in the
// same breath. Nothing that comes of it is ever applied.
import { z } from 'zod';
import { Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { Named, Path } from './policy-check.ts';

const name = z.string().optional().catch(undefined);
const names = z.array(name).catch([]);
const each = <T extends z.ZodType<object>>(of: T) => z.record(z.string(), of.nullable().catch(null)).catch({});
const only = z.object({ gateways: names.optional(), servers: names.optional() }).optional().catch(undefined);
const Names = z.object({
  users: each(z.object({ teams: names, role: name })),
  teams: each(z.object({ gateways: names })),
  gateways: each(
    z.object({
      assignments: each(z.object({ templates: z.union([z.string(), z.array(z.unknown())]).catch([]) })),
      rules: z.array(z.unknown()).catch([]),
    }),
  ),
  directory: z.object({ groups: each(z.object({ teams: names, role: name })) }).catch({ groups: {} }),
  sinks: each(z.object({ only })),
});

/** The names that it uses, as far as they can be read. */
export function namesIn(value: unknown): Named {
  const read = Names.safeParse(value).data ?? { users: {}, teams: {}, gateways: {}, directory: { groups: {} }, sinks: {} };
  return {
    users: withoutNull(read.users),
    teams: withoutNull(read.teams),
    gateways: Object.fromEntries(
      Object.entries(withoutNull(read.gateways)).map(([slug, of]) => [slug, { ...of, assignments: withoutNull(of.assignments) }]),
    ),
    directory: { groups: withoutNull(read.directory.groups) },
    sinks: withoutNull(read.sinks),
  };
}

/** What is whole in it, and what is not valid either once the rest is left out: some things are looked at only where their parts are valid. */
export interface Mended {
  readonly whole: PolicyFile | undefined;
  readonly more: readonly z.core.$ZodIssue[];
}

const triesAtMost = 8;

/** The policy without what is not valid: a key of something where that is enough, else the user, server, assignment or rule. `whole` is undefined where that is not enough. */
export function mended(value: unknown): Mended {
  const rest: unknown = structuredClone(value);
  const more: z.core.$ZodIssue[] = [];
  const taken = new Set<string>();
  for (let tries = 0; tries < triesAtMost; tries++) {
    const parsed = PolicyFile.safeParse(rest);
    if (parsed.success) return { whole: parsed.data, more };
    if (tries > 0) more.push(...parsed.error.issues.filter(({ path }) => !taken.has(JSON.stringify(path))));
    for (const { path, ...issue } of parsed.error.issues) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(rest, [...path, key]);
      else if (path[0] === 'version' && rest instanceof Object) Reflect.set(rest, 'version', 1);
      else takeOut(rest, path, taken);
    }
  }
  return { whole: undefined, more };
}

/**
 * Of a rule first the key alone: what else is wrong with it can still be told. Of anything else all of it: without a key of its own it could seem to contradict
 * itself. `taken`: keys that were taken out, as JSON: that they are missing now says nothing of the file.
 */
function takeOut(rest: unknown, path: Path, taken: Set<string>): void {
  const depth = depthOf(path);
  if (path[2] !== 'rules' || depth !== 4) return remove(rest, path.slice(0, depth));
  const key = path.slice(0, depth + 1);
  const known = JSON.stringify(key);
  if (path.length === depth || taken.has(known)) return replaceRule(rest, path);
  taken.add(known);
  remove(rest, key);
}

/** How long the path is of the thing that it leads into: a user, team, role, server, gateway or sink; an assignment, a rule or a key of a gateway; a group of the directory. */
function depthOf(path: Path): number {
  if ((path[2] === 'assignments' || path[2] === 'rules') && path.length > 3) return 4;
  if (path[0] === 'directory') return path.length > 2 ? 3 : 2;
  return path[0] === 'gateways' && path.length > 2 && path[2] !== 'assignments' ? 3 : 2;
}

/** A valid rule in its place, so that those after it keep theirs. It keeps its name: another one may have it too. */
function replaceRule(root: unknown, path: Path): void {
  const list = path.slice(0, 3).reduce<unknown>((at, key) => (at instanceof Object ? Reflect.get(at, key) : undefined), root);
  if (!Array.isArray(list)) return;
  const index = Number(path[3]);
  const old: unknown = list[index];
  const named = Slug.safeParse(old instanceof Object && 'name' in old ? old.name : undefined);
  list[index] = { name: named.data ?? `rule-${index}-of-${list.length}`, method: 'secrets', action: 'alert' };
}

function remove(root: unknown, path: Path): void {
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined), root);
  const last = path.at(-1);
  if (holder instanceof Object && last !== undefined) Reflect.deleteProperty(holder, last);
}

function withoutNull<T>(all: Readonly<Record<string, T | null>>): Record<string, T> {
  return Object.fromEntries(Object.entries(all).flatMap(([slug, of]) => (of === null ? [] : [[slug, of]])));
}
