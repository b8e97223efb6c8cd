// The table of AI hosts: where their config files lie, how an entry is spelled, what a change needs to take effect. Data, not code:
// a new host is a new row. A row says only what was read in the host's own documentation or source.
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
  /** A field that says the kind of entry, and what it says of this kind. */
  readonly type?: { readonly field: string; readonly value: string };
}

/** How a host spells an entry that it reaches by a URL. */
export interface RemoteShape {
  /** Fields that may hold the URL. */
  readonly urls: readonly string[];
  /** Maps whose values are secrets. */
  readonly headers: readonly string[];
  /** Further fields that mean something for a remote entry only, or for how a program is started: dropped with the old entry. */
  readonly others: readonly string[];
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
  readonly stdio: StdioShape;
  readonly remote: RemoteShape;
  /** The host can't use a URL from this file, so it always gets the shim. */
  readonly isStdioOnly: boolean;
  /** `braces`: the host fills `${name}` in when it starts a server, so such an entry can't run without it. */
  readonly variables: 'none' | 'braces';
  /** What a user must do for a change to take effect. */
  readonly reload: 'live' | 'server_restart' | 'new_session' | 'host_restart';
}

export const hosts: readonly HostSpec[] = [
  {
    id: 'claude-desktop',
    title: 'Claude Desktop',
    format: 'json',
    keys: [['mcpServers']],
    files: {
      darwin: ['${APPSUP}/Claude/claude_desktop_config.json'],
      // The Store build redirects %APPDATA% into its package; which of the two it reads depends on the build, so both are handled.
      win32: [
        '${APPDATA}/Claude/claude_desktop_config.json',
        '${LOCALAPPDATA}/Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json',
      ],
      linux: ['${XDG}/Claude/claude_desktop_config.json'],
    },
    stdio: { command: 'command', args: 'args', env: 'env', cwd: 'cwd', type: { field: 'type', value: 'stdio' } },
    remote: { urls: ['url', 'serverUrl'], headers: ['headers'], others: ['headersHelper', 'oauth', 'transport'] },
    isStdioOnly: true,
    variables: 'none',
    reload: 'host_restart',
  },
  {
    id: 'vscode',
    title: 'Visual Studio Code',
    format: 'jsonc',
    keys: [['servers']],
    files: {
      darwin: [
        '${APPSUP}/Code/User/mcp.json',
        '${APPSUP}/Code/User/profiles/*/mcp.json',
        '${APPSUP}/Code - Insiders/User/mcp.json',
        '${APPSUP}/Code - Insiders/User/profiles/*/mcp.json',
      ],
      win32: [
        '${APPDATA}/Code/User/mcp.json',
        '${APPDATA}/Code/User/profiles/*/mcp.json',
        '${APPDATA}/Code - Insiders/User/mcp.json',
        '${APPDATA}/Code - Insiders/User/profiles/*/mcp.json',
      ],
      linux: [
        '${XDG}/Code/User/mcp.json',
        '${XDG}/Code/User/profiles/*/mcp.json',
        '${XDG}/Code - Insiders/User/mcp.json',
        '${XDG}/Code - Insiders/User/profiles/*/mcp.json',
        '${HOME}/.vscode-server/data/User/mcp.json',
      ],
    },
    stdio: {
      command: 'command',
      args: 'args',
      env: 'env',
      cwd: 'cwd',
      envFile: 'envFile',
      type: { field: 'type', value: 'stdio' },
    },
    // A sandboxed or debugged shim could not reach the agent.
    remote: { urls: ['url'], headers: ['headers'], others: ['oauth', 'dev', 'sandbox', 'sandboxEnabled'] },
    isStdioOnly: false,
    variables: 'braces',
    reload: 'server_restart',
  },
  {
    id: 'codex',
    title: 'Codex',
    format: 'toml',
    keys: [['mcp_servers']],
    files: {
      darwin: ['${CODEX_HOME|HOME/.codex}/config.toml', '${CODEX_HOME|HOME/.codex}/*.config.toml'],
      win32: ['${CODEX_HOME|HOME/.codex}/config.toml', '${CODEX_HOME|HOME/.codex}/*.config.toml'],
      linux: ['${CODEX_HOME|HOME/.codex}/config.toml', '${CODEX_HOME|HOME/.codex}/*.config.toml'],
    },
    stdio: { command: 'command', args: 'args', env: 'env', cwd: 'cwd', envNames: 'env_vars' },
    // Codex refuses its whole config when a field of one kind stands beside a field of the other.
    remote: {
      urls: ['url'],
      headers: ['http_headers'],
      others: [
        'bearer_token',
        'bearer_token_env_var',
        'env_http_headers',
        'experimental_environment',
        'oauth',
        'oauth_resource',
        'scopes',
      ],
    },
    isStdioOnly: false,
    variables: 'none',
    reload: 'new_session',
  },
];

/**
 * What is true of one config file. `compliant`: nothing in it passes the gateway by. `drifted`: something does. `readonly`, `foreign_owner`: we may not
 * write it. `unsupported`: not a file we change (a directory, too large, outside the home).
 */
export const ConfigState = z.enum(['compliant', 'drifted', 'missing', 'unparseable', 'readonly', 'foreign_owner', 'unsupported']);
export type ConfigState = z.infer<typeof ConfigState>;
