// A config of each AI host as a person keeps it: in the host's own spelling, with settings and comments of its own around the servers. All name the same ones.

export interface SampleServer {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Where each lies in a home on Linux, and its text. `documents`: a folder of the home. */
export function sampleConfigs(servers: readonly SampleServer[], documents: string): Readonly<Record<string, string>> {
  return {
    '.config/Claude/claude_desktop_config.json': claudeDesktop(servers),
    '.config/Code/User/mcp.json': vscode(servers),
    '.codex/config.toml': codex(servers),
    '.claude.json': claudeCode(servers, documents),
    '.cursor/mcp.json': cursor(servers),
    '.gemini/settings.json': geminiCli(servers),
    '.config/opencode/opencode.jsonc': opencode(servers),
    '.config/goose/config.yaml': goose(servers),
  };
}

const json = (value: unknown, indent: string | number = 2): string => `${JSON.stringify(value, null, indent)}\n`;
const entriesOf = (servers: readonly SampleServer[], more: object = {}): Readonly<Record<string, object>> =>
  Object.fromEntries(servers.map(({ name, args, env }) => [name, { ...more, command: 'npx', args, ...(env && { env }) }]));

/** As the app writes it: plain JSON, with settings of its own beside the servers. */
function claudeDesktop(servers: readonly SampleServer[]): string {
  return json({ globalShortcut: 'Alt+Space', mcpServers: entriesOf(servers), preferences: { menuBarEnabled: true } });
}

/** The whole state of the host, as it writes it; one server is there for one project only. */
function claudeCode(servers: readonly SampleServer[], documents: string): string {
  const [first, ...others] = servers;
  return json({
    numStartups: 42,
    tipsHistory: { 'new-user-warmup': 3, 'shift-enter': 17 },
    projects: {
      [documents]: {
        allowedTools: ['mcp__everything__echo'],
        mcpServers: entriesOf(first ? [first] : [], { type: 'stdio' }),
        hasTrustDialogAccepted: true,
      },
    },
    mcpServers: entriesOf(others, { type: 'stdio' }),
    hasCompletedOnboarding: true,
  });
}

function cursor(servers: readonly SampleServer[]): string {
  return json({ mcpServers: entriesOf(servers) }, '\t');
}

function geminiCli(servers: readonly SampleServer[]): string {
  const [open, ...lines] = json({ mcpServers: entriesOf(servers, { trust: false }), ui: { theme: 'Default' } }).split('\n');
  return [open, '  // servers of every session', ...lines].join('\n');
}

function opencode(servers: readonly SampleServer[]): string {
  const entries = servers.map(
    ({ name, args, env }) =>
      `    "${name}": { "type": "local", "command": ${JSON.stringify(['npx', ...args])}${env ? `, "environment": ${JSON.stringify(env)}` : ''}, "enabled": true },`,
  );
  return ['{', '  // what every project gets', '  "mcp": {', ...entries, '  },', '  "share": "disabled",', '}', ''].join('\n');
}

function goose(servers: readonly SampleServer[]): string {
  const entries = servers.flatMap(({ name, args, env }) => [
    `  ${name}:`,
    '    enabled: true',
    '    type: stdio',
    `    name: ${name}`,
    '    cmd: npx # found on the PATH',
    '    args:',
    ...args.map((arg) => `    - ${JSON.stringify(arg)}`),
    '    env_keys: []',
    ...(env ? ['    envs:', ...Object.entries(env).map(([key, value]) => `      ${key}: ${value}`)] : ['    envs: {}']),
    '    timeout: 300',
  ]);
  return [
    '# Goose: settings of this machine',
    'GOOSE_PROVIDER: openai',
    'extensions:',
    '  developer:',
    '    bundled: true',
    '    enabled: true',
    '    name: developer',
    '    type: builtin',
    '  # from the reference servers',
    ...entries,
    'GOOSE_MODE: smart_approve',
    '',
  ].join('\n');
}

/** As a person keeps it: comments, an input, a trailing comma. */
function vscode(servers: readonly SampleServer[]): string {
  const entries = servers.map(({ name, args, env }) =>
    [
      `\t\t// ${name}: from the reference servers`,
      `\t\t"${name}": {`,
      '\t\t\t"type": "stdio",',
      '\t\t\t"command": "npx",',
      `\t\t\t"args": ${JSON.stringify(args).replaceAll('","', '", "')},`,
      ...(env ? ['\t\t\t// what it learns is kept here', `\t\t\t"env": ${JSON.stringify(env)},`] : []),
      '\t\t},',
    ].join('\n'),
  );
  return [
    '{',
    '\t// MCP servers of this profile',
    '\t"servers": {',
    ...entries,
    '\t},',
    '\t"inputs": [',
    '\t\t{ "type": "promptString", "id": "issue-tracker-token", "description": "Token of the issue tracker", "password": true },',
    '\t],',
    '}',
    '',
  ].join('\n');
}

function codex(servers: readonly SampleServer[]): string {
  const tables = servers.map(({ name, args, env }) =>
    [
      '',
      `[mcp_servers.${name}]`,
      'command = "npx"',
      `args = [${args.map((arg) => JSON.stringify(arg)).join(', ')}]`,
      'startup_timeout_sec = 30 # the first start may have to look around',
      ...(env
        ? ['', `[mcp_servers.${name}.env]`, ...Object.entries(env).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)]
        : []),
    ].join('\n'),
  );
  return [
    '# Codex: settings of this machine',
    'approval_policy = "on-request"',
    'sandbox_mode = "workspace-write"',
    ...tables,
    '',
    '[tui]',
    'notifications = true # keep this one',
    '',
  ].join('\n');
}
