// Each row of the table of hosts against a config as that host keeps it: what moves, what stays, and the way back.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { restore } from '../../../bridge/host/restore.ts';
import type { Place } from './fixture.ts';
import { makePlace } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

const launcher = '/opt/drawbridge/drawbridge';
const url = (server: string): string => `https://mcp.example.org/g/eng/s/${server}/mcp`;

interface Case {
  readonly host: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly servers: readonly (readonly [name: string, command: string])[];
}

const cases: readonly Case[] = [
  {
    host: 'claude-code',
    path: '.claude.json',
    before: `{
  "numStartups": 7,
  "tipsHistory": { "a": 1 },
  "projects": {
    "/home/ada/work": {
      "allowedTools": ["mcp__files__read"],
      "mcpServers": {
        "notes": { "type": "stdio", "command": "uvx", "args": ["notes"], "env": {} },
        "web": { "type": "http", "url": "https://web.example.com/mcp" }
      }
    },
    "/home/ada/empty": { "mcpServers": {} }
  },
  "mcpServers": {
    "files": { "type": "stdio", "command": "npx", "args": ["-y", "files", "\${HOME}/Documents"], "env": { "A": "b" } },
    "asks": { "command": "npx", "args": ["asks"], "env": { "KEY": "\${KEY:-none}" } }
  },
  "oauthAccount": { "emailAddress": "ada@example.org" }
}`,
    after: `{
  "numStartups": 7,
  "tipsHistory": { "a": 1 },
  "projects": {
    "/home/ada/work": {
      "allowedTools": ["mcp__files__read"],
      "mcpServers": {
        "notes": { "type": "stdio", "command": "${launcher}", "args": ["connect", "--host", "claude-code", "${url('notes')}"] }
      }
    },
    "/home/ada/empty": { "mcpServers": {} }
  },
  "mcpServers": {
    "files": { "type": "stdio", "command": "${launcher}", "args": ["connect", "--host", "claude-code", "${url('files')}"] },
    "asks": { "command": "npx", "args": ["asks"], "env": { "KEY": "\${KEY:-none}" } }
  },
  "oauthAccount": { "emailAddress": "ada@example.org" }
}`,
    servers: [
      ['files', 'npx'],
      ['notes', 'uvx'],
    ],
  },
  {
    host: 'cursor',
    path: '.cursor/mcp.json',
    before: `{ "mcpServers": {
  "files": { "command": "npx", "args": ["-y", "files"], "envFile": "/home/ada/.env" },
  "web": { "url": "https://web.example.com/mcp", "headers": { "X": "y" } }
} }
`,
    after: `{ "mcpServers": {
  "files": { "command": "${launcher}", "args": ["connect", "--host", "cursor", "${url('files')}"] }
} }
`,
    servers: [['files', 'npx']],
  },
  {
    host: 'gemini-cli',
    path: '.gemini/settings.json',
    before: `{
  // my settings
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "files"], "cwd": "$HOME/work", "trust": true },
    "asks": { "command": "npx", "env": { "KEY": "$KEY" } },
    "web": { "httpUrl": "https://web.example.com/mcp" },
    "old": { "url": "https://old.example.com/sse", "type": "sse" }
  }
}
`,
    after: `{
  // my settings
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "mcpServers": {
    "files": { "command": "${launcher}", "args": ["connect", "--host", "gemini-cli", "${url('files')}"], "trust": true },
    "asks": { "command": "npx", "env": { "KEY": "$KEY" } }
  }
}
`,
    servers: [['files', 'npx']],
  },
  {
    host: 'opencode',
    path: '.config/opencode/opencode.jsonc',
    before: `{
  "$schema": "https://opencode.ai/config.json",
  "mcp": {
    "files": { "type": "local", "command": ["npx", "-y", "files"], "environment": { "A": "b" }, "enabled": true }, // mine
    "asks": { "type": "local", "command": ["npx", "{env:WHAT}"] },
    "web": { "type": "remote", "url": "https://web.example.com/mcp", "enabled": true },
  },
}
`,
    after: `{
  "$schema": "https://opencode.ai/config.json",
  "mcp": {
    "files": { "type": "local", "command": ["${launcher}", "connect", "--host", "opencode", "${url('files')}"], "enabled": true }, // mine
    "asks": { "type": "local", "command": ["npx", "{env:WHAT}"] },
  },
}
`,
    servers: [['files', 'npx']],
  },
  {
    host: 'goose',
    path: '.config/goose/config.yaml',
    before: `GOOSE_MODEL: m
extensions:
  developer:
    enabled: true
    type: builtin
    name: developer
    bundled: true
    cmd: ignored
  files:
    enabled: true
    type: stdio
    name: files
    # the program
    cmd: npx
    args:
    - -y
    - files
    env_keys: []
    envs:
      A: b
    timeout: 300
    bundled: true
  asks: { type: stdio, cmd: npx, args: [asks], env_keys: [TOKEN] } # "asks"
  web:
    type: streamable_http
    uri: https://web.example.com/mcp
    env_keys: [TOKEN]
`,
    after: `GOOSE_MODEL: m
extensions:
  developer:
    enabled: true
    type: builtin
    name: developer
    bundled: true
    cmd: ignored
  files:
    enabled: true
    type: stdio
    name: files
    # the program
    cmd: "${launcher}"
    args: ["connect", "--host", "goose", "${url('files')}"]
    timeout: 300
    bundled: true
  asks: { type: stdio, cmd: npx, args: [asks], env_keys: [TOKEN] } # "asks"
`,
    servers: [['files', 'npx']],
  },
];

describe.each(cases)('$host', ({ host, path, before, after, servers }) => {
  test('names only the gateway after converge, offers its programs, and gets its file back to the byte', async () => {
    await place.write(path, before);
    const report = await converge(place.request);
    expect(await place.text(path)).toBe(after);
    const expected = ['direct_remote', ...(before.includes('"asks"') ? ['needs_input'] : [])];
    expect([...new Set(report.findings.map(({ code }) => code))].toSorted()).toEqual(expected);
    const offered = await localServers(place.request);
    expect(offered.map(({ server, line }) => [server, line.command]).toSorted()).toEqual(servers);
    for (const { hosts } of offered) expect(hosts).toEqual([host]);
    expect((await restore(place.request)).files.map(({ result }) => result)).toEqual(['exact']);
    expect(await place.text(path)).toBe(before);
  });
});

test('a program that stands in its entry as text can not move, so it is reported', async () => {
  const text = 'extensions:\n  snippet: { type: inline_python, name: snippet, code: "print(1)" }\n';
  await place.write('.config/goose/config.yaml', text);
  const report = await converge(place.request);
  expect(report.findings).toMatchObject([{ code: 'direct_stdio', host: 'goose', server: { name: 'snippet', kind: 'stdio' } }]);
  expect(report.files.find(({ host }) => host === 'goose')).toMatchObject({ state: 'drifted', isWritten: false });
  expect(await place.text('.config/goose/config.yaml')).toBe(text);
});

test('a home that an entry names by a variable is filled in when the entry moves', async () => {
  await place.write(
    '.gemini/settings.json',
    '{"mcpServers": {"a": {"command": "$HOME/bin/a", "args": ["${HOME}/x", "$HOMES"]}, "b": {"command": "$HOME/bin/b"}}}',
  );
  await converge(place.request);
  expect((await localServers(place.request)).map(({ line }) => line.command)).toEqual([`${place.home}/bin/b`]);
});
