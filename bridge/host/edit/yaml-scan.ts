// A YAML text as a tree with offsets: what its maps hold and where each pair begins and ends, comments and line ends left out. The parser is the package's;
// here stands only what its ranges do not say. A text with an error, a key that stands twice or a second document is not read.
import type { Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isCollection, isMap, isPair, isScalar, parseDocument, Scalar } from 'yaml';
import { EditRefused } from './edit.ts';
import type { Member } from './list.ts';
import { isBreak, textStart } from './text.ts';
import { isPlain } from './verify.ts';

export interface YamlPair extends Member {
  readonly key: string;
  /** Offset of the colon; absent in a flow map that names a key only. */
  readonly colon: number | undefined;
  readonly value: Node | undefined;
}

export interface YamlText {
  readonly top: Node | undefined;
  readonly root: unknown;
}

export function parseYaml(text: string): YamlText | { readonly reason: string; readonly offset: number } {
  try {
    const document = parseDocument(text, {
      keepSourceTokens: true,
      uniqueKeys: true,
      strict: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    const [error] = document.errors;
    if (error) return { reason: error.message.slice(0, 200), offset: error.pos[0] };
    const top = document.contents ?? undefined;
    if (top === undefined || (isScalar(top) && top.value === null)) return { top: undefined, root: {} };
    return { top, root: document.toJS() };
  } catch {
    return { reason: 'nested too deeply, or more aliases than a config has', offset: 0 };
  }
}

export function mustParseYaml(text: string): YamlText & { readonly root: Readonly<Record<string, unknown>> } {
  const parsed = parseYaml(text);
  if ('reason' in parsed) throw new EditRefused(parsed.reason);
  const { top, root } = parsed;
  if (!isPlain(root)) throw new EditRefused('the top level is not a map');
  return { top, root };
}

export function mapAt(top: Node | undefined, path: readonly string[], text: string): Node | undefined {
  let node = top;
  for (const key of path) node = isMap(node) ? pairsOf(text, node).find((pair) => pair.key === key)?.value : undefined;
  return node;
}

/** The pairs of a map in their order. */
export function pairsOf(text: string, map: YAMLMap): readonly YamlPair[] {
  return map.items.flatMap((pair) => {
    const { key } = pair;
    if (!isScalar(key) || !key.range) return [];
    const colon = colonOf(pair);
    const value = nodeIn(pair.value);
    const end = pairEnd(text, pair);
    const comma = map.flow === true ? commaAfter(text, end) : undefined;
    return [{ key: String(key.value), colon, value, start: key.range[0], end, comma }];
  });
}

/** Offset after the last character of a node that is no comment, no blank and no line break. */
export function endOf(text: string, node: Node): number {
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (isPair(last)) return pairEnd(text, last);
    const inner = nodeIn(last);
    return inner ? endOf(text, inner) : (node.range?.[1] ?? 0);
  }
  let end = node.range?.[1] ?? 0;
  if (isScalar(node) && (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED))
    while (isBreak(text[end - 1])) end--;
  return end;
}

/** How far from the start of its line an offset is; a byte order mark does not count. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

export function lineStart(text: string, offset: number): number {
  let start = offset;
  while (start > textStart(text) && !isBreak(text[start - 1])) start--;
  return start;
}

function pairEnd(text: string, pair: Pair): number {
  const value = nodeIn(pair.value);
  const isWritten = value?.range && (isAlias(value) || value.range[1] > value.range[0]);
  if (isWritten) return endOf(text, value);
  const colon = colonOf(pair);
  if (colon !== undefined) return colon + 1;
  return isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
}

function colonOf(pair: Pair): number | undefined {
  return pair.srcToken?.sep?.find(({ type }) => type === 'map-value-ind')?.offset;
}

function nodeIn(value: unknown): Node | undefined {
  return isScalar(value) || isCollection(value) || isAlias(value) ? value : undefined;
}

function commaAfter(text: string, end: number): number | undefined {
  let at = end;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (text[at] !== '#') break;
    while (at < text.length && !isBreak(text[at])) at++;
  }
  return text[at] === ',' ? at : undefined;
}
