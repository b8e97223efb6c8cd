// Claude Code: `claude -p`, its servers in ~/.claude.json (for all folders, and for one), a tool allowed by a flag.
import { join } from 'node:path';
import { anthropic } from '../fake/model/anthropic.ts';
import type { RealHost } from './host.ts';

export const claudeCode: RealHost = {
  id: 'claude-code',
  wire: anthropic,
  permission: '--allowedTools mcp__everything__echo',
  refusal: /you haven't granted it yet/,
  config: '.claude.json',
  program: (folder) => ({
    file: process.execPath,
    args: [join(folder, 'node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs')],
  }),
  configText: (servers, folder) => {
    const { memory, ...others } = Object.fromEntries(
      Object.entries(servers).map(([name, { env = {}, ...line }]) => [name, { type: 'stdio', ...line, env }]),
    );
    // One server for every folder, one for this folder only: the two scopes of this file.
    const projects = { [folder]: { allowedTools: [], hasTrustDialogAccepted: true, mcpServers: { memory } } };
    return `${JSON.stringify({ hasCompletedOnboarding: true, mcpServers: others, projects }, undefined, 2)}\n`;
  },
  ask: ({ text, modelUrl, allowed }) => ({
    args: ['-p', text, '--allowedTools', allowed],
    env: {
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'none',
      // All tools stand in the request, and it waits for its servers before it asks.
      ENABLE_TOOL_SEARCH: 'false',
      MCP_CONNECTION_NONBLOCKING: 'false',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    },
  }),
  // In the gateway's own words.
  list: { args: ['mcp', 'list'], failed: /^memory: .*tools fetch failed.*is not approved/m },
  add: ['mcp', 'add', '--scope', 'user', 'rogue', '--', '/bin/cat'],
  toolName: (server, tool) => `mcp__${server}__${tool}`,
};
