// What can still be said of a policy file in which some things are not valid: which names it uses, and what of it is whole. So that all mistakes are told in the
// same breath. Nothing that comes of it is ever applied.
import { z } from 'zod';
import { Slug } from '#contract/id.ts';
import { PolicyFile, PolicyServer } from '#contract/policy.ts';
import { Rule } from '#contract/rule.ts';
import { PolicySink } from '#contract/sink.ts';
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
  const guesses: Path[] = [];
  for (let tries = 0; tries < triesAtMost; tries++) {
    const parsed = PolicyFile.safeParse(rest);
    if (parsed.success) return { whole: parsed.data, more };
    const isTold = (issue: z.core.$ZodIssue) =>
      !taken.has(JSON.stringify(issue.path)) && !isOfGuess(guesses, value, issue) && !isOfRest(value, rest, issue);
    if (tries > 0) more.push(...parsed.error.issues.filter(isTold));
    const before = new Set(taken);
    for (const { path, ...issue } of parsed.error.issues) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(rest, [...path, key]);
      else if (path[0] === 'version' && rest instanceof Object) Reflect.set(rest, 'version', 1);
      else if (!guess(rest, path, taken, guesses)) takeOut(rest, path, taken, before);
    }
  }
  return { whole: undefined, more };
}

/**
 * Puts a word in the place of one that is missing or wrong and says what else may stand beside it: the kind that has most of the keys that are there, or an
 * action that goes with them. False where it is no such word, or was put there already.
 */
function guess(rest: unknown, path: Path, taken: Set<string>, guesses: Path[]): boolean {
  const known = JSON.stringify(path);
  const [last, holder] = [path.at(-1), path.slice(0, -1)];
  const thing = valueAt(rest, holder);
  if (last === undefined || taken.has(known) || !(thing instanceof Object)) return false;
  if (last === 'action' && isRule(holder)) {
    taken.add(known);
    return Reflect.set(thing, last, 'with' in thing ? 'replace' : 'keep' in thing ? 'mask' : 'block');
  }
  const options = unionAt(holder)?.key === last ? unionAt(holder)?.options : undefined;
  const fit = (shape: object) => Object.keys(thing).filter((key) => key in shape).length;
  const [best] = options?.toSorted((a, b) => fit(b) - fit(a)) ?? [];
  if (best === undefined) return false;
  taken.add(known);
  guesses.push(holder);
  return Reflect.set(thing, last, z.looseObject({ value: z.string() }).parse(Reflect.get(best, last)).value);
}

/** What a guess alone would have: that a key is missing, and that one is not known which another kind has. */
function isOfGuess(guesses: readonly Path[], value: unknown, issue: z.core.$ZodIssue): boolean {
  const of = guesses.find((path) => path.every((part, index) => part === issue.path[index]));
  if (of === undefined) return false;
  if (issue.code !== 'unrecognized_keys' || issue.path.length > of.length) return valueAt(value, issue.path) === undefined;
  return issue.keys.every((key) => unionAt(of)?.options.some((shape) => key in shape));
}

/** What is said of a whole rule may be so only because a key was taken out of it. */
function isOfRest(value: unknown, rest: unknown, { path }: z.core.$ZodIssue): boolean {
  const [old, now] = [Object(valueAt(value, path)), Object(valueAt(rest, path))];
  return isRule(path) && Object.keys(old).some((key) => !(key in now));
}

const isRule = (path: Path): boolean => path[2] === 'rules' && path.length === 4;

/** Which kinds of it there are, by the key that says which one it is. */
function unionAt(path: Path): { readonly key: string; readonly options: readonly object[] } | undefined {
  if (isRule(path)) return { key: 'method', options: Rule.options.map(({ shape }) => shape) };
  if (path.length !== 2) return undefined;
  if (path[0] === 'servers') return { key: 'kind', options: PolicyServer.options.map(({ shape }) => shape) };
  return path[0] === 'sinks' ? { key: 'kind', options: PolicySink.options.map(({ shape }) => shape) } : undefined;
}

/**
 * First the key alone, so that what else is wrong with the thing can still be told; then all of it. A key by which others are judged goes with all of it at once:
 * without it the thing could seem to contradict itself. `taken`: keys that were taken out, as JSON: that they are missing now says nothing of the file; `before`: those
 * of earlier rounds, as without them it is not valid either.
 */
function takeOut(rest: unknown, path: Path, taken: Set<string>, before: ReadonlySet<string>): void {
  const thing = path.slice(0, depthOf(path));
  const key = path.slice(0, thing.length + 1);
  const known = JSON.stringify(key);
  if (key.length > thing.length && !before.has(known) && isAlone(thing, key.at(-1))) {
    taken.add(known);
    return remove(rest, key);
  }
  if (isRule(thing)) replaceRule(rest, path);
  else remove(rest, thing);
}

/** Keys of users, servers and assignments by which others of theirs are judged. */
const judging: Readonly<Record<string, readonly unknown[]>> = {
  users: ['kind', 'secretHash', 'jwks'],
  servers: ['kind', 'auth', 'header', 'oauth'],
  assignments: ['identity', 'reach', 'pins'],
};

/** Whether nothing else that is said of the thing hangs on this key. */
function isAlone(thing: Path, key: unknown): boolean {
  if (isRule(thing)) return true;
  const noun = thing.length === 4 ? thing[2] : thing.length === 2 ? thing[0] : undefined;
  const others = typeof noun === 'string' ? judging[noun] : undefined;
  return others?.includes(key) === false;
}

/** How long the path is of the thing that it leads into: a user, team, role, server, gateway or sink; an assignment, a rule or a key of a gateway; a group of the directory. */
function depthOf(path: Path): number {
  if ((path[2] === 'assignments' || path[2] === 'rules') && path.length > 3) return 4;
  if (path[0] === 'directory') return path.length > 2 ? 3 : 2;
  return path[0] === 'gateways' && path.length > 2 && path[2] !== 'assignments' ? 3 : 2;
}

/** A valid rule in its place, so that those after it keep theirs. It keeps its name: another one may have it too. */
function replaceRule(root: unknown, path: Path): void {
  const list = valueAt(root, path.slice(0, 3));
  if (!Array.isArray(list)) return;
  const index = Number(path[3]);
  const old: unknown = list[index];
  const named = Slug.safeParse(old instanceof Object && 'name' in old ? old.name : undefined);
  list[index] = { name: named.data ?? `rule-${index}-of-${list.length}`, method: 'secrets', action: 'alert' };
}

function remove(root: unknown, path: Path): void {
  const holder = valueAt(root, path.slice(0, -1));
  const last = path.at(-1);
  if (holder instanceof Object && last !== undefined) Reflect.deleteProperty(holder, last);
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at instanceof Object ? Reflect.get(at, key) : undefined), root);
}

function withoutNull<T>(all: Readonly<Record<string, T | null>>): Record<string, T> {
  return Object.fromEntries(Object.entries(all).flatMap(([slug, of]) => (of === null ? [] : [[slug, of]])));
}
