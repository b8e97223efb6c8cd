// An entry put back into a YAML text that others may have changed since: in its old place where something of ours stands there, else after its neighbors, its
// lines indented as theirs. Every way is tried on the text as a whole, and the first that changes nothing else is taken.
import type { Node } from 'yaml';
import { isMap, isScalar } from 'yaml';
import type { Piece } from './edit.ts';
import { EditRefused } from './edit.ts';
import type { Change } from './text.ts';
import { applyChanges, blanksBefore, isBreak, lineBreakOf, textStart } from './text.ts';
import { assertOnly, valueAt } from './verify.ts';
import { columnOf, lineStart, mapAt, mustParseYaml, pairsOf, parseYaml } from './yaml-scan.ts';
import { spellKey, spellValue } from './yaml-spell.ts';

export function putYamlEntry(text: string, path: readonly string[], pieces: readonly Piece[]): string {
  const [piece] = pieces;
  const name = path.at(-1);
  if (piece === undefined || name === undefined) throw new EditRefused('there is nothing to put back');
  const before = mustParseYaml(text);
  const expected = meaningOf(piece.text, name);
  const spelled = `${spellKey(name)}: ${spellValue(expected)}`;
  let refusal: unknown;
  for (const candidate of [piece.text, spelled])
    for (const change of placesFor(text, before.top, path, candidate))
      try {
        const after = applyChanges(text, [change]);
        assertOnly(before.root, mustParseYaml(after).root, [{ path, expected }]);
        return after;
      } catch (error) {
        if (!(error instanceof EditRefused)) throw error;
        refusal ??= error;
      }
  throw refusal ?? new EditRefused('the entry has no place');
}

/** What the piece alone says: it stood in a block, or between the braces of a flow map. */
function meaningOf(piece: string, name: string): unknown {
  for (const text of [piece, `{${piece}}`]) {
    const parsed = parseYaml(text);
    const value = 'reason' in parsed ? undefined : valueAt(parsed.root, [name]);
    if (value !== undefined) return value;
  }
  throw new EditRefused('what was kept of the entry can not be read');
}

function placesFor(text: string, top: Node | undefined, path: readonly string[], candidate: string): readonly Change[] {
  const container = mapAt(top, path.slice(0, -1), text);
  if (top === undefined || (container === undefined && path.length > 1)) return [newContainer(text, top, path, candidate)];
  if (isMap(container)) {
    const pairs = pairsOf(text, container);
    const there = pairs.find(({ key }) => key === path.at(-1));
    if (there) return [{ start: there.start, end: there.end, text: fitted(candidate, columnOf(text, there.start)) }];
    const last = pairs.at(-1);
    if (last && container.flow === true) {
      const at = last.comma === undefined ? last.end : last.comma;
      return [{ start: at, end: at, text: `, ${fitted(candidate, columnOf(text, last.start))}` }];
    }
    if (last) return [onNewLine(text, last.end, columnOf(text, last.start), candidate)];
    return emptyMap(text, container, top, path, candidate);
  }
  const pair = pairOf(text, top, path.slice(0, -1));
  const isNull = pair && (pair.value === undefined || (isScalar(pair.value) && pair.value.value === null));
  if (!isNull || pair.colon === undefined) throw new EditRefused('the place of the entry is taken');
  const body = fitted(candidate, columnOf(text, pair.start) + 2);
  const indent = ' '.repeat(columnOf(text, pair.start) + 2);
  return [{ start: pair.colon + 1, end: pair.end, text: `${lineBreakOf(text)}${indent}${body}` }];
}

/** `{}`: on a line of its own its place is the entry's; behind its key the entry goes to the next line; inside braces it stays one. */
function emptyMap(text: string, container: Node, top: Node, path: readonly string[], candidate: string): readonly Change[] {
  const [start = 0, end = 0] = container.range ?? [];
  const key = pairOf(text, top, path.slice(0, -1));
  const column = columnOf(text, key?.start ?? start);
  const inBraces = { start: start + 1, end: end - 1, text: ` ${fitted(candidate, column + 2)} ` };
  if (blanksBefore(text, start) === lineStart(text, start))
    return [{ start, end, text: fitted(candidate, columnOf(text, start)) }, inBraces];
  const line = `${lineBreakOf(text)}${' '.repeat(column + 2)}${fitted(candidate, column + 2)}`;
  return [{ start: key?.colon === undefined ? start : key.colon + 1, end, text: line }, inBraces];
}

function newContainer(text: string, top: Node | undefined, path: readonly string[], candidate: string): Change {
  const known = path.findIndex((_, index) => !isMap(mapAt(top, path.slice(0, index), text)));
  const above = known <= 0 ? [] : path.slice(0, known - 1);
  const parent = mapAt(top, above, text);
  const missing = path.slice(above.length, -1);
  const last = isMap(parent) ? pairsOf(text, parent).at(-1) : undefined;
  if (isMap(parent) && parent.flow === true) {
    const member = missing.reduceRight((inner, key) => `${spellKey(key)}: { ${inner} }`, fitted(candidate, 0));
    const at = last?.end ?? (parent.range?.[0] ?? 0) + 1;
    return { start: at, end: at, text: last ? `, ${member}` : ` ${member} ` };
  }
  const column = last ? columnOf(text, last.start) : 0;
  const heads = missing.map((key, depth) => `${'  '.repeat(depth)}${spellKey(key)}:`);
  const depth = 2 * missing.length;
  const body = [...heads, ' '.repeat(depth) + fitted(candidate, depth)].join(lineBreakOf(text));
  if (last) return onNewLine(text, last.end, column, body);
  const isFresh = text.length === textStart(text) || isBreak(text.at(-1));
  return { start: text.length, end: text.length, text: `${isFresh ? '' : lineBreakOf(text)}${body}` };
}

function pairOf(text: string, top: Node, path: readonly string[]): ReturnType<typeof pairsOf>[number] | undefined {
  const parent = mapAt(top, path.slice(0, -1), text);
  return isMap(parent) ? pairsOf(text, parent).find(({ key }) => key === path.at(-1)) : undefined;
}

/** After the line on which the offset is, for a comment may follow. */
function onNewLine(text: string, after: number, column: number, candidate: string): Change {
  let at = after;
  while (at < text.length && !isBreak(text[at])) at++;
  return { start: at, end: at, text: `${lineBreakOf(text)}${' '.repeat(column)}${fitted(candidate, column)}` };
}

/** The lines of a piece as they stand at another column; the first one without its blanks. */
function fitted(piece: string, column: number): string {
  const indent = /^ */.exec(piece)?.[0] ?? '';
  const [first = '', ...others] = piece.split('\n');
  const moved = others.map((line) => (line.startsWith(indent) ? ' '.repeat(column) + line.slice(indent.length) : line));
  return [first.slice(indent.length), ...moved].join('\n');
}
