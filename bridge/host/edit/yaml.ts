// YAML, edited by the offsets of yaml-scan: block maps line by line, flow maps as lists with commas. An entry keeps the form it has, and every line that
// is not its own keeps its bytes. What an alias, an anchor or a tag ties to another place shows in the reading after the edit, and is refused.
import type { Node, YAMLMap } from 'yaml';
import { isCollection, isMap, isScalar } from 'yaml';
import type { Edit, EditFormat, Field, Leaf, NewEntry, RawEntry, Reading } from './edit.ts';
import { EditRefused, maxEntries, tooMany } from './edit.ts';
import { removeMembers } from './list.ts';
import type { Change } from './text.ts';
import { applyChanges, blanksBefore, breakBefore, isBreak, lineBreakOf, positionOf, textStart } from './text.ts';
import { assertOnly, containersOf, editedValue, isPlain, valueAt } from './verify.ts';
import { putYamlEntry } from './yaml-put.ts';
import type { YamlPair } from './yaml-scan.ts';
import { columnOf, endOf, lineStart, mapAt, mustParseYaml, pairsOf, parseYaml } from './yaml-scan.ts';
import { spellKey, spellValue } from './yaml-spell.ts';

export const yamlFormat: EditFormat = {
  read(text, keys) {
    const parsed = parseYaml(text);
    if ('reason' in parsed) return { ok: false, reason: parsed.reason, ...positionOf(text, parsed.offset) };
    const { top, root } = parsed;
    if (top === undefined) return { ok: true, root: {}, entries: [] };
    if (!isPlain(root)) return { ok: false, reason: 'the top level is not a map', ...positionOf(text, top.range?.[0] ?? 0) };
    const entries: RawEntry[] = [];
    const brought = mergeIn(text, [top]);
    if (brought) return brought;
    for (const path of keys.flatMap((key) => containersOf(root, key))) {
      const node = mapAt(top, path, text);
      if (node === undefined || (isScalar(node) && node.value === null)) continue;
      if (!isMap(node)) return notAMap(text, path, node);
      if (entries.length + node.items.length > maxEntries)
        return { ok: false, reason: tooMany, ...positionOf(text, node.range?.[0] ?? 0) };
      const named = pairsOf(text, node);
      if (named.length !== Object.keys(valueAt(root, path) ?? {}).length) return notAMap(text, path, node);
      if (named.some(({ key }) => valueAt(root, [...path, key]) === undefined)) return notAMap(text, path, node);
      const merged = mergeIn(text, [node, ...named.map(({ value }) => value)]);
      if (merged) return merged;
      for (const pair of named) entries.push(entryOf(text, path, pair, valueAt(root, [...path, pair.key])));
    }
    return { ok: true, root, entries };
  },
  edit(text, edits) {
    const before = mustParseYaml(text);
    const expected = edits.map((edit) => editedValue(before.root, edit));
    const after = applyChanges(text, [...replacements(text, before.top, edits), ...removals(text, before.top, edits)]);
    assertOnly(before.root, mustParseYaml(after).root, expected);
    return after;
  },
  putEntry: putYamlEntry,
  addEntry(text, path, fields) {
    const lines = fields.map(([name, value]) => `  ${spellKey(name)}: ${spellValue(value)}`);
    const piece = [`${spellKey(path.at(-1) ?? '')}:`, ...lines].join(lineBreakOf(text));
    return putYamlEntry(text, path, [{ form: 'member', under: path.slice(0, -1), text: piece }]);
  },
};

/** Keys that are no scalars, and what an alias brings in, can't be told apart by offsets. */
function notAMap(text: string, path: readonly string[], node: Node): Reading {
  return { ok: false, reason: `${path.join('.')} is not a map of names`, ...positionOf(text, node.range?.[0] ?? 0) };
}

/** Whether a host merges what `<<` names is its parser's to say: where it does, a server stands there that we do not see. */
function mergeIn(text: string, nodes: readonly (Node | undefined)[]): Reading | undefined {
  for (const node of nodes) {
    const merge = isMap(node) ? pairsOf(text, node).find(({ key }) => key === '<<') : undefined;
    if (merge) return { ok: false, reason: 'a merge key (<<) stands where servers do', ...positionOf(text, merge.start) };
  }
  return undefined;
}

function entryOf(text: string, container: readonly string[], pair: YamlPair, value: unknown): RawEntry {
  const leaves: Leaf[] = [];
  if (pair.value) collect(text, pair.value, [], leaves);
  // With the blanks before it, so that its indentation is known wherever it is put back.
  const start = blanksBefore(text, pair.start) === lineStart(text, pair.start) ? lineStart(text, pair.start) : pair.start;
  const pieces = [{ form: 'member' as const, under: container, text: text.slice(start, pair.end) }];
  return { name: pair.key, path: [...container, pair.key], value, leaves, pieces };
}

function collect(text: string, node: Node, path: readonly (string | number)[], into: Leaf[]): void {
  if (isMap(node)) {
    for (const { key, value } of pairsOf(text, node)) if (value) collect(text, value, [...path, key], into);
  } else if (isCollection(node)) {
    for (const [index, item] of node.items.entries()) {
      const inner: unknown = item;
      if (isScalar(inner) || isCollection(inner)) collect(text, inner, [...path, index], into);
    }
  } else if (isScalar(node) && node.range)
    into.push({ path, span: { start: node.range[0], end: endOf(text, node) }, value: node.value });
}

function replacements(text: string, top: Node | undefined, edits: readonly Edit[]): readonly Change[] {
  return edits.flatMap(({ path, entry }) => {
    if (entry === undefined) return [];
    const node = mapAt(top, path, text);
    if (!isMap(node)) throw new EditRefused('the entry is an alias, so it stands elsewhere');
    return node.flow === true ? replaceInFlow(text, node, entry) : replaceInBlock(text, node, entry);
  });
}

/** Those of one container together: they may share a comma, or leave the container empty. */
function removals(text: string, top: Node | undefined, edits: readonly Edit[]): readonly Change[] {
  const gone = edits.filter(({ entry }) => entry === undefined).map(({ path }) => path);
  const containers = new Set(gone.map((path) => mapAt(top, path.slice(0, -1), text)));
  return [...containers].flatMap((container) => {
    if (!isMap(container)) return [];
    const names = new Set(gone.filter((path) => mapAt(top, path.slice(0, -1), text) === container).map((path) => path.at(-1)));
    const pairs = pairsOf(text, container);
    if (container.flow === true) return removeMembers(text, pairs, ({ key }) => names.has(key));
    const going = pairs.filter(({ key }) => names.has(key));
    // An empty block map can't be written; without this the container would mean null.
    const last = going.at(-1);
    if (last && going.length === pairs.length)
      return going.map((pair) => (pair === last ? { start: last.start, end: last.end, text: '{}' } : lines(text, pair)));
    return going.map((pair) => lines(text, pair));
  });
}

function replaceInBlock(text: string, map: YAMLMap, entry: NewEntry): Change[] {
  const pairs = pairsOf(text, map);
  const changes = pairs.filter(({ key }) => entry.drop.includes(key)).map((pair) => lines(text, pair));
  const [first] = pairs;
  const indent = ' '.repeat(first ? columnOf(text, first.start) : 0);
  const lineBreak = lineBreakOf(text);
  let after: YamlPair | undefined;
  for (const [key, value] of entry.set) {
    const there = pairs.find((pair) => pair.key === key);
    if (there) {
      changes.push(...setValue(text, there, spellValue(value)));
      after = there;
      continue;
    }
    const line = `${spellKey(key)}: ${spellValue(value)}`;
    if (after) {
      // What follows on the last line of the entry is not the entry's.
      const at = after === pairs.at(-1) ? after.end : lineEnd(text, after.end);
      changes.push({ start: at, end: at, text: `${lineBreak}${indent}${line}` });
    } else if (first) changes.push({ start: first.start, end: first.start, text: `${line}${lineBreak}${indent}` });
  }
  return joined(changes);
}

/** The value of a block pair exchanged. A comment between the colon and a value on the next line stays. */
function setValue(text: string, { colon, value, end }: YamlPair, spelled: string): Change[] {
  if (colon === undefined) throw new EditRefused('a key has no value');
  const start = value?.range && value.range[1] > value.range[0] ? value.range[0] : colon + 1;
  const gap = text.slice(colon + 1, start);
  if (/^[ \t]+$/.test(gap)) return [{ start, end, text: spelled }];
  if (!gap.includes('#')) return [{ start: colon + 1, end, text: ` ${spelled}` }];
  return [{ start: colon + 1, end: colon + 1, text: ` ${spelled}` }, lines(text, { start, end })];
}

function replaceInFlow(text: string, map: YAMLMap, entry: NewEntry): Change[] {
  const pairs = pairsOf(text, map);
  const changes = removeMembers(text, pairs, ({ key }) => entry.drop.includes(key));
  const stays = pairs.some(({ key }) => !entry.drop.includes(key));
  const open = (map.range?.[0] ?? 0) + 1;
  let after: YamlPair | undefined;
  for (const [index, [key, value]] of entry.set.entries()) {
    const there = pairs.find((pair) => pair.key === key);
    if (there) {
      changes.push(setInFlow(there, value));
      after = there;
      continue;
    }
    const member = `${spellKey(key)}: ${spellValue(value)}`;
    if (after) changes.push({ start: after.end, end: after.end, text: `, ${member}` });
    else {
      const isLast = !stays && index === entry.set.length - 1;
      changes.push({ start: open, end: open, text: ` ${member}${isLast ? ' ' : ','}` });
    }
  }
  return changes;
}

function setInFlow({ colon, value, end }: YamlPair, to: Field[1]): Change {
  const start = value?.range && value.range[1] > value.range[0] ? value.range[0] : undefined;
  if (start !== undefined) return { start, end, text: spellValue(to) };
  return { start: end, end, text: `${colon === undefined ? ':' : ''} ${spellValue(to)}` };
}

/** Takes out a pair, or the items of a list: whole lines, but for a comment or blanks that follow, for they may not be the entry's. */
function lines(text: string, { start, end }: { readonly start: number; readonly end: number }): Change {
  const left = blanksBefore(text, start);
  if (left !== lineStart(text, start)) return { start, end, text: '' };
  // The comment moves to the left, so that no block text before it takes it in.
  if (end !== lineEnd(text, end)) return { start: left, end, text: '' };
  if (left > textStart(text)) return { start: breakBefore(text, left), end, text: '' };
  return { start, end: end + (/^\r?\n/.exec(text.slice(end, end + 2))?.[0].length ?? 0), text: '' };
}

function lineEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isBreak(text[end])) end++;
  return end;
}

/** Something may be put in where a neighbor's lines go. */
function joined(changes: readonly Change[]): Change[] {
  const result: Change[] = [];
  for (const change of [...changes].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = result.at(-1);
    if (last && change.start < last.end)
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, change.end), text: last.text + change.text };
    else result.push(change);
  }
  return result;
}
