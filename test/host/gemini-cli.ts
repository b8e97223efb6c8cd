// Gemini CLI: `gemini -p`, its servers in ~/.gemini/settings.json, a tool allowed by a flag; without one it offers its model no tool that needs a yes.
import { join } from 'node:path';
import { gemini } from '../fake/model/gemini.ts';
import type { RealHost } from './host.ts';

export const geminiCli: RealHost = {
  id: 'gemini-cli',
  wire: gemini,
  permission: '--allowed-tools mcp_everything_echo',
  refusal: /Tool \\*"mcp_everything_get-sum\\*" not found/,
  config: '.gemini/settings.json',
  program: (folder) => ({
    file: process.execPath,
    args: [join(folder, 'node_modules/@google/gemini-cli/bundle/gemini.js')],
  }),
  configText: (mcpServers) => {
    const settings = {
      // In a folder that nobody trusts it starts no server.
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      mcpServers,
    };
    // The file may hold comments, and keeps them.
    return `// Written by hand.\n${JSON.stringify(settings, undefined, 2)}\n`;
  },
  ask: ({ text, modelUrl, allowed }) => ({
    // A model by name: else it first asks a smaller one which to take.
    args: ['-p', text, '--model', 'gemini-2.5-flash', '--allowed-tools', allowed],
    env: { GOOGLE_GEMINI_BASE_URL: modelUrl, GEMINI_API_KEY: 'none', GEMINI_CLI_NO_RELAUNCH: 'true' },
  }),
  add: ['mcp', 'add', '--scope', 'user', 'rogue', '/bin/cat'],
  toolName: (server, tool) => `mcp_${server}_${tool}`,
};
