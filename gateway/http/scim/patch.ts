// Changes of a part (RFC 7644, section 3.5.2), as the standard has them and as Okta and Entra send them: operations in any case, objects without a path, names with
// dots within those, `emails[type eq "work"].value`, an array or one value to add, members to remove as a filter or as a value. Pure. The rule: all or nothing; what
// names no attribute that can be changed is refused.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { bareName, enterpriseSchema } from './attribute.ts';
import { parseFilter, type Filter } from './filter.ts';

type Json = z.infer<ReturnType<typeof z.json>>;

export const PatchBody = z.looseObject({
  schemas: z.array(z.string()).optional(),
  Operations: z
    .array(
      z.looseObject({
        op: z
          .string()
          .transform((op) => op.toLowerCase())
          .pipe(z.enum(['add', 'replace', 'remove'])),
        path: z.string().min(1).max(4096).optional(),
        // It comes of JSON.parse: looking at ten thousand members one by one would hold up everybody else's calls.
        value: z.custom<Json>().optional(),
      }),
    )
    .min(1)
    .max(1000),
});
export type Attributes = Readonly<Record<string, Json>>;
type Op = 'add' | 'replace' | 'remove';

/** Where an operation acts: `emails[type eq "work"].value`; names in lower case. */
export interface Target {
  readonly name: string;
  readonly filter: Filter | undefined;
  readonly sub: string | undefined;
}
export interface Step {
  readonly op: Op;
  readonly target: Target;
  readonly value: Json | undefined;
}

const stepsAtMost = 1000;
/** Of one attribute: its values, or the names in it. Without a bound a change of a few megabytes takes minutes, because each is compared with each. */
const partsAtMost = 200;
/** Of members by their ids, as many as the length of a filter lets stand there. */
const membersAtMost = 200;

/** The operations, each with its target: an object without a path is one of each of its names. Throws DIRECTORY_INVALID. */
export function stepsOf({ Operations }: z.infer<typeof PatchBody>): readonly Step[] {
  const steps = Operations.flatMap(({ op, path, value }): readonly Step[] => {
    if (op !== 'remove' && value === undefined) throw invalid('invalidValue', `An operation "${op}" has no value.`);
    if (path !== undefined) return [{ op, target: targetOf(path), value }];
    if (!isObject(value)) throw invalid('noTarget', `An operation "${op}" has neither a path nor an object of attributes.`);
    return Object.entries(value).flatMap(([name, one]): readonly Step[] => {
      if (name.toLowerCase() === enterpriseSchema.toLowerCase() && isObject(one))
        return Object.entries(one).map(([sub, of]) => ({
          op,
          target: { name: enterpriseName, filter: undefined, sub },
          value: of,
        }));
      return name.toLowerCase() === 'schemas' ? [] : [{ op, target: targetOf(name), value: one }];
    });
  });
  if (steps.length > stepsAtMost) throw invalid('invalidValue', `A PATCH changes at most ${stepsAtMost} attributes.`);
  return steps;
}

export const enterpriseName = enterpriseSchema.toLowerCase();

function targetOf(path: string): Target {
  const lower = path.toLowerCase();
  if (lower === enterpriseName) return { name: enterpriseName, filter: undefined, sub: undefined };
  if (lower.startsWith(`${enterpriseName}:`))
    return { name: enterpriseName, filter: undefined, sub: path.slice(enterpriseName.length + 1) };
  const open = path.indexOf('[');
  if (open < 0) {
    const [name = '', sub, ...more] = bareName(path).split('.');
    if (!/^[a-z$][\w$-]*$/i.test(name) || more.length > 0) throw invalid('invalidPath', `"${path}" is no path.`);
    return { name, filter: undefined, sub: sub === undefined ? undefined : lastOf(path) };
  }
  const close = path.lastIndexOf(']');
  const rest = path.slice(close + 1);
  if (close < open || !/^(?:\.[A-Za-z$][\w$-]*)?$/.test(rest)) throw invalid('invalidPath', `"${path}" is no path.`);
  const name = bareName(path.slice(0, open));
  const filter = parseFilter(path.slice(open + 1, close), name === 'members' ? membersAtMost : undefined);
  return { name, filter, sub: rest === '' ? undefined : rest.slice(1) };
}

const lastOf = (path: string) => path.slice(path.lastIndexOf('.') + 1);

/** Attributes whose names and whether they have many values are known by `shape`: names as they are written, by their lower case. */
export function patched(
  attributes: Attributes,
  steps: readonly Step[],
  shape: ReadonlyMap<string, { name: string; many: boolean }>,
): Attributes {
  return steps.reduce((before, step) => {
    const known = shape.get(step.target.name);
    if (!known) throw invalid('invalidPath', `There is no attribute "${step.target.name}" that can be changed.`);
    const old = before[known.name];
    refuseTooMany(known.name, step.value);
    const now = known.many ? onePrimary(many(old, step), old) : single(old, step);
    refuseTooMany(known.name, now);
    const { [known.name]: _, ...others } = before;
    return now === undefined || now === null ? others : { ...others, [known.name]: now };
  }, attributes);
}

/** Throws DIRECTORY_INVALID. */
export function refuseTooMany(name: string, value: Json | undefined): void {
  if (typeof value !== 'object' || value === null) return;
  const within = Object.values(value);
  if (within.length > partsAtMost) throw invalid('invalidValue', `${name} has at most ${partsAtMost} values.`);
  for (const part of within) refuseTooMany(name, part);
}

function single(old: Json | undefined, { op, target: { filter, sub }, value }: Step): Json | undefined {
  if (filter) throw invalid('invalidPath', 'An attribute of one value has no filter.');
  if (sub === undefined) {
    if (op === 'remove') return undefined;
    return isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  const object = isObject(old) ? old : {};
  return withName(object, sub, op === 'remove' ? undefined : value);
}

function many(old: Json | undefined, { op, target: { filter, sub }, value }: Step): Json | undefined {
  const list = Array.isArray(old) ? old : [];
  if (!filter && sub === undefined) {
    const given = value === undefined ? [] : Array.isArray(value) ? value : [value];
    if (op === 'replace') return given;
    if (op === 'remove') return given.length === 0 ? undefined : list.filter((one) => !given.some((gone) => isSame(one, gone)));
    return [...list.filter((one) => !given.some((come) => isSame(one, come))), ...given];
  }
  const fits = (one: Json) => filter === undefined || (isObject(one) && isFitting(one, filter));
  if (op === 'remove') {
    if (sub === undefined) return list.filter((one) => !fits(one));
    return list.map((one) => (fits(one) && isObject(one) ? withName(one, sub, undefined) : one));
  }
  const change = (one: Readonly<Record<string, Json>>) => {
    if (sub !== undefined) return withName(one, sub, value);
    return isObject(value) ? merged(one, value) : withName(one, 'value', value);
  };
  if (list.some(fits)) return list.map((one) => (fits(one) && isObject(one) ? change(one) : one));
  // Entra replaces the address of a type that somebody has not got yet.
  return [...list, change(filter === undefined ? {} : described(filter))];
}

/** RFC 7644, section 3.5.2: a value that becomes the primary one takes that from the others, or who somebody is would hang on the one before. */
function onePrimary(now: Json | undefined, old: Json | undefined): Json | undefined {
  if (!Array.isArray(now)) return now;
  const before = new Set(Array.isArray(old) ? old : []);
  if (!now.some((one) => isPrimary(one) && !before.has(one))) return now;
  return now.map((one) => (isPrimary(one) && isObject(one) && before.has(one) ? withName(one, 'primary', false) : one));
}

function isPrimary(one: Json): boolean {
  return isObject(one) && isFitting(one, { kind: 'compare', path: 'primary', op: 'eq', value: true });
}

/** What a filter says that its value is: `type eq "work"` is a value of type work. */
function described(filter: Filter): Readonly<Record<string, Json>> {
  if (filter.kind === 'compare' && filter.op === 'eq') return { [filter.path]: filter.value };
  if (filter.kind === 'and') return Object.assign({}, ...filter.of.map(described));
  throw invalid('noTarget', 'No value fits the filter of the path.');
}

export function isFitting(value: Readonly<Record<string, Json>>, filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((one) => isFitting(value, one));
    case 'or':
      return filter.of.some((one) => isFitting(value, one));
    case 'not':
      return !isFitting(value, filter.of);
    case 'within':
      return false;
    case 'present':
      return nameIn(value, filter.path) !== undefined;
    case 'compare': {
      const found = nameIn(value, filter.path);
      const held = found === undefined ? null : (value[found] ?? null);
      const [a, b] = [held, filter.value].map((one) => (typeof one === 'string' ? one.toLowerCase() : one));
      // Entra says truth in words.
      const isEqual = typeof a === 'boolean' || typeof b === 'boolean' ? String(a) === String(b) : a === b;
      if (filter.op === 'eq') return isEqual;
      if (filter.op === 'ne') return !isEqual;
      if (typeof a !== 'string' || typeof b !== 'string') return false;
      return filter.op === 'co' ? a.includes(b) : filter.op === 'sw' ? a.startsWith(b) : filter.op === 'ew' && a.endsWith(b);
    }
  }
}

function isSame(a: Json, b: Json): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  return a['value'] === b['value'] && (b['type'] === undefined || a['type'] === b['type']);
}

function withName(object: Readonly<Record<string, Json>>, name: string, value: Json | undefined): Record<string, Json> {
  const known = nameIn(object, name) ?? name;
  const { [known]: _, ...others } = object;
  return value === undefined ? others : { ...others, [known]: value };
}

function merged(object: Readonly<Record<string, Json>>, more: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.entries(more).reduce((before, [name, value]) => withName(before, name, value), { ...object });
}

function nameIn(object: object, name: string): string | undefined {
  return Object.keys(object).find((one) => one.toLowerCase() === name.toLowerCase());
}

function isObject(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(scimType: 'invalidPath' | 'invalidValue' | 'noTarget', reason: string): Fault {
  return new Fault('DIRECTORY_INVALID', { scimType, reason });
}
