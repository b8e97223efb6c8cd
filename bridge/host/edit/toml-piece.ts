// An entry of a TOML document as pieces of text, and pieces put back into a document. A piece is a run of statements with no foreign one between.
import type { Piece } from './edit.ts';
import type { Change } from './text.ts';
import { applyChanges, beginsWith, lineBreakOf, textStart } from './text.ts';
import type { Pair, Statement } from './toml-scan.ts';
import { scanToml } from './toml-scan.ts';

interface Run {
  readonly form: Piece['form'];
  readonly under: readonly string[];
  readonly start: number;
  readonly end: number;
}

/** The entry's text, in the order in which it stands. Comments between its lines belong to it. */
export function piecesOf(text: string, statements: readonly Statement[], path: readonly string[]): readonly Piece[] {
  return runsOf(statements, path).map(({ form, under, start, end }) => ({ form, under, text: text.slice(start, end) }));
}

function runsOf(statements: readonly Statement[], path: readonly string[]): readonly Run[] {
  const runs: Run[] = [];
  let isOpen = false;
  for (const statement of statements) {
    const isOurs = beginsWith(statement.path, path);
    const last = runs.at(-1);
    if (isOurs && isOpen && last) runs[runs.length - 1] = { ...last, end: statement.end };
    else if (isOurs && statement.kind === 'header')
      runs.push({ form: 'section', under: [], start: statement.start, end: statement.end });
    else if (isOurs && statement.kind === 'pair')
      runs.push({ form: 'line', under: statement.under, start: statement.start, end: statement.end });
    else if (statement.kind === 'pair')
      for (const member of membersAt(statement, path))
        runs.push({ form: 'member', under: member.under, start: member.start, end: member.end });
    isOpen = isOurs;
  }
  return runs;
}

function membersAt(pair: Pair, path: readonly string[]): readonly Pair[] {
  if (!beginsWith(path, pair.path)) return [];
  return (pair.members ?? []).flatMap((member) => (beginsWith(member.path, path) ? [member] : membersAt(member, path)));
}

/** Puts the pieces where the entry stands now; undefined where it does not stand there in the same form. */
export function replacePieces(text: string, path: readonly string[], pieces: readonly Piece[]): string | undefined {
  const runs = runsOf(scanToml(text), path);
  const fits = runs.length > 0 && runs.every((run, index) => pieces[index] === undefined || isLike(run, pieces[index]));
  if (!fits) return undefined;
  const changes: Change[] = runs.map((run, index) => {
    const isLast = index === runs.length - 1;
    const texts = pieces.slice(index, isLast ? undefined : index + 1).map((piece) => piece.text);
    const body =
      run.form === 'member'
        ? texts.join(', ')
        : texts.map((part, at) => (at < texts.length - 1 ? ended(text, part) : part)).join('');
    const end = run.form === 'member' ? run.end : withComments(text, run.end, texts.join('\n'), text.slice(run.start, run.end));
    const isInside = run.form !== 'member' && end < text.length;
    return { start: run.start, end, text: isInside ? ended(text, body) : body };
  });
  return applyChanges(text, changes);
}

function isLike(run: Run, piece: Piece): boolean {
  return run.form === piece.form && run.under.length === piece.under.length && beginsWith(run.under, piece.under);
}

/** Comments that stood inside the entry and were left behind when its lines went: they come back with the piece, so they are taken up here. */
function withComments(text: string, from: number, piece: string, current: string): number {
  const lines = (of: string): readonly string[] => of.split('\n').map((line) => line.trim());
  const known = lines(piece).filter((line) => line.startsWith('#') && !lines(current).includes(line));
  let end = from;
  let at = from;
  while (at < text.length) {
    const next = text.indexOf('\n', at) === -1 ? text.length : text.indexOf('\n', at) + 1;
    const line = text.slice(at, next).trim();
    const found = known.indexOf(line);
    if (found !== -1) known.splice(found, 1);
    else if (line !== '') break;
    at = next;
    if (found !== -1) end = next;
  }
  return end;
}

/** Puts the pieces where entries of their form may stand. */
export function addPieces(text: string, pieces: readonly Piece[]): string {
  return pieces.reduce(insert, text);
}

function insert(text: string, piece: Piece): string {
  const statements = scanToml(text);
  if (piece.form === 'section') return ended(text, text) + piece.text;
  if (piece.form === 'member') return insertMember(text, statements, piece);
  const header = statements.findIndex(
    (statement) => statement.kind === 'header' && isLike({ ...piece, under: statement.path, start: 0, end: 0 }, piece),
  );
  if (piece.under.length > 0 && header === -1)
    return `${ended(text, text)}[${piece.under.map(spellKey).join('.')}]${lineBreakOf(text)}${piece.text}`;
  const next = statements.findIndex((statement, index) => index > header && statement.kind === 'header');
  const last = statements[next === -1 ? statements.length - 1 : next - 1];
  const at = last?.end ?? textStart(text);
  return ended(text, text.slice(0, at)) + (at < text.length ? ended(text, piece.text) : piece.text) + text.slice(at);
}

function insertMember(text: string, statements: readonly Statement[], piece: Piece): string {
  const table = statements
    .flatMap((statement) => (statement.kind === 'pair' ? tablesIn(statement) : []))
    .find((pair) => isLike({ ...piece, under: pair.path, start: 0, end: 0 }, piece));
  if (table === undefined) {
    const line = `${piece.under.map(spellKey).join('.')} = { ${piece.text} }${lineBreakOf(text)}`;
    return insert(text, { form: 'line', under: [], text: line });
  }
  const last = table.members?.at(-1);
  const at = last?.end ?? table.value.start + 1;
  const added = last ? `, ${piece.text}` : ` ${piece.text} `;
  return applyChanges(text, [{ start: at, end: at, text: added }]);
}

function tablesIn(pair: Pair): readonly Pair[] {
  return pair.members ? [pair, ...pair.members.flatMap(tablesIn)] : [];
}

/** The part with a line break at its end; nothing stays nothing. */
function ended(text: string, part: string): string {
  return part.slice(textStart(part)) === '' || part.endsWith('\n') ? part : part + lineBreakOf(text);
}

export function spellKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key).replaceAll('\u007f', '\\u007f');
}
