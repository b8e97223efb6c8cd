// What is known of an AI host: the shape of a row of host-table.ts, and the states that a config file of it may be in.
// Rule: whatever differs from host to host is said in its row; no code asks for a host by its name.
import { z } from 'zod';

export type Platform = 'linux' | 'darwin' | 'win32';
export type HostFormat = 'json' | 'jsonc' | 'toml' | 'yaml';

/** How a host spells an entry that it starts as a program: the names of the fields. */
export interface StdioShape {
  readonly command: string;
  /** Absent: the command field is a list with the arguments in it. */
  readonly args?: string;
  /** A map from names to values; the values are secrets. */
  readonly env: string;
  readonly cwd?: string;
  /** Names a file of NAME=value lines. */
  readonly envFile?: string;
  /** A list of names whose values the host passes on from its own environment. */
  readonly envNames?: string;
  /** A list of names whose values the host keeps in a store of its own, where nobody else can read them. */
  readonly keptNames?: string;
  /** A field that holds the program's own text, so that it can't be started by anybody else. */
  readonly code?: string;
  /** A field that says the kind of entry, and what it says of this kind. `others`: kinds that the host serves by itself, whatever else stands there. */
  readonly type?: { readonly field: string; readonly value: string; readonly others?: readonly string[] };
}

/** How a host spells an entry that it reaches by a URL. */
export interface RemoteShape {
  /** Fields that may hold the URL. */
  readonly urls: readonly string[];
  /** Maps whose values are secrets. */
  readonly headers: readonly string[];
  /** Further fields that mean something for a remote entry only, or for how a program is started: dropped with the old entry. */
  readonly others: readonly string[];
  /**
   * How an entry of ours is spelled: the field of its URL, and the field that says its kind. Present where the host signs in by OAuth with nothing but the
   * URL; where it is absent the host gets the shim.
   */
  readonly own?: { readonly url: string; readonly type?: { readonly field: string; readonly value: string } };
}

export interface HostSpec {
  /** Stable: it stands in `connect --host <id>`, in records and in the profile's ManagedHosts. */
  readonly id: string;
  readonly title: string;
  readonly format: HostFormat;
  /** Where the entries stand: keys from the top; `*` stands for any key. */
  readonly keys: readonly (readonly string[])[];
  /**
   * The user's config files. Placeholders: `${HOME}`, `${XDG}`, `${APPSUP}`, `${APPDATA}`, `${LOCALAPPDATA}`, and `${NAME|HOME/rest}`: the environment's
   * NAME where it is set, else that place. `*` stands for any part of one name. All that exist are handled.
   */
  readonly files: Readonly<Record<Platform, readonly string[]>>;
  /** The same kind of file in a project's folder, relative to it. Others may share it. */
  readonly projectFiles: readonly string[];
  /** Key of a map in the user's file whose keys are folders of projects. */
  readonly projectsKey?: string;
  /** Base names of the programs that it runs as, without `.exe`; of the script where an interpreter runs it. */
  readonly programs: readonly string[];
  /** What shows that the host is there, where the folder of a config file does not: templates like those of `files`. */
  readonly signs?: readonly string[];
  readonly stdio: StdioShape;
  readonly remote: RemoteShape;
  /** What the host fills in when it starts a server, so that such an entry can't run without it: `${name}`; or `$name` as well; or `{env:name}`. */
  readonly variables: 'none' | 'braces' | 'dollar' | 'curly';
  /** What a user must do for a change to take effect. */
  readonly reload: 'live' | 'server_restart' | 'new_session' | 'host_restart';
}

/** Whose a config file or an entry is: the user's, everywhere; the user's in one project (`local`); or of a file in a project's folder. */
export const ConfigScope = z.enum(['user', 'local', 'project']);
export type ConfigScope = z.infer<typeof ConfigScope>;

/**
 * What is true of one config file. `compliant`: nothing in it passes the gateway by. `drifted`: something does. `readonly`, `foreign_owner`: we may not
 * write it. `unsupported`: not a file we change (a directory, too large, outside the home).
 */
export const ConfigState = z.enum(['compliant', 'drifted', 'missing', 'unparseable', 'readonly', 'foreign_owner', 'unsupported']);
export type ConfigState = z.infer<typeof ConfigState>;
