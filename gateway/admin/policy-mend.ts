// What can still be said of a policy file in which some things are not valid: which names it uses, and what of it is whole. So that all mistakes are told in the
// same breath. Nothing that comes of it is ever applied.
import { z } from 'zod';
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

/** The policy without the users, teams, servers and so on of which something is not valid; undefined where that is not enough. */
export function wholePart(value: unknown): PolicyFile | undefined {
  const rest: unknown = structuredClone(value);
  for (let tries = 0; tries < 3; tries++) {
    const parsed = PolicyFile.safeParse(rest);
    if (parsed.success) return parsed.data;
    for (const { path, ...issue } of parsed.error.issues) {
      if (path.length === 0 && issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(rest, [key]);
      else if (path[0] === 'version' && rest instanceof Object) Reflect.set(rest, 'version', 1);
      else remove(rest, path.slice(0, path[2] === 'assignments' && path.length > 3 ? 4 : 2));
    }
  }
  return undefined;
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
