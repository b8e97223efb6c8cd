// What a directory looks for, as conditions of SQL that both databases read. The rule: values are parameters, names come from this table alone, and text is compared
// in lower case, as SCIM's attributes here are (externalId and ids are not).
import { sql, type RawBuilder } from 'kysely';
import type { Field, Match, Operator } from '../directory.ts';

type Condition = RawBuilder<boolean>;
interface Column {
  readonly name: RawBuilder<unknown>;
  readonly kind: 'folded' | 'exact' | 'number' | 'truth';
}

const column = (name: string, kind: Column['kind']): Column => ({ name: sql.ref(name), kind });
const ofPeople: Partial<Record<Field, Column>> = {
  id: column('id', 'exact'),
  userName: column('user_name_key', 'folded'),
  externalId: column('external_id', 'exact'),
  displayName: column('display_name_key', 'folded'),
  active: column('active', 'truth'),
  created: column('created_at', 'number'),
  modified: column('modified_at', 'number'),
};
const ofGroups: Partial<Record<Field, Column>> = {
  id: column('id', 'exact'),
  externalId: column('external_id', 'exact'),
  displayName: column('display_name_key', 'folded'),
  created: column('created_at', 'number'),
  modified: column('modified_at', 'number'),
};
const ofEmails: Partial<Record<Field, Column>> = {
  email: column('value_key', 'folded'),
  emailType: column('type', 'exact'),
  emailPrimary: column('is_primary', 'truth'),
};

export function peopleCondition(match: Match): Condition {
  return condition(match, (of) => {
    if (of.kind === 'of-one-email') return anEmail(condition(of.match, (inner) => leaf(inner, ofEmails)));
    if ('field' in of && ofEmails[of.field]) return anEmail(leaf(of, ofEmails));
    return leaf(of, ofPeople);
  });
}

export function groupsCondition(match: Match): Condition {
  return condition(match, (of) => {
    if ('field' in of && of.field === 'member') {
      const ofOne = of.kind === 'compare' ? sql`where person_id = ${String(of.value)}` : sql``;
      return sql`id in (select group_id from directory_member ${ofOne})`;
    }
    return leaf(of, ofGroups);
  });
}

function anEmail(inner: Condition): Condition {
  return sql`id in (select person_id from directory_email where ${inner})`;
}

type Leaf = Extract<Match, { kind: 'compare' | 'present' | 'of-one-email' }>;

function condition(match: Match, ofLeaf: (leaf: Leaf) => Condition): Condition {
  switch (match.kind) {
    case 'and':
    case 'or': {
      const parts = match.of.map((one) => condition(one, ofLeaf));
      return sql`(${sql.join(parts, match.kind === 'and' ? sql` and ` : sql` or `)})`;
    }
    case 'not':
      // What is not there does not fit, so its opposite does.
      return sql`not coalesce(${condition(match.of, ofLeaf)}, ${falsehood})`;
    default:
      return ofLeaf(match);
  }
}

const falsehood = sql`(1 = 0)`;
const nothing: Condition = sql`(1 = 0)`;

function leaf(of: Leaf, columns: Partial<Record<Field, Column>>): Condition {
  const found = 'field' in of ? columns[of.field] : undefined;
  if (!found || of.kind === 'of-one-email') return nothing;
  const { name, kind } = found;
  if (of.kind === 'present') return sql`${name} is not null`;
  if (kind === 'truth') {
    if (typeof of.value !== 'boolean') return nothing;
    const truth = of.value ? 1 : 0;
    return of.op === 'ne' ? sql`${name} <> ${truth}` : of.op === 'eq' ? sql`${name} = ${truth}` : nothing;
  }
  if (kind === 'number') return typeof of.value === 'number' ? ordered(name, of.op, of.value) : nothing;
  if (typeof of.value !== 'string') return nothing;
  const value = kind === 'folded' ? of.value.toLowerCase() : of.value;
  if (of.op === 'co' || of.op === 'sw' || of.op === 'ew') return (kind === 'exact' ? withinExactly : within)(name, of.op, value);
  return ordered(name, of.op, value);
}

function ordered(name: Column['name'], op: Operator, value: string | number): Condition {
  switch (op) {
    case 'eq':
      return sql`${name} = ${value}`;
    case 'ne':
      return sql`coalesce(${name} <> ${value}, ${sql`(1 = 1)`})`;
    case 'gt':
      return sql`${name} > ${value}`;
    case 'ge':
      return sql`${name} >= ${value}`;
    case 'lt':
      return sql`${name} < ${value}`;
    case 'le':
      return sql`${name} <= ${value}`;
    default:
      return nothing;
  }
}

/** No pattern: what it holds of `%` and `_` means itself, on both databases. */
function within(name: Column['name'], op: 'co' | 'sw' | 'ew', value: string): Condition {
  if (value === '') return sql`${name} is not null`;
  const escaped = value.replaceAll(/[\\%_]/g, (one) => `\\${one}`);
  const pattern = `${op === 'sw' ? '' : '%'}${escaped}${op === 'ew' ? '' : '%'}`;
  return sql`${name} like ${pattern} escape '\\'`;
}

/** The same of text whose case counts: SQLite's `like` knows none. */
function withinExactly(name: Column['name'], op: 'co' | 'sw' | 'ew', value: string): Condition {
  if (value === '') return sql`${name} is not null`;
  // Of characters, as both databases count them.
  const length = sql.lit([...value].length);
  switch (op) {
    case 'co':
      return sql`replace(${name}, ${value}, '') <> ${name}`;
    case 'sw':
      return sql`substr(${name}, 1, ${length}) = ${value}`;
    case 'ew':
      return sql`(length(${name}) >= ${length} and substr(${name}, length(${name}) - ${length} + 1) = ${value})`;
  }
}
