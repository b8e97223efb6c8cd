// A home that looks like a person's: config files of three AI hosts, one per format, each naming the same three local servers. Only files that are absent are
// made, and a marker tells such a home from a real one.
import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const marker = '.drawbridge-sample';

interface SampleServer {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Makes the sample files where they are absent. Twice is the same as once. */
export async function makeSampleHome(dir: string): Promise<void> {
  const documents = join(dir, 'Documents');
  const servers: readonly SampleServer[] = [
    { name: 'everything', args: ['-y', '@modelcontextprotocol/server-everything'] },
    { name: 'filesystem', args: ['-y', '@modelcontextprotocol/server-filesystem', documents] },
    {
      name: 'memory',
      args: ['-y', '@modelcontextprotocol/server-memory'],
      env: { MEMORY_FILE_PATH: join(dir, '.local', 'share', 'memory.jsonl') },
    },
  ];
  await mkdir(join(dir, '.local', 'share'), { recursive: true });
  await create(join(dir, marker), 'This home was made by Drawbridge as a sample. It may be removed.\n');
  await create(join(documents, 'welcome.txt'), 'This file is read through the gateway by the sample server "filesystem".\n');
  await create(join(dir, '.config', 'Claude', 'claude_desktop_config.json'), claudeDesktop(servers));
  await create(join(dir, '.config', 'Code', 'User', 'mcp.json'), vscode(servers));
  await create(join(dir, '.codex', 'config.toml'), codex(servers));
}

/** Whether makeSampleHome made this home. */
export async function isSampleHome(dir: string): Promise<boolean> {
  return access(join(dir, marker)).then(
    () => true,
    () => false,
  );
}

async function create(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}

/** As the app writes it: plain JSON, with settings of its own beside the servers. */
function claudeDesktop(servers: readonly SampleServer[]): string {
  const entries = servers.map(({ name, args, env }) => [name, { command: 'npx', args, ...(env && { env }) }]);
  const config = { globalShortcut: 'Alt+Space', mcpServers: Object.fromEntries(entries), preferences: { menuBarEnabled: true } };
  return `${JSON.stringify(config, null, 2)}\n`;
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
