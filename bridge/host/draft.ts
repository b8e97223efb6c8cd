// What is to be done to one config file: its entries, what each means, the text as it should be. Pure but for reading the file; the one place that decides what
// moves. A draft holds secrets, so it never leaves this folder; `FilePlan` is what others see of it.
import type { Finding } from '#contract/finding.ts';
import type { FilePlan, FoundServer, Move } from '#contract/host-report.ts';
import type { ConfigState, HostSpec } from '#contract/host.ts';
import type { Sealer } from '#contract/secret.ts';
import { Fault } from '#contract/error.ts';
import { readBackup } from './backup.ts';
import type { Change, Taken, Target, Written } from './change.ts';
import { samePath, sameWritten, writtenOf } from './change.ts';
import { diffOf } from './diff.ts';
import type { Edit, EditFormat, Reading } from './edit/edit.ts';
import { EditRefused } from './edit/edit.ts';
import type { ConfigFile } from './file.ts';
import { readConfig, sharedLimitBytes, shown } from './file.ts';
import { formatOf, whereUnread } from './format.ts';
import type { Form, Layout } from './layout.ts';
import { formFor } from './layout.ts';
import type { Ledger, LedgerEntry, LedgerFile } from './ledger.ts';
import { slugOf, withSlugs } from './ledger.ts';
import type { Seen } from './look.ts';
import { kindOf, look, scopeOf, serverOf } from './look.ts';
import { secretSpans } from './secret.ts';
import type { Ours } from './shape.ts';
import { addressAt, shimEntry, urlEntry, urlFields } from './shape.ts';
import { putBack } from './take.ts';
import { replacedIn } from './variable.ts';

export interface Draft extends Target {
  readonly shownAs: string;
  /** Of the bytes that were read. */
  readonly sha256?: string;
  readonly state: ConfigState;
  readonly servers: readonly FoundServer[];
  readonly moves: readonly Move[];
  readonly findings: readonly Finding[];
  /** Present where the file can be changed. */
  readonly change?: Change;
  /** With the slugs that this file's names got. */
  readonly ledger: Ledger;
}

export interface Aim extends Ours {
  /** Absent: every host gets the shim. */
  readonly layout?: Layout | undefined;
  /** Opens what is kept of entries that another layout took out; without it they stay out. */
  readonly kept?: { readonly stateDir: string; readonly sealer: Sealer } | undefined;
}

/** The entry that stands for all servers of the gateway. */
const nameOfAll = 'drawbridge';

/** Without an aim nothing is to change: the draft says only what is there. */
export async function draftOf(target: Target, home: string, ledger: Ledger, aim: Aim | undefined): Promise<Draft> {
  const { spec, path } = target;
  const at = { ...target, shownAs: shown(path, home) };
  const where = { host: spec.id, path: at.shownAs.slice(0, 500) };
  const { folder } = target;
  const file = await (folder === undefined ? readConfig(path, home) : readConfig(path, folder, sharedLimitBytes));
  if (!('text' in file)) {
    const findings = file.code ? [{ code: file.code, ...where, ...(file.reason && { detail: file.reason }) }] : [];
    return { ...at, state: file.state, servers: [], moves: [], findings, ledger };
  }
  const format = formatOf(spec);
  const own = format.read(file.text, spec.keys);
  if (!own.ok) {
    const findings = [{ code: 'unparseable' as const, ...where, detail: whereUnread(own) }];
    return { ...at, sha256: file.sha256, state: 'unparseable', servers: [], moves: [], findings, ledger };
  }

  const known = ledger.files.find((one) => one.path === file.realPath);
  const form = aim ? formFor(spec, aim.layout) : 'as_is';
  const back = await comeBack(file, spec, known, form, aim?.kept);
  const again = back.text === file.text ? own : format.read(back.text, spec.keys);
  const reading = again.ok ? again : own;
  const base = again.ok ? back.text : file.text;
  const named = withSlugs(
    ledger,
    reading.entries.map((entry) => entry.name),
  );
  const looking = { target, ledger: named, known, ours: aim, form, home };
  const seen = reading.entries.map((entry) => look(entry, looking));
  const findings: Finding[] = seen.flatMap((one) => one.findings.map((finding) => ({ ...finding, ...where })));
  for (const name of back.refused)
    findings.push({ code: 'edit_refused', ...where, detail: `"${name}" could not be put back into its place`.slice(0, 500) });
  if (file.isReadonly) findings.push({ code: 'config_readonly', ...where });
  const servers = seen.map(({ entry, meaning }) => ({
    name: entry.name,
    kind: kindOf(meaning),
    ...scopeOf(target, entry.path, home),
  }));
  const passing = ['shim', 'gateway', 'other', ...(aim ? [] : ['tampered'])];
  const isClean = seen.every(({ meaning }) => passing.includes(meaning.kind));
  const draft = { ...at, sha256: file.sha256, servers, ledger: named };
  if (file.isReadonly || aim === undefined)
    return { ...draft, state: file.isReadonly ? 'readonly' : isClean ? 'compliant' : 'drifted', moves: [], findings };

  const wanted = seen.flatMap((one) => (one.action === undefined ? [] : [{ ...one, action: one.action }]));
  const misread = wanted.filter(({ written }) => replacedIn(spec, textsOf(written)).length > 0);
  for (const { entry, meaning, written } of misread) {
    const replaced = replacedIn(spec, textsOf(written)).map((text) => `"${text}"`);
    const detail =
      `its host would fill in ${replaced.join(', ')} in what is to stand there: give Drawbridge a state directory (--state) or a GatewayURL without that`.slice(
        0,
        500,
      );
    findings.push({ code: 'edit_refused', ...where, server: serverOf(entry.name, meaning), detail });
  }
  const acting = wanted.filter((one) => !misread.includes(one));
  const edited = editAll(
    format,
    base,
    acting.map((one) => editOf(spec, one)),
  );
  const moves: Move[] = back.withdrawn.map((name) => ({ name, action: 'withdraw' }));
  const taken: Taken[] = [];
  const ours: Change['ours'][number][] = [];
  for (const { entry, action, written } of seen) if (action === undefined && written) ours.push({ path: entry.path, written });
  for (const [index, { entry, meaning, action, line, written }] of acting.entries()) {
    const detail = edited.refused.get(index);
    if (detail !== undefined) {
      findings.push({ code: 'edit_refused', ...where, server: serverOf(entry.name, meaning), detail });
      continue;
    }
    if (written) ours.push({ path: entry.path, written });
    if (line || action === 'take_out') taken.push({ entry, ...(line && { line }), ...(written && { written }) });
    moves.push({ name: entry.name, action, ...(action !== 'take_out' && { server: slugOf(named, entry.name) }) });
  }
  const added = form === 'gathered' ? standForAll(target, known, reading.entries, ours, addressAt(aim)) : undefined;
  let { after } = edited;
  if (added)
    try {
      after = format.addEntry(after, added.path, urlFields(spec, added.url));
      ours.push({ path: added.path, written: { kind: 'url', url: added.url } });
      moves.push({ name: added.name, action: 'add' });
    } catch (error) {
      if (!(error instanceof EditRefused)) throw error;
      findings.push({ code: 'edit_refused', ...where, detail: error.message });
    }
  // Looking for secrets costs more than all the rest, and a host may write its file again every second: only where something is to be kept or shown.
  const isChanged = after !== file.text;
  const secretsOf = (text: string, of: Reading): Change['secrets'] =>
    isChanged && of.ok ? secretSpans(text, spec, of.entries) : [];
  const secrets = secretsOf(file.text, own);
  const change: Change = {
    file,
    secrets,
    after,
    afterSecrets: isChanged ? secretsOf(after, format.read(after, spec.keys)) : [],
    base: base === file.text ? { text: base, secrets } : { text: base, secrets: secretsOf(base, reading) },
    taken,
    ours,
    ...(added && moves.some(({ action }) => action === 'add') && { added }),
    isUndone:
      base === file.text &&
      (acting.some((one, index) => !edited.refused.has(index) && isRevert(one, known)) ||
        (added !== undefined && known?.entries.some(({ kind }) => kind === 'added') === true)),
  };
  return { ...draft, state: isClean ? 'compliant' : 'drifted', moves, findings, change };
}

/**
 * The text with what another layout took out put back, and with the entry that stood for all taken out; whatever follows is as if it had never been so. Where
 * nobody else changed the file, that is the original without the URLs that left it.
 */
async function comeBack(
  { text, sha256 }: ConfigFile,
  spec: HostSpec,
  known: LedgerFile | undefined,
  form: Form,
  kept: Aim['kept'],
): Promise<{ readonly text: string; readonly refused: readonly string[]; readonly withdrawn: readonly string[] }> {
  const asItStands = { text, refused: [], withdrawn: [] };
  const others = (known?.entries ?? []).filter((entry) => entry.kind !== 'remote' && !isOfForm(entry, form));
  if (known === undefined || others.length === 0 || kept === undefined) return asItStands;
  const withdrawn = others.filter(({ kind }) => kind === 'added').map(({ name }) => name);
  const original = known.written.includes(sha256) ? await originalOf(spec, known, kept) : undefined;
  if (original !== undefined) return { text: original, refused: [], withdrawn };
  const gone = others.filter((entry) => entry.kind === 'added' || writtenOf(entry)?.kind === 'gathered');
  return gone.length === 0 ? asItStands : { ...putBack(text, spec, gone, kept.sealer), withdrawn };
}

function isOfForm(entry: LedgerEntry, form: Form): boolean {
  return form === 'as_is' || (entry.kind === 'added' ? form === 'gathered' : writtenOf(entry)?.kind === form);
}

/** Undefined where it can't be had: then the entries are put back one by one. */
async function originalOf(
  spec: HostSpec,
  { original, entries }: LedgerFile,
  { stateDir, sealer }: NonNullable<Aim['kept']>,
): Promise<string | undefined> {
  const format = formatOf(spec);
  try {
    const text = await readBackup(stateDir, original.backup, original.sha256, sealer);
    const reading = format.read(text, spec.keys);
    const there = (path: readonly string[]): boolean => reading.ok && reading.entries.some((entry) => samePath(entry.path, path));
    const gone = entries.filter(({ kind, path }) => kind === 'remote' && there(path)).map(({ path }) => ({ path }));
    return reading.ok ? format.edit(text, gone) : undefined;
  } catch (error) {
    if (error instanceof EditRefused || (error instanceof Fault && error.code === 'STATE_DAMAGED')) return undefined;
    throw error;
  }
}

/** The entry that stands for all, where it has to be put in: into the user's own files, and where entries of a project's file went. */
function standForAll(
  { spec, folder }: Target,
  known: LedgerFile | undefined,
  entries: readonly { readonly name: string; readonly path: readonly string[] }[],
  ours: Change['ours'],
  url: string,
): Change['added'] {
  const before = known?.entries.find(({ kind }) => kind === 'added');
  if (before && entries.some((entry) => samePath(entry.path, before.path))) return undefined;
  const isGathered =
    ours.some(({ written }) => written.kind === 'gathered') ||
    known?.entries.some((entry) => writtenOf(entry)?.kind === 'gathered') === true;
  const [keys] = spec.keys;
  if (keys === undefined || (folder !== undefined && !isGathered)) return undefined;
  const names = new Set([...entries, ...(known?.entries ?? []).filter(({ kind }) => kind !== 'added')].map(({ name }) => name));
  let name = nameOfAll;
  for (let count = 2; names.has(name); count++) name = `${nameOfAll}-${count}`;
  return { name, path: [...keys, name], url };
}

/** Whether what was there before is there again, or what we wrote is not what it was. A change of ours, of layout or gateway, is none. */
function isRevert({ entry, action, meaning, written }: Seen, known: LedgerFile | undefined): boolean {
  const old = known?.entries.find((one) => samePath(one.path, entry.path));
  if (old === undefined) return false;
  const before = writtenOf(old);
  switch (action) {
    case 'repair':
      return written !== undefined && sameWritten(before, written);
    case 'gather':
      return before?.kind === 'gathered' || !['shim', 'gateway'].includes(meaning.kind);
    default:
      return before?.kind !== 'gathered';
  }
}

/** What the host reads of an entry of ours. */
function textsOf(written: Written | undefined): readonly string[] {
  if (written?.kind === 'url') return [written.url];
  return written?.kind === 'shim' ? [written.shim.command, ...written.shim.args] : [];
}

function editOf(spec: HostSpec, { entry, written }: Seen): Edit {
  const { path, value } = entry;
  if (written?.kind === 'url') return { path, entry: urlEntry(spec, written.url, value) };
  return written?.kind === 'shim' ? { path, entry: shimEntry(spec, written.shim, value) } : { path };
}

/** All edits at once; where that is refused, one after the other, so that one odd entry does not keep the others. */
function editAll(
  format: EditFormat,
  text: string,
  edits: readonly Edit[],
): { after: string; refused: ReadonlyMap<number, string> } {
  const refused = new Map<number, string>();
  if (edits.length === 0) return { after: text, refused };
  try {
    return { after: format.edit(text, edits), refused };
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
  }
  let after = text;
  for (const [index, edit] of edits.entries())
    try {
      after = format.edit(after, [edit]);
    } catch (error) {
      if (!(error instanceof EditRefused)) throw error;
      refused.set(index, error.message);
    }
  return { after, refused };
}

/** What others may see of a draft. */
export function planOf({ spec, path, folder, shownAs, state, moves, findings, change }: Draft): FilePlan {
  const diff = change
    ? diffOf(shownAs, { text: change.file.text, secrets: change.secrets }, { text: change.after, secrets: change.afterSecrets })
    : '';
  return {
    host: spec.id,
    title: spec.title,
    path,
    shownAs,
    format: spec.format,
    scope: folder === undefined ? 'user' : 'project',
    state,
    moves: [...moves],
    findings: [...findings],
    diff,
  };
}
