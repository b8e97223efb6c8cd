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

/** The data with the value at the path exchanged, or taken out where it is undefined. */
export function withValue(root: Plain, path: readonly string[], value: unknown): Plain {
  const [key, ...rest] = path;
  if (key === undefined) return root;
  const inner = Object.hasOwn(root, key) ? root[key] : undefined;
  const changed = rest.length === 0 ? value : withValue(isPlain(inner) ? inner : {}, rest, value);
  const others = Object.entries(root).filter(([name]) => name !== key);
  return Object.fromEntries(changed === undefined ? others : [...others, [key, changed]]);
}

/** Throws EditRefused unless `after` is `before` with the entries at these paths as expected. Containers that hold nothing count as absent. */
export function assertOnly(
  before: Plain,
  after: Plain,
  changes: readonly { readonly path: readonly string[]; readonly expected: unknown }[],
): void {
  const wanted = changes.reduce((root, { path, expected }) => withValue(root, path, expected), before);
  const containers = changes.map(({ path }) => path.slice(0, -1));
  const bare = (root: Plain): Plain => containers.reduce(withoutEmpty, root);
  if (!isDeepStrictEqual(bare(wanted), bare(after))) throw new EditRefused('the edit would change more than the entry');
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

/** What an edit must make of an entry; undefined where it is taken out. */
export function editedValue(
  root: Plain,
  { path, entry }: Edit,
): { readonly path: readonly string[]; readonly expected: unknown } {
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
