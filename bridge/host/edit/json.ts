// JSON and JSON with comments, edited by the offsets that jsonc-parser gives. A file that its host would refuse, or that says a key twice, is not touched.
import type { Node, ParseError } from 'jsonc-parser';
import { createScanner, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Edit, EditFormat, Leaf, NewEntry, Piece, RawEntry, Reading } from './edit.ts';
import { EditRefused, maxEntries, tooMany } from './edit.ts';
import type { Member } from './list.ts';
import { removeMembers } from './list.ts';
import type { Change } from './text.ts';
import { applyChanges, blanksBefore, breakBefore, isBreak, lineBreakOf, positionOf, textStart } from './text.ts';
import { assertOnly, containersOf, editedValue, isPlain, valueAt } from './verify.ts';

interface Property extends Member {
  readonly key: string;
  readonly value: Node;
}

interface Document {
  readonly node: Node | undefined;
  readonly root: unknown;
}

/** `isStrict`: no comments, no trailing commas. */
export function jsonFormat(isStrict: boolean): EditFormat {
  return {
    read: (text, keys) => read(text, parse(text, isStrict), keys),
    edit(text, edits) {
      const before = mustParse(text, isStrict);
      const expected = edits.map((edit) => editedValue(before.root, edit));
      const after = applyChanges(text, [...replacements(text, before.node, edits), ...removals(text, before.node, edits)]);
      assertOnly(before.root, mustParse(after, isStrict).root, expected);
      return after;
    },
    putEntry(text, path, pieces) {
      const [piece] = pieces;
      if (piece === undefined) throw new EditRefused('there is nothing to put back');
      const before = mustParse(text, isStrict);
      const after = applyChanges(text, [putProperty(text, before.node, path, piece.text)]);
      const expected = valueAt(mustParse(`{${piece.text}}`, isStrict).root, path.slice(-1));
      assertOnly(before.root, mustParse(after, isStrict).root, [{ path, expected }]);
      return after;
    },
    addEntry(text, path, fields) {
      const members = fields.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
      const piece = `${JSON.stringify(path.at(-1))}: { ${members.join(', ')} }`;
      return this.putEntry(text, path, [{ form: 'member', under: path.slice(0, -1), text: piece }]);
    },
  };
}

function read(text: string, document: ReturnType<typeof parse>, keys: readonly (readonly string[])[]): Reading {
  if ('reason' in document) return { ok: false, reason: document.reason, ...positionOf(text, document.offset) };
  const { node: top, root } = document;
  if (top === undefined) return { ok: true, root: {}, entries: [] };
  if (!isPlain(root)) return { ok: false, reason: 'the top level is not an object', ...positionOf(text, top.offset) };
  const twice = keys.map((path) => duplicate(top, path)).find((node) => node !== undefined);
  if (twice) return { ok: false, reason: 'a key stands twice', ...positionOf(text, twice.offset) };
  const entries: RawEntry[] = [];
  const find = finderIn(top);
  for (const path of keys.flatMap((key) => containersOf(root, key))) {
    const node = find(path);
    if (node?.type === 'null') continue;
    if (node?.type !== 'object')
      return { ok: false, reason: `${path.join('.')} is not an object`, ...positionOf(text, node?.offset ?? 0) };
    if (entries.length + (node.children?.length ?? 0) > maxEntries)
      return { ok: false, reason: tooMany, ...positionOf(text, node.offset) };
    for (const property of propertiesOf(text, node)) entries.push(entryOf(text, path, property));
  }
  return { ok: true, root, entries };
}

function parse(text: string, isStrict: boolean): Document | { readonly reason: string; readonly offset: number } {
  const start = textStart(text);
  const errors: ParseError[] = [];
  try {
    // The byte order mark becomes a blank, so that offsets stay what they are.
    const body = start === 0 ? text : ` ${text.slice(1)}`;
    const options = { disallowComments: isStrict, allowTrailingComma: !isStrict, allowEmptyContent: true };
    const node = parseTree(body, errors, options);
    const [error] = errors;
    if (error) return { reason: inWords(printParseErrorCode(error.error)), offset: error.offset };
    if (node === undefined) return { node, root: {} };
    // What the host's own parser says counts: JSON.parse is the stricter of the two.
    return { node, root: isStrict ? JSON.parse(body) : plainOf(node) };
  } catch {
    return { reason: 'nested too deeply, or not JSON', offset: start };
  }
}

/** `ValueExpected` as people say it. */
function inWords(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function mustParse(text: string, isStrict: boolean): Document & { readonly root: Readonly<Record<string, unknown>> } {
  const document = parse(text, isStrict);
  if ('reason' in document) throw new EditRefused(document.reason);
  const { node, root } = document;
  if (!isPlain(root)) throw new EditRefused('the top level is not an object');
  return { node, root };
}

function replacements(text: string, root: Node | undefined, edits: readonly Edit[]): readonly Change[] {
  return edits.flatMap(({ path, entry }) => {
    const node = entry && nodeAt(root, path);
    return node ? replaceFields(text, node, entry) : [];
  });
}

/** Those of one container together, for they may share a comma. */
function removals(text: string, root: Node | undefined, edits: readonly Edit[]): readonly Change[] {
  const gone = edits.filter(({ entry }) => entry === undefined).map(({ path }) => path);
  const containers = new Set(gone.map((path) => nodeAt(root, path.slice(0, -1))));
  return [...containers].flatMap((container) => {
    if (container === undefined) return [];
    const names = new Set(gone.filter((path) => nodeAt(root, path.slice(0, -1)) === container).map((path) => path.at(-1)));
    return removeMembers(text, propertiesOf(text, container), (property) => names.has(property.key));
  });
}

function nodeAt(root: Node | undefined, path: readonly string[]): Node | undefined {
  let node = root;
  for (const key of path) {
    const property = node?.type === 'object' ? node.children?.findLast((child) => child.children?.[0]?.value === key) : undefined;
    node = property?.children?.[1];
  }
  return node;
}

/** As nodeAt, for many paths: each object on their way is gone through once. A host may know thousands of projects. */
function finderIn(root: Node): (path: readonly string[]) => Node | undefined {
  const known = new Map<Node, ReadonlyMap<unknown, Node | undefined>>();
  const members = (node: Node): ReadonlyMap<unknown, Node | undefined> => {
    const there = known.get(node) ?? new Map((node.children ?? []).map(({ children }) => [children?.[0]?.value, children?.[1]]));
    known.set(node, there);
    return there;
  };
  return (path) =>
    path.reduce<Node | undefined>((node, key) => (node?.type === 'object' ? members(node).get(key) : undefined), root);
}

/** The first key that stands twice: among the keys of the path, among the entries, or anywhere inside an entry. */
function duplicate(root: Node | undefined, path: readonly string[]): Node | undefined {
  if (root?.type !== 'object') return undefined;
  const [key, ...rest] = path;
  const seen = new Set<unknown>();
  for (const { children } of root.children ?? []) {
    const [name, value] = children ?? [];
    const isOurs = key === undefined || key === '*' || name?.value === key;
    if (isOurs && seen.has(name?.value)) return name;
    if (isOurs) seen.add(name?.value);
    const inner = isOurs ? duplicate(value, rest) : undefined;
    if (inner) return inner;
  }
  return undefined;
}

function propertiesOf(text: string, node: Node): readonly Property[] {
  return (node.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) return [];
    const end = value.offset + value.length;
    return [{ key: String(key.value), value, start: property.offset, end, comma: commaAfter(text, end) }];
  });
}

function commaAfter(text: string, end: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(end);
  scanner.scan();
  const at = scanner.getTokenOffset();
  return text[at] === ',' ? at : undefined;
}

function entryOf(text: string, container: readonly string[], property: Property): RawEntry {
  const leaves: Leaf[] = [];
  collect(property.value, [], leaves);
  const pieces: Piece[] = [{ form: 'member', under: container, text: text.slice(property.start, property.end) }];
  return { name: property.key, path: [...container, property.key], value: plainOf(property.value), leaves, pieces };
}

function collect(node: Node, path: readonly (string | number)[], into: Leaf[]): void {
  if (node.type === 'object')
    for (const { children } of node.children ?? []) {
      const [key, value] = children ?? [];
      if (key && value) collect(value, [...path, String(key.value)], into);
    }
  else if (node.type === 'array') node.children?.forEach((item, index) => collect(item, [...path, index], into));
  else into.push({ path, span: { start: node.offset, end: node.offset + node.length }, value: node.value });
}

function plainOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(plainOf);
  if (node.type !== 'object') return node.value;
  return Object.fromEntries(
    (node.children ?? []).flatMap(({ children }) => {
      const [key, value] = children ?? [];
      return key && value ? [[String(key.value), plainOf(value)]] : [];
    }),
  );
}

function replaceFields(text: string, node: Node, entry: NewEntry): Change[] {
  const properties = propertiesOf(text, node);
  const changes = removeMembers(text, properties, (property) => entry.drop.includes(property.key));
  const stays = properties.some((property) => !entry.drop.includes(property.key));
  const gap = gapIn(text, node, properties);
  let after: Property | undefined;
  for (const [key, value] of entry.set) {
    const spelled = spell(value);
    const there = properties.find((property) => property.key === key);
    if (there) {
      changes.push({ start: there.value.offset, end: there.end, text: spelled });
      after = there;
    } else if (after) changes.push({ start: after.end, end: after.end, text: `,${gap}${JSON.stringify(key)}: ${spelled}` });
    else {
      const isLast = !stays && entry.set.at(-1)?.[0] === key;
      const at = node.offset + 1;
      changes.push({ start: at, end: at, text: `${gap}${JSON.stringify(key)}: ${spelled}${isLast ? '' : ','}` });
    }
  }
  return changes;
}

/** What stands between the brace or comma and the first property: how this object is laid out. */
function gapIn(text: string, node: Node, properties: readonly Property[]): string {
  const gap = /^\s*/.exec(text.slice(node.offset + 1, properties[0]?.start ?? node.offset + 1))?.[0] ?? '';
  return gap === '' ? ' ' : gap;
}

function spell(value: string | readonly string[]): string {
  return typeof value === 'string' ? JSON.stringify(value) : `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
}

function putProperty(text: string, root: Node | undefined, path: readonly string[], property: string): Change {
  if (root === undefined) {
    const at = text.length;
    return { start: at, end: at, text: wrap(path.slice(0, -1), property) };
  }
  const container = nodeAt(root, path.slice(0, -1));
  if (container === undefined || container.type === 'null') {
    const key = path.at(-2);
    if (key === undefined || container !== undefined) throw new EditRefused('the place of the entry is taken');
    return putProperty(text, root, path.slice(0, -1), `${JSON.stringify(key)}: { ${property} }`);
  }
  if (container.type !== 'object') throw new EditRefused('the place of the entry is taken');
  const properties = propertiesOf(text, container);
  const there = properties.find(({ key }) => key === path.at(-1));
  if (there) return { start: there.start, end: there.end, text: property };
  return insertLast(text, container, properties, property);
}

function insertLast(text: string, container: Node, properties: readonly Property[], property: string): Change {
  const close = container.offset + container.length - 1;
  const last = properties.at(-1);
  if (last === undefined) {
    const start = container.offset + 1;
    const end = text.slice(start, close).trim() === '' ? close : start;
    return { start, end, text: ` ${property} ` };
  }
  const gap = gapIn(text, container, properties);
  // A comment may stand after the last property, so the comma goes to the property and the new one before the closing brace.
  const blank = blanksBefore(text, close);
  const at = isBreak(text[blank - 1]) ? breakBefore(text, blank) : blank;
  const trail = text.slice(last.end, at);
  const isLine = gap.includes('\n') || trail.includes('//');
  const between = isLine && !gap.includes('\n') ? lineBreakOf(text) : gap;
  const comma = last.comma === undefined ? ',' : '';
  return { start: last.end, end: at, text: `${comma}${trail}${between}${property}${last.comma === undefined ? '' : ','}` };
}

function wrap(path: readonly string[], property: string): string {
  return [...path]
    .reverse()
    .reduce((inner, key) => `${JSON.stringify(key)}: { ${inner} }`, property)
    .replace(/^/, '{ ')
    .concat(' }');
}
