// TOML, edited by the spans of toml-scan. An entry may be written as tables, as dotted keys or inline, or as a mix; it keeps the form it has.
// Never reserialized: smol-toml only says what a text means, before and after.
import { parse, TomlError } from 'smol-toml';
import type { Edit, EditFormat, Field, Piece, RawEntry, Reading } from './edit.ts';
import { EditRefused, maxEntries, tooMany } from './edit.ts';
import { removeMembers } from './list.ts';
import type { Change } from './text.ts';
import { applyChanges, beginsWith, lineBreakOf, textStart } from './text.ts';
import { addPieces, piecesOf, replacePieces, spellKey } from './toml-piece.ts';
import type { Pair, Statement } from './toml-scan.ts';
import { scalarOf, scanToml } from './toml-scan.ts';
import { assertOnly, containersOf, editedValue, isPlain, valueAt } from './verify.ts';

export const tomlFormat: EditFormat = {
  read(text, keys) {
    const meaning = parseToml(text);
    if (!meaning.ok) return meaning;
    const { root } = meaning;
    let statements: readonly Statement[];
    try {
      statements = scanToml(text);
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : 'not understood', line: 1, column: 1 };
    }
    const entries: RawEntry[] = [];
    for (const container of keys.flatMap((key) => containersOf(root, key))) {
      const named = valueAt(root, container);
      if (!isPlain(named)) return { ok: false, reason: `${container.join('.')} is not a table`, line: 1, column: 1 };
      if (entries.length + Object.keys(named).length > maxEntries) return { ok: false, reason: tooMany, line: 1, column: 1 };
      for (const [name, value] of Object.entries(named)) {
        const path = [...container, name];
        const leaves = outermost(statements, path)
          .flatMap((pair) => pair.leaves)
          .filter((leaf) => beginsWith(leaf.path.map(String), path))
          .map(({ span, path: at }) => ({ path: at.slice(path.length), span, value: scalarOf(text, span) }));
        entries.push({ name, path, value, leaves, pieces: piecesOf(text, statements, path) });
      }
    }
    return { ok: true, root, entries };
  },
  edit(text, edits) {
    const before = mustParse(text);
    const expected = edits.map((edit) => editedValue(before, edit));
    // What is set comes first: it may take its place and form from a field that goes.
    const set = edits.flatMap(({ path, entry }) => (entry ? [{ path, entry: { ...entry, drop: [] } }] : []));
    const gone = edits.map(({ path, entry }) => (entry ? { path, entry: { ...entry, set: [] } } : { path }));
    const middle = applyChanges(text, changesOf(text, set));
    const after = applyChanges(middle, changesOf(middle, gone));
    assertOnly(before, mustParse(after), expected);
    return after;
  },
  putEntry(text, path, pieces) {
    const before = mustParse(text);
    const isThere = valueAt(before, path) !== undefined;
    const after = replacePieces(text, path, pieces) ?? addPieces(isThere ? tomlFormat.edit(text, [{ path }]) : text, pieces);
    assertOnly(before, mustParse(after), [{ path, expected: entryIn(path, pieces) }]);
    return after;
  },
  addEntry(text, path, fields) {
    const lineBreak = lineBreakOf(text);
    const pairs = fields.map(([name, value]) => `${name} = ${spell(value)}`);
    const gap = text.slice(textStart(text)).trim() === '' ? '' : lineBreak;
    const lines = [`[${path.map(spellKey).join('.')}]`, ...pairs].map((line) => line + lineBreak);
    const under = path.slice(0, -1);
    const section = { form: 'section', under: [], text: gap + lines.join('') } as const;
    const member = { form: 'member', under, text: `${spellKey(path.at(-1) ?? '')} = { ${pairs.join(', ')} }` } as const;
    try {
      return tomlFormat.putEntry(text, path, [section]);
    } catch (error) {
      // The entries stand inside an inline table, to which no section can add.
      if (!(error instanceof EditRefused)) throw error;
      return tomlFormat.putEntry(text, path, [member]);
    }
  },
};

/** What the pieces alone say. */
function entryIn(path: readonly string[], pieces: readonly Piece[]): unknown {
  return valueAt(mustParse(addPieces('', pieces)), path);
}

type Meaning = { readonly ok: true; readonly root: Readonly<Record<string, unknown>> };

function parseToml(text: string): Meaning | Extract<Reading, { ok: false }> {
  try {
    const root = asPlain(parse(text.slice(textStart(text)), { integersAsBigInt: 'asNeeded' }));
    return isPlain(root) ? { ok: true, root } : { ok: false, reason: 'not a table', line: 1, column: 1 };
  } catch (error) {
    if (error instanceof TomlError)
      return { ok: false, reason: error.message.split('\n')[0] ?? '', line: error.line, column: error.column };
    return { ok: false, reason: 'nested too deeply or not TOML', line: 1, column: 1 };
  }
}

/** The same data in ordinary objects: the parser's have no prototype, so they would never equal ours. */
function asPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asPlain);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asPlain(inner)]));
}

function mustParse(text: string): Readonly<Record<string, unknown>> {
  const meaning = parseToml(text);
  if (!meaning.ok) throw new EditRefused(meaning.reason);
  return meaning.root;
}

/** Every key-value, also those inside inline tables. */
function allPairs(statements: readonly Statement[]): readonly Pair[] {
  const inside = (pair: Pair): readonly Pair[] => [pair, ...(pair.members ?? []).flatMap(inside)];
  return statements.flatMap((statement) => (statement.kind === 'pair' ? inside(statement) : []));
}

/** The key-values that make up what stands at a path, without those inside another of them. A list of tables there is none of them. */
function outermost(statements: readonly Statement[], path: readonly string[]): readonly Pair[] {
  const inside = (pair: Pair): readonly Pair[] =>
    beginsWith(pair.path, path) ? [pair] : beginsWith(path, pair.path) ? (pair.members ?? []).flatMap(inside) : [];
  return statements.flatMap((statement) => (statement.kind === 'pair' ? inside(statement) : []));
}

/** Takes out all that stands at the paths. Comments on lines of their own stay. */
function removal(text: string, statements: readonly Statement[], paths: readonly (readonly string[])[]): Change[] {
  const gone = new Set<Pair>(paths.flatMap((path) => outermost(statements, path)));
  const changes: Change[] = [];
  for (const statement of statements) {
    const goes = statement.kind === 'pair' ? gone.has(statement) : paths.some((path) => beginsWith(statement.path, path));
    if (goes) changes.push({ start: statement.start, end: statement.end, text: '' });
  }
  for (const { members } of allPairs(statements))
    if (members?.some((member) => gone.has(member))) changes.push(...removeMembers(text, members, (member) => gone.has(member)));
  return changes;
}

/** All that goes is taken out in one, for members of one inline table may share a comma. */
function changesOf(text: string, edits: readonly Edit[]): readonly Change[] {
  const statements = scanToml(text);
  const gone: (readonly string[])[] = [];
  const changes: Change[] = [];
  for (const { path, entry } of edits) {
    if (entry === undefined) gone.push(path);
    else {
      const missing: Field[] = [];
      let anchor: Pair | undefined;
      for (const [name, value] of entry.set) {
        const at = [...path, name];
        const [there, ...more] = outermost(statements, at);
        if (there && more.length === 0 && samePath(there.path, at)) {
          changes.push({ ...there.value, text: spell(value) });
          anchor ??= there;
        } else {
          missing.push([name, value]);
          gone.push(at);
        }
      }
      gone.push(...entry.drop.map((name) => [...path, name]));
      if (missing.length > 0) changes.push(insertion(text, statements, path, anchor ?? ownField(statements, path), missing));
    }
  }
  return [...changes, ...removal(text, statements, gone)];
}

/** A field of the entry itself where that has no table of its own: what is put in takes its form. */
function ownField(statements: readonly Statement[], path: readonly string[]): Pair | undefined {
  const hasTable = statements.some((statement) => statement.kind === 'header' && samePath(statement.path, path));
  return hasTable
    ? undefined
    : outermost(statements, path)
        .flatMap(fieldsIn)
        .find((pair) => pair.path.length === path.length + 1);
}

function fieldsIn(pair: Pair): readonly Pair[] {
  return [pair, ...(pair.members ?? [])];
}

/** Puts fields after the one that is there, in its form; or else first in the entry's own table. */
function insertion(
  text: string,
  statements: readonly Statement[],
  path: readonly string[],
  anchor: Pair | undefined,
  fields: readonly Field[],
): Change {
  const line = statements.find((statement) => statement === anchor);
  if (anchor && line) {
    const lead = text.slice(line.start, anchor.lastKeyStart);
    return linesAfter(
      text,
      line.end,
      fields.map(([name, value]) => `${lead}${name} = ${spell(value)}`),
    );
  }
  if (anchor) {
    const lead = text.slice(anchor.keyStart, anchor.lastKeyStart);
    const added = fields.map(([name, value]) => `, ${lead}${name} = ${spell(value)}`).join('');
    return { start: anchor.value.end, end: anchor.value.end, text: added };
  }
  const header = statements.find((statement) => statement.kind === 'header' && samePath(statement.path, path));
  if (header)
    return linesAfter(
      text,
      header.end,
      fields.map(([name, value]) => `${name} = ${spell(value)}`),
    );
  throw new EditRefused('the entry has no place for its command');
}

function linesAfter(text: string, at: number, lines: readonly string[]): Change {
  const lineBreak = lineBreakOf(text);
  const isEnded = text[at - 1] === '\n';
  const body = isEnded ? lines.map((line) => line + lineBreak) : lines.map((line) => lineBreak + line);
  return { start: at, end: at, text: body.join('') };
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && beginsWith(a, b);
}

/** A basic string; JSON's escapes are TOML's, and U+007F must be escaped. */
function spell(value: string | readonly string[]): string {
  if (typeof value !== 'string') return `[${value.map(spell).join(', ')}]`;
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}
