// The host files, as a host sees them: a driver reads the converged file in its own format, starts exactly what the entry says, and calls a tool.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hosts } from '#contract/host-table.ts';
import { makeSampleHome } from '../../build/start/sample-home.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { programsIn } from './host-entry.ts';
import { walkPolicy } from './policy.ts';

const files = [
  { host: 'claude-desktop', path: '.config/Claude/claude_desktop_config.json', comment: undefined },
  { host: 'vscode', path: '.config/Code/User/mcp.json', comment: /^\s*\/\// },
  { host: 'codex', path: '.codex/config.toml', comment: /^#/m },
  { host: 'claude-code', path: '.claude.json', comment: undefined },
  { host: 'cursor', path: '.cursor/mcp.json', comment: undefined },
  { host: 'gemini-cli', path: '.gemini/settings.json', comment: /^\s*\/\// },
  { host: 'opencode', path: '.config/opencode/opencode.jsonc', comment: /^\s*\/\// },
  { host: 'goose', path: '.config/goose/config.yaml', comment: /^\s*#/ },
] as const;
const entries = (host: string, text: string) => {
  const spec = hosts.find(({ id }) => id === host);
  if (spec === undefined) throw new Error(`no host ${host}`);
  return programsIn(spec, text);
};
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let deployment: Deployment;
let workstation: Workstation;
let home: string;
const before = new Map<string, Buffer>();

beforeAll(async () => {
  deployment = await deploy({
    policy: walkPolicy({ everything: { tools: ['echo'] }, filesystem: { tools: 'all' }, memory: { tools: 'all' } }),
  });
  home = join(deployment.dir, 'home');
  await makeSampleHome(home);
  for (const { path } of files) before.set(path, await readFile(join(home, path)));
  workstation = await deployment.workstation({
    user: 'ada',
    home,
    profile: { GatewaySlug: 'eng', EnforcementMode: 'enforce', LocalServerApproval: 'gateway' },
  });
  const offered = await until(
    'the servers to be offered',
    async () => {
      const all: { server: string; fingerprint: string }[] = JSON.parse(await deployment.admin('server', 'offered', '--json'));
      return all.length >= 3 && all;
    },
    30_000,
  );
  for (const { server, fingerprint } of offered)
    await deployment.admin('server', 'approve', server, '--fingerprint', fingerprint);
}, 60_000);
afterAll(() => deployment.close());

describe.each(files)('$host', ({ host, path, comment }) => {
  test('its converged file names only the gateway, and its comments still stand', async () => {
    proves('walk.only-the-gateway', {
      file: 'bridge/host/shape.ts',
      find: "args: ['connect', '--host', host,",
      replace: "args: ['connect', '--host', 'any',",
    });
    const text = await readFile(join(home, path), 'utf8');
    const found = entries(host, text);
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(['everything', 'filesystem', 'memory']));
    for (const { name, ...entry } of found) {
      expect(entry.args).toEqual(['connect', '--host', host, `${deployment.origin}/g/eng/s/${name}/mcp`]);
      expect(entry.command).toMatch(/^\/.*\/drawbridge$/);
      expect(entry.command).not.toMatch(/\d+\.\d+\.\d+/);
    }
    expect(text).not.toMatch(/npx|dbh_|dbe_|server-(everything|filesystem|memory)/);
    if (comment) {
      const comments = (of: string) => of.split('\n').filter((line) => comment.test(line));
      expect(comments(text)).toEqual(comments(before.get(path)?.toString() ?? ''));
      expect(comments(text).length).toBeGreaterThan(0);
    }
  });

  test('starting exactly what each entry says calls a tool through the gateway', async () => {
    const calls = {
      everything: ['echo', { message: 'hi' }],
      filesystem: ['list_allowed_directories', {}],
      memory: ['read_graph', {}],
    } as const;
    const found = entries(host, await readFile(join(home, path), 'utf8'));
    for (const [name, [tool, args]] of Object.entries(calls)) {
      const entry = found.find((one) => one.name === name);
      if (!entry) throw new Error(`no entry ${name}`);
      const client = new Client({ name: host, version: '1' });
      // A host on a desktop has next to nothing on its PATH.
      await client.connect(
        new StdioClientTransport({
          command: entry.command,
          args: [...entry.args],
          env: { PATH: '/usr/bin:/bin', ...entry.env },
          stderr: 'pipe',
        }),
      );
      expect(await client.callTool({ name: tool, arguments: args })).toMatchObject({ content: [{ type: 'text' }] });
      await client.close();
    }
    // Beside its calls there is news of it: a host that came for the first time.
    const record = (await deployment.records(10)).findLast(({ method }) => method === 'tools/call');
    expect(record).toMatchObject({ via: 'shim', host, user: { name: 'ada' }, token: null, decision: 'allowed' });
  });
});

test('restore brings every file back byte for byte', async () => {
  await workstation.agent.stop();
  const done = await workstation.cli('hosts', 'restore', '--home', home, '--profile', workstation.profileFile, '--json');
  expect(done.code).toBe(0);
  for (const { path } of files)
    expect(sha256(await readFile(join(home, path)))).toBe(sha256(before.get(path) ?? Buffer.alloc(0)));
});
