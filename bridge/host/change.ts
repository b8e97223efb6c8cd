// What is to become of one config file, and what of it the ledger must know. It holds secrets, so it never leaves this folder.
import type { HostSpec } from '#contract/host.ts';
import type { RawEntry, Span } from './edit/edit.ts';
import type { ConfigFile } from './file.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Shim, StdioLine } from './shape.ts';

/** A config file of a host. */
export interface Target {
  readonly spec: HostSpec;
  readonly path: string;
  /** Of a file in a project's folder: that folder. Others may share the file. */
  readonly folder?: string;
}

/** What stands in the place of an entry that we took over, or of none: the shim or a URL; `gathered`: nothing, one entry stands for all. */
export type Written =
  | { readonly kind: 'shim'; readonly shim: Shim }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'gathered' };

/** An entry that leaves its place, with what the ledger needs of it. */
export interface Taken {
  readonly entry: RawEntry;
  /** Absent of a URL that is taken out. */
  readonly line?: StdioLine;
  readonly written?: Written;
}

export interface Change {
  readonly file: ConfigFile;
  /** Of both texts; found only where they differ. */
  readonly secrets: readonly Span[];
  readonly after: string;
  readonly afterSecrets: readonly Span[];
  /** The text that the entries were read from: the file's, or what it is with entries of another layout put back. */
  readonly base: { readonly text: string; readonly secrets: readonly Span[] };
  readonly taken: readonly Taken[];
  /** Every entry of ours that stands in `after`, or was gathered from there. */
  readonly ours: readonly { readonly path: readonly string[]; readonly written: Written }[];
  /** The entry that stands for all, where it is put in by this change. */
  readonly added?: { readonly name: string; readonly path: readonly string[]; readonly url: string };
  /** Whether somebody changed what we had written. */
  readonly isUndone: boolean;
}

/** What we wrote in the place of this entry; undefined of a URL that was taken out. */
export function writtenOf({ kind, shim, url }: LedgerEntry): Written | undefined {
  if (shim !== undefined) return { kind: 'shim', shim };
  if (url !== undefined) return { kind: 'url', url };
  return kind === 'stdio' ? { kind: 'gathered' } : undefined;
}

/** As the ledger keeps it. */
export function writtenFields(written: Written | undefined): Pick<LedgerEntry, 'shim' | 'url'> {
  if (written?.kind === 'url') return { url: written.url };
  return written?.kind === 'shim' ? { shim: { command: written.shim.command, args: [...written.shim.args] } } : {};
}

export function sameWritten(a: Written | undefined, b: Written): boolean {
  if (a?.kind === 'shim' && b.kind === 'shim') return a.shim.command === b.shim.command && samePath(a.shim.args, b.shim.args);
  return a?.kind === 'url' && b.kind === 'url' ? a.url === b.url : a?.kind === b.kind;
}

export function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
