// Codex: `codex exec`, its servers in ~/.codex/config.toml, a tool allowed in its server's own table there.
import { join } from 'node:path';
import { responses } from '../fake/model/responses.ts';
import type { RealHost } from './host.ts';

export const codex: RealHost = {
  id: 'codex',
  wire: responses,
  permission: '[mcp_servers.everything.tools.echo] approval_mode = "approve"',
  refusal: /requires approval/,
  config: '.codex/config.toml',
  program: (folder) => ({ file: process.execPath, args: [join(folder, 'node_modules/@openai/codex/bin/codex.js')] }),
  configText: (servers) => {
    const tables = Object.entries(servers).map(([name, { command, args, env }]) => {
      const variables = Object.entries(env ?? {}).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
      return [
        `[mcp_servers.${name}]`,
        `command = ${JSON.stringify(command)}`,
        `args = ${JSON.stringify(args)}`,
        ...(name === 'everything' ? ['default_tools_approval_mode = "prompt"'] : []),
        ...(variables.length > 0 ? [`[mcp_servers.${name}.env]`, ...variables] : []),
        ...(name === 'everything' ? ['[mcp_servers.everything.tools.echo]', 'approval_mode = "approve"'] : []),
      ].join('\n');
    });
    return `${head}\n${tables.join('\n\n')}\n`;
  },
  ask: ({ text, modelUrl, needed }) => ({
    args: [
      ...['exec', '--json', '--skip-git-repo-check'],
      ...['-c', `model_providers.loopback.base_url="${modelUrl}/v1"`],
      // What is not required may still be starting when Codex asks its model, about a second after its own start.
      ...['-c', `mcp_servers.${needed}.required=true`],
      text,
    ],
    env: {},
  }),
  add: ['mcp', 'add', 'rogue', '--', '/bin/cat'],
  toolName: (server, tool) => `mcp__${server}.${tool.replaceAll('-', '_')}`,
};

// Without plugins it does not look for their marketplace.
const head = `# Written by hand.
model = "gpt-5"
model_provider = "loopback"
check_for_update_on_startup = false

[analytics]
enabled = false

[features]
plugins = false
apps = false

[model_providers.loopback]
name = "A model on loopback"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`;
