// The net under every edit: read again, the result must differ from the text in the named entry and in nothing else. Doubt refuses.
import { isDeepStrictEqual } from 'node:util';
import type { Edit } from './edit.ts';
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

/** A value to stand at a path; undefined where nothing shall. */
export interface Expected {
  readonly path: readonly string[];
  readonly expected: unknown;
}

/**
 * The data with these values exchanged or taken out, in one pass over each container, for a file may name thousands of servers. No path leads through what
 * stands at another.
 */
export function withValues(root: Plain, changes: readonly Expected[]): Plain {
  const result = new Map(Object.entries(root));
  const inside = new Map<string, Expected[]>();
  for (const { path, expected } of changes) {
    const [key, ...rest] = path;
    if (key === undefined) continue;
    if (rest.length > 0) listAt(inside, key).push({ path: rest, expected });
    else if (expected === undefined) result.delete(key);
    else result.set(key, expected);
  }
  for (const [key, deeper] of inside) {
    const inner = result.get(key);
    result.set(key, withValues(isPlain(inner) ? inner : {}, deeper));
  }
  return Object.fromEntries(result);
}

/** Throws EditRefused unless `after` is `before` with the entries at these paths as expected. Containers that hold nothing count as absent. */
export function assertOnly(before: Plain, after: Plain, changes: readonly Expected[]): void {
  const wanted = withValues(before, changes);
  const containers = new Map(changes.map(({ path }) => [JSON.stringify(path.slice(0, -1)), path.slice(0, -1)]));
  const bare = (root: Plain): Plain => [...containers.values()].reduce(withoutEmpty, root);
  if (!isDeepStrictEqual(bare(wanted), bare(after))) throw new EditRefused('the edit would change more than the entry');
}

function withoutEmpty(root: Plain, path: readonly string[]): Plain {
  let result = root;
  for (let length = path.length; length > 0; length--) {
    const at = path.slice(0, length);
    const value = valueAt(result, at);
    if (isPlain(value) && Object.keys(value).length === 0) result = withValues(result, [{ path: at, expected: undefined }]);
  }
  return result;
}

function listAt<Item>(lists: Map<string, Item[]>, key: string): Item[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** What an edit must make of an entry; undefined where it is taken out. */
export function editedValue(root: Plain, { path, entry }: Edit): Expected {
  const value = valueAt(root, path);
  if (value === undefined) throw new EditRefused('there is no such entry');
  if (entry === undefined) return { path, expected: undefined };
  if (!isPlain(value)) throw new EditRefused('the entry is not made of fields');
  const gone = new Set([...entry.drop, ...entry.set.map(([name]) => name)]);
  const kept = Object.entries(value).filter(([name]) => !gone.has(name));
  return { path, expected: Object.fromEntries([...kept, ...entry.set]) };
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
