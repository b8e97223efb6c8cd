// The net under every edit: read again, the result must differ from the text in the named entry and in nothing else. Doubt refuses.
import { isDeepStrictEqual } from 'node:util';
import { EditRefused } from './edit.ts';

type Plain = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (!isPlain(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** The data with the value at the path exchanged, or taken out where it is undefined. */
export function withValue(root: Plain, path: readonly string[], value: unknown): Plain {
  const [key, ...rest] = path;
  if (key === undefined) return root;
  const inner = Object.hasOwn(root, key) ? root[key] : undefined;
  const changed = rest.length === 0 ? value : withValue(isPlain(inner) ? inner : {}, rest, value);
  const others = Object.entries(root).filter(([name]) => name !== key);
  return Object.fromEntries(changed === undefined ? others : [...others, [key, changed]]);
}

/** Throws EditRefused unless `after` is `before` with the entry at `path` being `expected`. Containers that hold nothing count as absent. */
export function assertOnly(before: Plain, after: Plain, path: readonly string[], expected: unknown): void {
  const container = path.slice(0, -1);
  const wanted = withValue(before, path, expected);
  if (!isDeepStrictEqual(withoutEmpty(wanted, container), withoutEmpty(after, container)))
    throw new EditRefused('the edit would change more than the entry');
}

function withoutEmpty(root: Plain, path: readonly string[]): Plain {
  let result = root;
  for (let length = path.length; length > 0; length--) {
    const at = path.slice(0, length);
    const value = valueAt(result, at);
    if (isPlain(value) && Object.keys(value).length === 0) result = withValue(result, at, undefined);
  }
  return result;
}

/** The entry as it must read after replaceEntry. */
export function replaced(
  value: unknown,
  entry: { readonly set: readonly (readonly [string, unknown])[]; readonly drop: readonly string[] },
): Plain {
  const old = isPlain(value) ? Object.entries(value) : [];
  const gone = new Set([...entry.drop, ...entry.set.map(([name]) => name)]);
  return Object.fromEntries([...old.filter(([name]) => !gone.has(name)), ...entry.set]);
}

/** Every full path that a key path with `*` names in this document. */
export function containersOf(root: Plain, keys: readonly string[]): readonly (readonly string[])[] {
  let found: readonly (readonly string[])[] = [[]];
  for (const key of keys)
    found = found.flatMap((path) => {
      const value = valueAt(root, path);
      if (!isPlain(value)) return [];
      if (key === '*') return Object.keys(value).map((name) => [...path, name]);
      return Object.hasOwn(value, key) ? [[...path, key]] : [];
    });
  return found;
}
