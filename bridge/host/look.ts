// What one entry of a config means, what is to become of it, and what is said of it. Pure: the table of what moves, by what the entry is, what we wrote there
// before, and what form the host's entries are to have.
import type { Finding } from '#contract/finding.ts';
import type { FoundServer, Move } from '#contract/host-report.ts';
import type { HostSpec } from '#contract/host.ts';
import type { Target, Written } from './change.ts';
import { samePath, writtenOf } from './change.ts';
import type { RawEntry } from './edit/edit.ts';
import { shown } from './file.ts';
import type { Form } from './layout.ts';
import type { Ledger, LedgerFile } from './ledger.ts';
import { slugOf } from './ledger.ts';
import type { Meaning, Ours, Shim, StdioLine } from './shape.ts';
import { addressAt, addressOf, isUrlEntry, meaningOf, shimOf } from './shape.ts';
import { filledIn, variablesIn } from './variable.ts';

export interface Seen {
  readonly entry: RawEntry;
  readonly meaning: Meaning;
  /** What it is once the action is done, where it is ours then; without an action: what it is. */
  readonly written?: Written;
  readonly action?: Move['action'];
  readonly line?: StdioLine;
  readonly findings: readonly Omit<Finding, 'host' | 'path'>[];
}

export interface Looking {
  readonly target: Target;
  /** With the slugs of this file's names. */
  readonly ledger: Ledger;
  readonly known: LedgerFile | undefined;
  /** Undefined while it is not known what the entries should say. */
  readonly ours: Ours | undefined;
  readonly form: Form;
  readonly home: string;
}

export function look(entry: RawEntry, { target, ledger, known, ours, form, home }: Looking): Seen {
  const { spec } = target;
  const around = ours ?? { launcher: '', gatewayOrigin: '', gateway: '', home };
  const server = slugOf(ledger, entry.name);
  const shim = shimOf(around, spec.id, server);
  const old = known?.entries.find((one) => samePath(one.path, entry.path));
  const before = old && writtenOf(old);
  const meaning = meaningOf(spec, entry.value, shim, around);
  const named = serverOf(entry.name, meaning);
  const url = addressAt(around, old?.kind === 'added' ? undefined : server);
  const base = { entry, meaning, findings: [] };
  const set = becoming(form, before, { shim, url }, old?.kind === 'added');
  const tampered = { code: 'gateway_entry_tamper', server: named } as const;

  switch (meaning.kind) {
    case 'stdio': {
      const asked = variablesIn(spec, meaning.line);
      if (asked.length > 0) {
        const detail = `only the host can fill in ${asked.map((name) => `\${${name}}`).join(', ')}`.slice(0, 500);
        return { ...base, findings: [{ code: 'needs_input', server: named, detail }] };
      }
      const written = becoming(form, undefined, { shim, url: addressAt(around, server) }, false);
      return {
        ...base,
        action: written.kind === 'gathered' ? 'gather' : 'rehome',
        written,
        line: inFolder(filledIn(spec, meaning.line, home), target.folder ?? localFolder(spec, entry.path)),
        findings: [{ code: 'direct_stdio', server: named }],
      };
    }
    case 'shim': {
      const is = { kind: 'shim', shim } as const;
      return set.kind === 'shim' ? { ...base, written: is } : { ...base, written: set, action: actionOf(set) };
    }
    case 'tampered': {
      // What we wrote ourselves is out of date, not tampered with: the launcher or the gateway is another now.
      const isOutdated =
        before?.kind === 'shim' &&
        ours !== undefined &&
        meaningOf(spec, entry.value, before.shim, { ...ours, launcher: before.shim.command }).kind === 'shim';
      // Nor can anything be said of it while it is not known what it should be.
      const isFine = ours === undefined || isOutdated;
      return { ...base, written: set, action: actionOf(set), findings: isFine ? [] : [tampered] };
    }
    case 'gateway':
    case 'remote': {
      if (before?.kind !== 'url') {
        if (meaning.kind === 'gateway') return base;
        return { ...base, action: 'take_out', findings: [{ code: 'direct_remote', server: named }] };
      }
      const isOurs = isUrlEntry(spec, entry.value, before.url);
      if (ours === undefined && isOurs) return { ...base, meaning: { kind: 'gateway', url: before.url }, written: before };
      if (isOurs && set.kind === 'url' && set.url === before.url) return { ...base, written: before };
      return { ...base, written: set, action: actionOf(set), findings: isOurs ? [] : [tampered] };
    }
    case 'code':
      return {
        ...base,
        findings: [{ code: 'direct_stdio', server: named, detail: 'its program stands in the entry itself' }],
      };
    case 'other':
      return base;
  }
}

/** What an entry of ours is to be. `before`: what we wrote there, which stays while nobody can say better. */
function becoming(
  form: Form,
  before: Written | undefined,
  { shim, url }: { readonly shim: Shim; readonly url: string },
  isAdded: boolean,
): Written {
  if (isAdded || form === 'url' || (form === 'as_is' && before?.kind === 'url')) return { kind: 'url', url };
  return form === 'gathered' ? { kind: 'gathered' } : { kind: 'shim', shim };
}

function actionOf(written: Written): Move['action'] {
  return written.kind === 'gathered' ? 'gather' : 'repair';
}

/** The folder of the project for which alone a user's entry counts: the key in the place of the `*`. */
function localFolder(spec: HostSpec, path: readonly string[]): string | undefined {
  const keys = spec.keys.find((one) => one.length === path.length - 1 && one.every((key, at) => key === '*' || key === path[at]));
  const at = keys?.indexOf('*') ?? -1;
  return at === -1 ? undefined : path[at];
}

export function scopeOf({ spec, folder }: Target, path: readonly string[], home: string): Pick<FoundServer, 'scope' | 'project'> {
  if (folder !== undefined) return { scope: 'project' };
  const local = localFolder(spec, path);
  return local === undefined ? { scope: 'user' } : { scope: 'local', project: shown(local, home).slice(0, 500) };
}

/** A host starts a project's servers in its folder. That counts where the line names something there; else the same line is the same server everywhere. */
function inFolder(line: StdioLine, folder: string | undefined): StdioLine {
  const isRelative = [line.command, ...line.args].some((word) => /^\.{1,2}(?:[\\/]|$)/.test(word));
  return folder === undefined || line.cwd !== undefined || !isRelative ? line : { ...line, cwd: folder };
}

export function serverOf(name: string, meaning: Meaning): NonNullable<Finding['server']> {
  const address = addressOf(meaning);
  return {
    name: name.slice(0, 200),
    kind: meaning.kind === 'remote' || meaning.kind === 'gateway' ? 'remote' : 'stdio',
    ...(address && { address }),
  };
}

export function kindOf(meaning: Meaning): FoundServer['kind'] {
  if (meaning.kind === 'code') return 'stdio';
  return meaning.kind === 'tampered' ? 'shim' : meaning.kind;
}
