// Reading JSON that may be anything: a record as it was stored, with what a sink leaves out of it.
// The rule: what is not there, or is something else, is undefined; nothing is taken from a prototype.

export type Fields = Readonly<Record<string, unknown>>;

/** What stands at a path; undefined where nothing does. */
export function valueAt(of: unknown, ...path: readonly string[]): unknown {
  return path.reduce((value, name) => fieldsOf(value)[name], of);
}

/** What there is of an object's own; of anything else nothing. */
export function fieldsOf(value: unknown): Fields {
  return value instanceof Object && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

export function textAt(of: unknown, ...path: readonly string[]): string | undefined {
  const value = valueAt(of, ...path);
  return typeof value === 'string' ? value : undefined;
}
