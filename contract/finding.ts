// One thing that is wrong on the device, with a stable code. The table is what IT's tools and the user's words are made from; codes are never renamed.
// A finding holds no secret: a server is named by its name, its host or the base name of its executable, and a fingerprint.
import { z } from 'zod';

export const Severity = z.enum(['high', 'medium', 'low']);
/** `high`: the promise "only the gateway" does not hold. `medium`: it holds, but something the user or IT needs does not work. `low`: worth knowing. */
export type Severity = z.infer<typeof Severity>;

interface FindingEntry {
  readonly severity: Severity;
  readonly meaning: string;
  readonly action: string;
}

const table = {
  // what IT set
  profile_ignored: {
    severity: 'high',
    meaning: 'A profile file was not read, because it is not safe to trust or another one is in force.',
    action: 'Make it a regular file of root that only root can write, or remove it.',
  },
  profile_invalid: {
    severity: 'high',
    meaning: 'The profile, or a value in it, is not valid. The last good value is kept; at start the strictest is taken.',
    action: 'Correct the named setting. "drawbridge profile explain" shows what is accepted.',
  },
  profile_unknown_key: {
    severity: 'low',
    meaning: 'The profile holds a setting that this version does not know.',
    action: 'Correct its spelling, or update Drawbridge.',
  },
  gateway_unset: {
    severity: 'high',
    meaning: 'The profile names no gateway, so nothing is reached.',
    action: 'Set GatewayURL in the profile.',
  },
  gateway_choice: {
    severity: 'high',
    meaning: 'It is not clear which gateway the AI hosts are to use, so their configs are left alone.',
    action: 'Set GatewaySlug in the profile to one of the gateways that are granted to the user.',
  },
  // the device
  not_enrolled: {
    severity: 'high',
    meaning: 'This device is not enrolled with its gateway.',
    action: 'Run "drawbridge enroll" with a token from your administrator.',
  },
  enrollment_failed: {
    severity: 'high',
    meaning: 'The enrollment token of the profile was not accepted.',
    action: 'Put a new one-time token into the file that EnrollmentTokenFile names.',
  },
  secret_store_fallback: {
    severity: 'medium',
    meaning: "The operating system's secret store is not available: keys lie in a file that only the user can read.",
    action: 'Start and unlock the secret store (on Linux: a Secret Service such as gnome-keyring).',
  },
  tunnel_down: {
    severity: 'medium',
    meaning: 'There is no connection to the gateway now.',
    action: 'Check the network. Drawbridge keeps trying.',
  },
  tunnel_refused: {
    severity: 'high',
    meaning: 'The gateway refuses this workstation.',
    action: 'Ask the administrator to enroll it again.',
  },
  paused: {
    severity: 'medium',
    meaning:
      'The user paused Drawbridge: no AI host reaches a server on this device, none that starts the shim reaches the gateway, and changes of configs are not repaired.',
    action: 'It ends by itself. "drawbridge resume" ends it now.',
  },
  // AI hosts
  undone_by_user: {
    severity: 'high',
    meaning: 'The user took the gateway out of an AI host, as the profile allows, so it is left alone.',
    action: 'Run "drawbridge hosts converge", or set AllowUserUndo to false.',
  },
  direct_remote: {
    severity: 'high',
    meaning: 'An AI host is wired to a remote MCP server directly, past the gateway.',
    action: 'Add the server to the gateway and remove the entry.',
  },
  direct_stdio: {
    severity: 'high',
    meaning: 'An AI host starts a local MCP server directly, past the gateway.',
    action: 'Set EnforcementMode to enforce, run "drawbridge hosts converge", or remove the entry.',
  },
  project_config: {
    severity: 'high',
    meaning:
      "A file in a project's folder names an MCP server past the gateway. Others may share that file, so it was left alone.",
    action: 'Remove the entry, or set ProjectConfigMode to converge.',
  },
  needs_restart: {
    severity: 'high',
    meaning: 'An AI host runs since before its config was changed, so it still works with the old one.',
    action: 'Restart the AI host, or begin a new session in it.',
  },
  needs_input: {
    severity: 'high',
    meaning: 'An entry asks the user for a value when it starts, so it could not be moved behind the gateway.',
    action: 'Give the server to the user by LocalServers in the profile, or remove the entry.',
  },
  unparseable: {
    severity: 'high',
    meaning: "An AI host's config can't be read as what it should be. It was left alone.",
    action: 'Correct the file.',
  },
  config_readonly: {
    severity: 'high',
    meaning: "An AI host's config can't be written.",
    action: 'Give the user the right to write it.',
  },
  foreign_owner: {
    severity: 'high',
    meaning: "An AI host's config belongs to another user, or is no regular file. It was left alone.",
    action: "Correct the file's owner.",
  },
  config_unsupported: {
    severity: 'high',
    meaning: "An AI host's config lies outside the user's home, is too large, or is no regular file. It was left alone.",
    action: 'Move it into the home, or make it a smaller or a regular file.',
  },
  scan_failed: {
    severity: 'high',
    meaning: 'The AI hosts could not be looked at, so nothing is known of them.',
    action: 'Run "drawbridge doctor". If it stays, send a diagnostics bundle to your administrator.',
  },
  edit_refused: {
    severity: 'high',
    meaning:
      'An entry could not be changed without changing something else in its file, its host would read it otherwise than it is meant, or the file could not be written. It was left alone.',
    action:
      'Write the entry in the usual form, or remove it; let the user write the file and its folder. The detail says what the host would read otherwise.',
  },
  gateway_entry_tamper: {
    severity: 'high',
    meaning: 'An entry that points to the gateway was changed.',
    action: 'It is set right when EnforcementMode is enforce. Find out who changed it.',
  },
  rewrite_contended: {
    severity: 'high',
    meaning: 'An AI host keeps undoing our change of its config, so we stopped.',
    action: 'Quit the host, then run "drawbridge hosts converge".',
  },
  // local servers
  server_unresolved: {
    severity: 'medium',
    meaning: "The command of a local server can't be found, its package can't be installed, or its env file can't be read.",
    action: 'Install it, correct the env file, or remove the server.',
  },
  server_not_approved: {
    severity: 'medium',
    meaning: 'A local server waits for approval, so it does not run.',
    action: "Approve its fingerprint on the gateway, or list it in the profile's LocalServers.",
  },
  server_denied: {
    severity: 'medium',
    meaning: 'A local server is denied by the profile or by the gateway, so it does not run.',
    action: 'Remove the server, or ask the administrator.',
  },
  server_failing: {
    severity: 'medium',
    meaning: 'A local server ends again and again.',
    action: 'Run "drawbridge servers log" with its name for its last lines.',
  },
  server_conflict: {
    severity: 'medium',
    meaning: 'Two entries with the same name hold different commands.',
    action: 'Give one of them another name.',
  },
  code_not_hashed: {
    severity: 'medium',
    meaning: 'The fingerprint of a local server covers its interpreter and its arguments, not the code that these lead to.',
    action: "Name the script's file in the entry, or use a package.",
  },
  unpinned: {
    severity: 'low',
    meaning: 'The entry of a local server names no version. It was pinned to the one installed when it was taken over.',
    action: 'Name the version in the entry.',
  },
} as const satisfies Record<string, FindingEntry>;

export type FindingCode = keyof typeof table;
export const findingCodes = Object.keys(table) as readonly FindingCode[];
export const FindingCode = z.string().refine((code): code is FindingCode => Object.hasOwn(table, code), 'unknown finding code');

/** The table's entry for a code. */
export function findingOf(code: FindingCode): FindingEntry {
  return table[code];
}

export const Finding = z.strictObject({
  code: FindingCode,
  /** Id of the AI host it is about. */
  host: z.string().optional(),
  /** The file it is about, `~`-relative where it lies in the home. */
  path: z.string().optional(),
  server: z
    .strictObject({
      name: z.string(),
      kind: z.enum(['stdio', 'remote']),
      /** Host and port of a remote server, or the base name of the executable. */
      address: z.string().optional(),
      fingerprint: z.string().optional(),
    })
    .optional(),
  /** The setting it is about. */
  setting: z.string().optional(),
  /** What exactly, for a person; never a secret. Not part of the finding's identity. */
  detail: z.string().max(500).optional(),
});
export type Finding = z.infer<typeof Finding>;
