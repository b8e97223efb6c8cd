// The table of AI hosts: where their config files lie, how an entry is spelled, what a change needs to take effect. Data, not code:
// a new host is a new row. A row says only what was read in the host's own documentation or source.
import type { HostSpec } from './host.ts';

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
    projectFiles: [],
    programs: ['Claude', 'claude-desktop'],
    stdio: { command: 'command', args: 'args', env: 'env', cwd: 'cwd', type: { field: 'type', value: 'stdio' } },
    remote: { urls: ['url', 'serverUrl'], headers: ['headers'], others: ['headersHelper', 'oauth', 'transport'] },
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
    projectFiles: ['.vscode/mcp.json'],
    programs: ['code', 'code-insiders'],
    stdio: {
      command: 'command',
      args: 'args',
      env: 'env',
      cwd: 'cwd',
      envFile: 'envFile',
      type: { field: 'type', value: 'stdio' },
    },
    // A sandboxed or debugged shim could not reach the agent.
    remote: {
      urls: ['url'],
      headers: ['headers'],
      others: ['oauth', 'dev', 'sandbox', 'sandboxEnabled'],
      own: { url: 'url', type: { field: 'type', value: 'http' } },
    },
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
    projectFiles: ['.codex/config.toml'],
    programs: ['codex'],
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
      own: { url: 'url' },
    },
    variables: 'none',
    reload: 'new_session',
  },
  {
    id: 'claude-code',
    title: 'Claude Code',
    // The file holds the whole state of the host, which writes it again from memory. An older version's file counts where it is there.
    format: 'json',
    keys: [['mcpServers'], ['projects', '*', 'mcpServers']],
    files: everywhere('${CLAUDE_CONFIG_DIR|HOME}/.claude.json', '${CLAUDE_CONFIG_DIR|HOME/.claude}/.config.json'),
    projectFiles: ['.mcp.json'],
    projectsKey: 'projects',
    programs: ['claude', 'claude-code'],
    // The folder of its file is the home itself, so that says nothing.
    signs: ['${CLAUDE_CONFIG_DIR|HOME}/.claude.json', '${CLAUDE_CONFIG_DIR|HOME/.claude}'],
    stdio: { command: 'command', args: 'args', env: 'env', cwd: 'cwd', type: { field: 'type', value: 'stdio' } },
    remote: {
      urls: ['url'],
      headers: ['headers'],
      others: ['headersHelper', 'oauth'],
      own: { url: 'url', type: { field: 'type', value: 'http' } },
    },
    variables: 'braces',
    reload: 'new_session',
  },
  {
    id: 'cursor',
    title: 'Cursor',
    format: 'json',
    keys: [['mcpServers']],
    files: everywhere('${HOME}/.cursor/mcp.json'),
    projectFiles: ['.cursor/mcp.json'],
    programs: ['cursor', 'cursor-agent'],
    stdio: {
      command: 'command',
      args: 'args',
      env: 'env',
      cwd: 'cwd',
      envFile: 'envFile',
      type: { field: 'type', value: 'stdio' },
    },
    remote: { urls: ['url', 'serverUrl'], headers: ['headers'], others: ['auth'], own: { url: 'url' } },
    variables: 'braces',
    reload: 'live',
  },
  {
    id: 'gemini-cli',
    title: 'Gemini CLI',
    format: 'jsonc',
    keys: [['mcpServers']],
    files: everywhere('${GEMINI_CLI_HOME|HOME}/.gemini/settings.json'),
    projectFiles: ['.gemini/settings.json'],
    programs: ['gemini', 'gemini-cli'],
    stdio: { command: 'command', args: 'args', env: 'env', cwd: 'cwd' },
    // The kind is told by which field is there; `type` says only how a URL is spoken to.
    remote: {
      urls: ['httpUrl', 'url', 'tcp'],
      headers: ['headers'],
      others: ['type', 'oauth', 'authProviderType', 'targetAudience', 'targetServiceAccount'],
      own: { url: 'httpUrl' },
    },
    variables: 'dollar',
    reload: 'new_session',
  },
  {
    id: 'opencode',
    title: 'opencode',
    format: 'jsonc',
    keys: [['mcp']],
    // All three are read and merged.
    files: everywhere('${XDG}/opencode/opencode.json', '${XDG}/opencode/opencode.jsonc', '${XDG}/opencode/config.json'),
    projectFiles: ['opencode.json', 'opencode.jsonc', '.opencode/opencode.json', '.opencode/opencode.jsonc'],
    programs: ['opencode'],
    stdio: { command: 'command', env: 'environment', cwd: 'cwd', type: { field: 'type', value: 'local' } },
    remote: {
      urls: ['url'],
      headers: ['headers'],
      others: ['oauth'],
      own: { url: 'url', type: { field: 'type', value: 'remote' } },
    },
    variables: 'curly',
    reload: 'new_session',
  },
  {
    id: 'goose',
    title: 'Goose',
    format: 'yaml',
    keys: [['extensions']],
    files: {
      linux: ['${XDG}/goose/config.yaml'],
      darwin: ['${XDG}/goose/config.yaml'],
      win32: ['${APPDATA}/Block/goose/config/config.yaml'],
    },
    // What the host brings with it is told by its kind: `bundled: true` alone says nothing, for anybody can write it.
    projectFiles: [],
    programs: ['goose', 'goosed'],
    stdio: {
      command: 'cmd',
      args: 'args',
      env: 'envs',
      cwd: 'cwd',
      keptNames: 'env_keys',
      code: 'code',
      type: { field: 'type', value: 'stdio', others: ['builtin', 'platform', 'frontend'] },
    },
    remote: {
      urls: ['uri', 'url'],
      headers: ['headers'],
      others: ['socket'],
      own: { url: 'uri', type: { field: 'type', value: 'streamable_http' } },
    },
    variables: 'none',
    reload: 'new_session',
  },
];

/** A host that keeps its files at the same places on every platform. */
function everywhere(...files: readonly string[]): HostSpec['files'] {
  return { linux: files, darwin: files, win32: files };
}
