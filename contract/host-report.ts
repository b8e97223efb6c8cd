// What discover, plan, converge and restore say of the AI hosts' configs: printed by the CLI, read by whoever started it. No secrets: diffs show [secret].
import { z } from 'zod';
import { Finding } from './finding.ts';
import { ConfigScope, ConfigState } from './host.ts';
import { Slug } from './id.ts';

/** An entry as it stands in a file. `shim`: it starts `drawbridge connect`. `gateway`: a URL of the gateway. `other`: neither a program nor a URL. */
export const FoundServer = z.looseObject({
  name: z.string(),
  kind: z.enum(['stdio', 'remote', 'gateway', 'shim', 'other']),
  scope: ConfigScope,
  /** The project's folder where the entry is `local`, as people read it. */
  project: z.string().optional(),
});
export type FoundServer = z.infer<typeof FoundServer>;

const file = {
  host: z.string(),
  title: z.string(),
  /** Absolute. */
  path: z.string(),
  /** The path as people read it: `~`-relative where it lies in the home. */
  shownAs: z.string(),
  format: z.enum(['json', 'jsonc', 'toml', 'yaml']),
  scope: z.enum(['user', 'project']),
};

/** One config file as it is: `compliant` here means that nothing but shims, gateway entries and the unusable stand in it. */
export const FoundFile = z.looseObject({
  ...file,
  state: ConfigState,
  servers: z.array(FoundServer),
  /** Of its bytes, where they could be read. */
  sha256: z.string().optional(),
  findings: z.array(Finding),
});
export type FoundFile = z.infer<typeof FoundFile>;

export const HostState = z.looseObject({
  id: z.string(),
  title: z.string(),
  /** A config file of it, or the folder for one, is there. */
  isInstalled: z.boolean(),
  reload: z.enum(['live', 'server_restart', 'new_session', 'host_restart']),
  /** The user took the gateway out of it: it is left alone until it is taken back. */
  undone: z.boolean(),
  /** The user may do so now. */
  mayUndo: z.boolean(),
  /** It runs since before its file was changed (ms since 1970), so it still works with the old one. */
  needsRestart: z.looseObject({ since: z.number() }).optional(),
  files: z.array(FoundFile),
});
export type HostState = z.infer<typeof HostState>;

/**
 * `rehome`: the program moves behind the bridge, and its entry leads to the gateway. `gather`: it moves, and its entry goes, for one entry stands for all.
 * `take_out`: a direct URL leaves the file. `repair`: our entry is set right. `add`, `withdraw`: the entry that stands for all comes or goes.
 */
export const Move = z.looseObject({
  name: z.string(),
  action: z.enum(['rehome', 'gather', 'take_out', 'repair', 'add', 'withdraw']),
  /** The name that the gateway knows it by; absent for what is taken out. */
  server: Slug.optional(),
});
export type Move = z.infer<typeof Move>;

export const FilePlan = z.looseObject({
  ...file,
  /** What is true before anything is done. */
  state: ConfigState,
  moves: z.array(Move),
  findings: z.array(Finding),
  /** Unified diff of what would change; empty where nothing would. */
  diff: z.string(),
});
export type FilePlan = z.infer<typeof FilePlan>;
export const Plan = z.looseObject({ files: z.array(FilePlan), findings: z.array(Finding) });
export type Plan = z.infer<typeof Plan>;

export const ConvergedFile = z.looseObject({
  ...FilePlan.shape,
  /** Whether the file was written. `state` and `findings` are what is true after that. */
  isWritten: z.boolean(),
  /** Of the bytes that were written, or else that were found, where they could be read. */
  sha256: z.string().optional(),
  /** Present where it could not be set right for a reason that may pass: when to try again. */
  againInMs: z.number().optional(),
});
export type ConvergedFile = z.infer<typeof ConvergedFile>;
export const ConvergeReport = z.looseObject({ files: z.array(ConvergedFile), findings: z.array(Finding) });
export type ConvergeReport = z.infer<typeof ConvergeReport>;

/**
 * `exact`: the bytes from before the first change are back. `merged`: the file was changed by others since, so our entries alone were put back.
 * `unchanged`: there was nothing to put back. `gone`: the file is not there any more. `refused`: it could not be put back; see the findings.
 */
export const RestoredFile = z.looseObject({
  ...file,
  result: z.enum(['exact', 'merged', 'unchanged', 'gone', 'refused']),
  /** Of the bytes that stand there now. */
  sha256: z.string().optional(),
  findings: z.array(Finding),
  diff: z.string(),
});
export type RestoredFile = z.infer<typeof RestoredFile>;
export const RestoreReport = z.looseObject({ files: z.array(RestoredFile), findings: z.array(Finding) });
export type RestoreReport = z.infer<typeof RestoreReport>;

/** A step of converge or restore on one file, in this order; for progress. Between any two of them the process may die and nothing is lost. */
export type HostStep =
  | 'planned'
  | 'backup_written'
  | 'ledger_written'
  | 'temp_written'
  | 'file_replaced'
  | 'ledger_settled'
  | 'done';
export interface HostProgress {
  readonly step: HostStep;
  readonly host: string;
  readonly shownAs: string;
  /** This file's place among all, from 1. */
  readonly index: number;
  readonly count: number;
}
