// What is to be done to one config file: its entries, what each means, the text as it should be. Pure but for reading the file; the one place that decides what
// moves. A draft holds secrets, so it never leaves this folder; `FilePlan` is what others see of it.
import type { Finding } from '#contract/finding.ts';
import type { FilePlan, FoundServer, Move } from '#contract/host-report.ts';
import type { ConfigState, HostSpec } from '#contract/host.ts';
import { diffOf } from './diff.ts';
import type { Edit, EditFormat, RawEntry, Span } from './edit/edit.ts';
import { EditRefused } from './edit/edit.ts';
import type { ConfigFile } from './file.ts';
import { readConfig, shown } from './file.ts';
import { formatOf } from './format.ts';
import type { Ledger, LedgerFile } from './ledger.ts';
import { slugOf, withSlugs } from './ledger.ts';
import { secretSpans } from './secret.ts';
import type { Meaning, Ours, Shim, StdioLine } from './shape.ts';
import { addressOf, meaningOf, shimEntry, shimOf } from './shape.ts';
import { filledIn, variablesIn } from './variable.ts';

/** An entry that leaves its place, with what the ledger needs of it. */
export interface Taken {
  readonly entry: RawEntry;
  readonly line?: StdioLine;
  readonly shim?: Shim;
}

export interface Change {
  readonly file: ConfigFile;
  /** Of both texts; found only where they differ. */
  readonly secrets: readonly Span[];
  readonly after: string;
  readonly afterSecrets: readonly Span[];
  readonly taken: readonly Taken[];
  /** Every entry that is the shim in `after`. */
  readonly shims: readonly { readonly path: readonly string[]; readonly shim: Shim }[];
  /** Whether somebody changed what we had written. */
  readonly isUndone: boolean;
}

/** A config file of a host. */
export interface Target {
  readonly spec: HostSpec;
  readonly path: string;
  /** Of a file in a project's folder: that folder. Others may share the file. */
  readonly folder?: string;
}

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
  readonly gateway: string;
}

/** Without an aim nothing is to change: the draft says only what is there. */
export async function draftOf(target: Target, home: string, ledger: Ledger, aim: Aim | undefined): Promise<Draft> {
  const { spec, path } = target;
  const at = { ...target, shownAs: shown(path, home) };
  const where = { host: spec.id, path: at.shownAs.slice(0, 500) };
  const file = await readConfig(path, target.folder ?? home);
  if (!('text' in file)) {
    const findings = file.code ? [{ code: file.code, ...where, ...(file.reason && { detail: file.reason }) }] : [];
    return { ...at, state: file.state, servers: [], moves: [], findings, ledger };
  }
  const format = formatOf(spec);
  const reading = format.read(file.text, spec.keys);
  if (!reading.ok) {
    const detail = `line ${reading.line}, column ${reading.column}: ${reading.reason}`.slice(0, 500);
    const { sha256 } = file;
    return {
      ...at,
      sha256,
      state: 'unparseable',
      servers: [],
      moves: [],
      findings: [{ code: 'unparseable', ...where, detail }],
      ledger,
    };
  }

  const named = withSlugs(
    ledger,
    reading.entries.map((entry) => entry.name),
  );
  const known = ledger.files.find((one) => one.path === file.realPath);
  const seen = reading.entries.map((entry) => look(target, entry, named, known, aim, home));
  const findings = seen.flatMap((one) => one.findings.map((finding) => ({ ...finding, ...where })));
  if (file.isReadonly) findings.push({ code: 'config_readonly', ...where });
  const servers = seen.map(({ entry, meaning }) => ({
    name: entry.name,
    kind: kindOf(meaning),
    ...scopeOf(target, entry.path, home),
  }));
  const passing = ['shim', 'gateway', 'other', ...(aim ? [] : ['tampered'])];
  const isClean = seen.every(({ meaning }) => passing.includes(meaning.kind));
  const base = { ...at, sha256: file.sha256, servers, ledger: named };
  if (file.isReadonly || aim === undefined)
    return { ...base, state: file.isReadonly ? 'readonly' : isClean ? 'compliant' : 'drifted', moves: [], findings };

  const acting = seen.flatMap((one) => (one.action === undefined ? [] : [{ ...one, action: one.action }]));
  const { after, refused } = editAll(
    format,
    file.text,
    acting.map((one) => editOf(spec, one)),
  );
  const moves: Move[] = [];
  const taken: Taken[] = [];
  const shims = seen.flatMap(({ entry, meaning, expected }) =>
    meaning.kind === 'shim' ? [{ path: entry.path, shim: expected }] : [],
  );
  for (const [index, { entry, meaning, expected, action, line }] of acting.entries()) {
    const detail = refused.get(index);
    if (detail !== undefined) {
      findings.push({ code: 'edit_refused', ...where, server: serverOf(entry.name, meaning), detail });
      continue;
    }
    if (action === 'take_out') taken.push({ entry });
    else shims.push({ path: entry.path, shim: expected });
    if (line) taken.push({ entry, line, shim: expected });
    moves.push({ name: entry.name, action, ...(action !== 'take_out' && { server: slugOf(named, entry.name) }) });
  }
  // Looking for secrets costs more than all the rest, and a host may write its file again every second: only where something is to be kept or shown.
  const isChanged = after !== file.text;
  const secrets = isChanged ? secretSpans(file.text, spec, reading.entries) : [];
  const again = isChanged ? format.read(after, spec.keys) : reading;
  const afterSecrets = isChanged && again.ok ? secretSpans(after, spec, again.entries) : [];
  // What was there before is there again, or what we wrote is not what it was.
  const isUndone = acting.some(
    ({ entry, action, expected }, index) =>
      !refused.has(index) &&
      known?.entries.some(
        (old) =>
          samePath(old.path, entry.path) && (action !== 'repair' || (old.shim !== undefined && sameShim(old.shim, expected))),
      ) === true,
  );
  const change = { file, secrets, after, afterSecrets, taken, shims, isUndone };
  return { ...base, state: isClean ? 'compliant' : 'drifted', moves, findings, change };
}

function editOf(spec: HostSpec, { entry, expected, action }: Seen): Edit {
  return action === 'take_out' ? { path: entry.path } : { path: entry.path, entry: shimEntry(spec, expected, entry.value) };
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

interface Seen {
  readonly entry: RawEntry;
  readonly meaning: Meaning;
  readonly expected: Shim;
  readonly action?: Move['action'];
  readonly line?: StdioLine;
  readonly findings: readonly Omit<Finding, 'host' | 'path'>[];
}

function look(
  target: Target,
  entry: RawEntry,
  ledger: Ledger,
  known: LedgerFile | undefined,
  aim: Aim | undefined,
  home: string,
): Seen {
  const { spec } = target;
  const ours = aim ?? { launcher: '', gatewayOrigin: '', home };
  const expected = shimOf(ours, spec.id, aim?.gateway ?? '', slugOf(ledger, entry.name));
  const written = known?.entries.find((old) => samePath(old.path, entry.path))?.shim;
  const meaning = meaningOf(spec, entry.value, expected, ours);
  const server = serverOf(entry.name, meaning);
  const base = { entry, meaning, expected };
  switch (meaning.kind) {
    case 'stdio': {
      const asked = variablesIn(spec, meaning.line);
      if (asked.length > 0) {
        const detail = `only the host can fill in ${asked.map((name) => `\${${name}}`).join(', ')}`.slice(0, 500);
        return { ...base, findings: [{ code: 'needs_input', server, detail }] };
      }
      return {
        ...base,
        action: 'rehome',
        line: inFolder(filledIn(spec, meaning.line, home), target.folder ?? localFolder(spec, entry.path)),
        findings: [{ code: 'direct_stdio', server }],
      };
    }
    case 'remote':
      return { ...base, action: 'take_out', findings: [{ code: 'direct_remote', server }] };
    case 'tampered': {
      // What we wrote ourselves is out of date, not tampered with: the launcher or the gateway is another now.
      const isOutdated =
        written !== undefined &&
        aim !== undefined &&
        meaningOf(spec, entry.value, written, { ...aim, launcher: written.command }).kind === 'shim';
      // Nor can anything be said of it while it is not known what it should be.
      const isFine = aim === undefined || isOutdated;
      return { ...base, action: 'repair', findings: isFine ? [] : [{ code: 'gateway_entry_tamper', server }] };
    }
    case 'code':
      return { ...base, findings: [{ code: 'direct_stdio', server, detail: 'its program stands in the entry itself' }] };
    default:
      return { ...base, findings: [] };
  }
}

/** The folder of the project for which alone a user's entry counts: the key in the place of the `*`. */
function localFolder(spec: HostSpec, path: readonly string[]): string | undefined {
  const keys = spec.keys.find((one) => one.length === path.length - 1 && one.every((key, at) => key === '*' || key === path[at]));
  const at = keys?.indexOf('*') ?? -1;
  return at === -1 ? undefined : path[at];
}

function scopeOf({ spec, folder }: Target, path: readonly string[], home: string): Pick<FoundServer, 'scope' | 'project'> {
  if (folder !== undefined) return { scope: 'project' };
  const local = localFolder(spec, path);
  return local === undefined ? { scope: 'user' } : { scope: 'local', project: shown(local, home).slice(0, 500) };
}

/** A host starts a project's servers in its folder. That counts where the line names something there; else the same line is the same server everywhere. */
function inFolder(line: StdioLine, folder: string | undefined): StdioLine {
  const isRelative = [line.command, ...line.args].some((word) => /^\.{1,2}(?:[\\/]|$)/.test(word));
  return folder === undefined || line.cwd !== undefined || !isRelative ? line : { ...line, cwd: folder };
}

function serverOf(name: string, meaning: Meaning): NonNullable<Finding['server']> {
  const address = addressOf(meaning);
  return { name: name.slice(0, 200), kind: kindOf(meaning) === 'remote' ? 'remote' : 'stdio', ...(address && { address }) };
}

function kindOf(meaning: Meaning): FoundServer['kind'] {
  if (meaning.kind === 'gateway') return 'remote';
  if (meaning.kind === 'code') return 'stdio';
  return meaning.kind === 'tampered' ? 'shim' : meaning.kind;
}

function sameShim(a: Shim, b: Shim): boolean {
  return a.command === b.command && samePath(a.args, b.args);
}

export function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
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
