// A config of each host that can sign in by itself, as its user has it, and as it is with a URL for each server and with one for all.
import { codex, vscode } from './fixture.ts';

export const gateway = 'https://mcp.example.org/g/eng';
export const url = (server: string): string => `${gateway}/s/${server}/mcp`;
export const all = `${gateway}/mcp`;

interface Case {
  readonly host: string;
  readonly path: string;
  readonly before: string;
  readonly preserve: string;
  readonly single: string;
}
export const cases: readonly Case[] = [
  {
    host: 'claude-code',
    path: '.claude.json',
    before: `{
  "numStartups": 7,
  "projects": { "/home/ada/work": { "allowedTools": ["mcp__notes__read"], "mcpServers": { "notes": { "command": "uvx", "args": ["notes"] } } } },
  "mcpServers": {
    "files": { "type": "stdio", "command": "npx", "args": ["-y", "files"], "env": { "A": "b" } }
  }
}
`,
    preserve: `{
  "numStartups": 7,
  "projects": { "/home/ada/work": { "allowedTools": ["mcp__notes__read"], "mcpServers": { "notes": { "type": "http", "url": "${url('notes')}" } } } },
  "mcpServers": {
    "files": { "type": "http", "url": "${url('files')}" }
  }
}
`,
    single: `{
  "numStartups": 7,
  "projects": { "/home/ada/work": { "allowedTools": ["mcp__notes__read"], "mcpServers": { } } },
  "mcpServers": { "drawbridge": { "type": "http", "url": "${all}" } }
}
`,
  },
  {
    host: 'cursor',
    path: '.cursor/mcp.json',
    before: `{ "mcpServers": {
  "files": { "type": "stdio", "command": "npx", "args": ["-y", "files"], "envFile": "/home/ada/.env" }
} }
`,
    preserve: `{ "mcpServers": {
  "files": { "url": "${url('files')}" }
} }
`,
    single: `{ "mcpServers": { "drawbridge": { "url": "${all}" } } }
`,
  },
  {
    host: 'vscode',
    path: vscode,
    before: `{
  "servers": {
    // of the team
    "files": {
      "command": "npx",
      "args": ["-y", "files"],
      "gallery": true,
    },
  },
}
`,
    preserve: `{
  "servers": {
    // of the team
    "files": {
      "type": "http",
      "url": "${url('files')}",
      "gallery": true,
    },
  },
}
`,
    single: `{
  "servers": { "drawbridge": { "type": "http", "url": "${all}" } 
    // of the team
  },
}
`,
  },
  {
    host: 'gemini-cli',
    path: '.gemini/settings.json',
    before: `{
  "mcpServers": { "files": { "command": "npx", "args": ["-y", "files"], "cwd": "/tmp", "trust": true } } // mine
}
`,
    preserve: `{
  "mcpServers": { "files": { "httpUrl": "${url('files')}", "trust": true } } // mine
}
`,
    single: `{
  "mcpServers": { "drawbridge": { "httpUrl": "${all}" } } // mine
}
`,
  },
  {
    host: 'opencode',
    path: '.config/opencode/opencode.jsonc',
    before: `{
  "mcp": {
    "files": { "type": "local", "command": ["npx", "-y", "files"], "environment": { "A": "b" }, "enabled": true }
  }
}
`,
    preserve: `{
  "mcp": {
    "files": { "type": "remote", "url": "${url('files')}", "enabled": true }
  }
}
`,
    single: `{
  "mcp": { "drawbridge": { "type": "remote", "url": "${all}" } }
}
`,
  },
  {
    host: 'codex',
    path: codex,
    before: `# mine
[mcp_servers.files]
command = "npx" # the latest
args = ["-y", "files"]
startup_timeout_sec = 20
[mcp_servers.files.env]
A = "b"
[mcp_servers.files.tools.read]
approval_mode = "approve"

[tui]
notifications = true
`,
    preserve: `# mine
[mcp_servers.files]
url = "${url('files')}"
startup_timeout_sec = 20
[mcp_servers.files.tools.read]
approval_mode = "approve"

[tui]
notifications = true
`,
    single: `# mine

[tui]
notifications = true

[mcp_servers.drawbridge]
url = "${all}"
`,
  },
  {
    host: 'goose',
    path: '.config/goose/config.yaml',
    before: `extensions:
  # mine
  files:
    enabled: true
    type: stdio
    name: files
    cmd: npx
    args: [-y, files]
    envs: {}
    timeout: 300
  memory:
    type: builtin
    name: memory
`,
    preserve: `extensions:
  # mine
  files:
    enabled: true
    type: "streamable_http"
    uri: "${url('files')}"
    name: files
    timeout: 300
  memory:
    type: builtin
    name: memory
`,
    single: `extensions:
  # mine
  memory:
    type: builtin
    name: memory
  drawbridge:
    type: "streamable_http"
    uri: "${all}"
`,
  },
];
