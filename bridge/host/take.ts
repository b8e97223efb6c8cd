// Between a draft and the ledger: an entry sealed for keeping, and entries put back into a text that others may have changed since.
import type { HostSpec } from '#contract/host.ts';
import type { Sealer } from '#contract/secret.ts';
import type { Change } from './change.ts';
import { samePath, writtenFields, writtenOf } from './change.ts';
import { formatOf } from './format.ts';
import type { Piece, Span } from './edit/edit.ts';
import { EditRefused } from './edit/edit.ts';
import { jsonFormat } from './edit/json.ts';
import type { LedgerEntry } from './ledger.ts';
import { openText, sealText } from './sealed-text.ts';
import type { SealedText } from './sealed-text.ts';
import { secretSpans } from './secret.ts';
import type { StdioLine } from './shape.ts';
import { isUrlEntry, meaningOf } from './shape.ts';
import type { Slug } from '#contract/id.ts';

const lineShape = {
  stdio: { command: 'command', args: 'args', env: 'env' },
  remote: { urls: [], headers: [], others: [] },
} satisfies Pick<HostSpec, 'stdio' | 'remote'>;

/** What the ledger keeps of the entries that a change takes from their places, and of the one that it puts in. */
export function takenEntries(change: Change, slug: (name: string) => Slug, sealer: Sealer): readonly LedgerEntry[] {
  const { taken, added, base } = change;
  const entries = taken.map(({ entry, line, written }): LedgerEntry => ({
    name: entry.name,
    path: [...entry.path],
    kind: line ? 'stdio' : 'remote',
    ...(line && { server: slug(entry.name), line: sealLine(line, sealer) }),
    ...writtenFields(written),
    pieces: entry.pieces.map((piece) => sealPiece(piece, base.text, base.secrets, sealer)),
  }));
  return added ? [...entries, { ...added, path: [...added.path], kind: 'added', pieces: [] }] : entries;
}

/** Every environment value, and arguments that look like secrets, sealed. */
function sealLine(line: StdioLine, sealer: Sealer): SealedText {
  const text = JSON.stringify({ of: { line } });
  const reading = jsonFormat(true).read(text, [['of']]);
  return sealText(text, secretSpans(text, lineShape, reading.ok ? reading.entries : []), sealer);
}

function sealPiece(
  { form, under, text }: Piece,
  whole: string,
  secrets: readonly Span[],
  sealer: Sealer,
): LedgerEntry['pieces'][number] {
  const at = whole.indexOf(text);
  const inside = secrets
    .map(({ start, end }) => ({ start: Math.max(start - at, 0), end: Math.min(end - at, text.length) }))
    .filter(({ start, end }) => start < end);
  return { form, under: [...under], text: sealText(text, inside, sealer) };
}

/**
 * The text with our entries given back. An entry that others removed or made their own stays as they want it; one that can't be put back is named in `refused`.
 */
export function putBack(
  text: string,
  spec: HostSpec,
  entries: readonly LedgerEntry[],
  sealer: Sealer,
): { readonly text: string; readonly refused: readonly string[] } {
  const format = formatOf(spec);
  const refused: string[] = [];
  const reading = format.read(text, spec.keys);
  if (!reading.ok) return { text, refused: entries.map((entry) => entry.name) };
  let result = text;
  for (const known of entries) {
    const { name, path, kind, pieces } = known;
    const there = reading.entries.find((entry) => samePath(entry.path, path));
    const isOurs = there !== undefined && isWritten(spec, there.value, known);
    const isOut = kind === 'remote' || writtenOf(known)?.kind === 'gathered';
    if (isOut ? there !== undefined : !isOurs) continue;
    try {
      if (kind === 'added') {
        result = format.edit(result, [{ path }]);
        continue;
      }
      const opened = pieces.map((piece) => ({ ...piece, text: openText(piece.text, sealer) }));
      result = format.putEntry(result, path, opened);
    } catch (error) {
      if (!(error instanceof EditRefused)) throw error;
      refused.push(name);
    }
  }
  return { text: result, refused };
}

/** Whether anything that we wrote stands in this text. */
export function hasOurs(text: string, spec: HostSpec, entries: readonly LedgerEntry[]): boolean {
  const reading = formatOf(spec).read(text, spec.keys);
  const there = reading.ok ? reading.entries : [];
  return entries.some((known) => there.some((entry) => samePath(entry.path, known.path) && isWritten(spec, entry.value, known)));
}

/** Whether what we wrote in the place of the entry still stands there, also where somebody changed it a little. */
function isWritten(spec: HostSpec, value: unknown, { shim, url }: LedgerEntry): boolean {
  if (url !== undefined) return isUrlEntry(spec, value, url) || JSON.stringify(value)?.includes(JSON.stringify(url)) === true;
  if (shim === undefined) return false;
  const ours = { launcher: shim.command, gatewayOrigin: '', gateway: '', home: '' };
  return ['shim', 'tampered'].includes(meaningOf(spec, value, shim, ours).kind);
}
