// opencode: `opencode run`, its servers in ~/.config/opencode/opencode.json beside the permissions for their tools.
import { join } from 'node:path';
import { chat } from '../fake/model/chat.ts';
import type { RealHost } from './host.ts';

export const opencode: RealHost = {
  id: 'opencode',
  wire: chat,
  permission: '"permission": { "everything_*": "ask", "everything_echo": "allow" }',
  refusal: /rejected permission to use this specific tool call/,
  config: '.config/opencode/opencode.json',
  // Its own script would only copy this program.
  program: (folder) => ({
    file: join(folder, `node_modules/opencode-${process.platform}-${process.arch}/bin/opencode`),
    args: [],
  }),
  configText: (servers) => {
    const mcp = Object.fromEntries(
      Object.entries(servers).map(([name, { command, args, env: environment }]) => [
        name,
        { type: 'local', command: [command, ...args], ...(environment && { environment }) },
      ]),
    );
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      name: 'A model on loopback',
      options: { baseURL: '{env:LOOPBACK_MODEL}/v1', apiKey: 'none' },
      models: { loopback: { name: 'loopback' } },
    };
    const config = {
      autoupdate: false,
      share: 'disabled',
      model: 'loopback/loopback',
      small_model: 'loopback/loopback',
      provider: { loopback: provider },
      // Nobody is there to be asked, so to ask is to refuse. The last rule that matches counts.
      permission: { 'everything_*': 'ask', everything_echo: 'allow' },
      mcp,
    };
    return `// Written by hand.\n${JSON.stringify(config, undefined, 2)}\n`;
  },
  ask: ({ text, modelUrl }) => ({
    args: ['run', text, '--format', 'json'],
    env: {
      LOOPBACK_MODEL: modelUrl,
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      // It installs a package of its own for plugins beside its config, at each start.
      npm_config_offline: 'true',
    },
  }),
  list: { args: ['mcp', 'list'], failed: /✗ memory .*failed/ },
  // Without a name it asks questions.
  add: ['mcp', 'add', 'rogue', '--', '/bin/cat'],
  toolName: (server, tool) => `${server}_${tool}`,
};
