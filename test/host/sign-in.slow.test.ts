// Real AI hosts, as npm gives them, that hold nothing but URLs of the gateway: each signs in by its own command, with a person in a browser, and its model then
// calls tools of two servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from '../walk/browser.ts';
import { until } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { walkPolicy } from '../walk/policy.ts';
import { deploySignIn, letIn, type SignInDeployment } from '../walk/sign-in.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import type { RealHost } from './host.ts';
import { opencode } from './opencode.ts';
import { folderOf, packageOf } from './run.ts';
import { talk } from './talk.ts';

let at: SignInDeployment;
const npx = (name: string) => ({ command: 'npx', args: ['-y', `@modelcontextprotocol/server-${name}`] });
beforeAll(async () => {
  // Codex would come with the document of its maker, which a machine without the Internet can not fetch: it then registers, as the others do.
  const file = { clientDocuments: 'none' };
  at = await deploySignIn({ policy: walkPolicy({ everything: { tools: ['echo'] }, memory: { tools: 'all' } }), file });
  await at.deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        everything: npx('everything'),
        memory: { ...npx('memory'), env: { MEMORY_FILE_PATH: join(at.deployment.dir, 'memory.json') } },
      },
    },
  });
  const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng' });
  for (const server of ['everything', 'memory'])
    await until(`${server} to be offered`, async () => {
      const answered = await modern(url(server), token, 'tools/list');
      return answered.body.result !== undefined;
    });
});
afterAll(() => at.close());
const url = (server: string) => `${at.deployment.origin}/g/eng/s/${server}/mcp`;

interface SigningIn {
  readonly host: RealHost;
  config(urls: Readonly<Record<string, string>>): string;
  login(server: string): readonly string[];
  /** It asks for a terminal. */
  readonly needsTerminal?: true;
}
const hosts: readonly SigningIn[] = [
  {
    host: claudeCode,
    config: (urls) => {
      const mcpServers = Object.fromEntries(Object.entries(urls).map(([name, of]) => [name, { type: 'http', url: of }]));
      return JSON.stringify({ hasCompletedOnboarding: true, mcpServers, projects: {} });
    },
    login: (server) => ['mcp', 'login', server],
    needsTerminal: true,
  },
  {
    host: codex,
    config: (urls) =>
      `mcp_oauth_credentials_store = "file"\n${codex.configText({}, '')}\n${Object.entries(urls)
        .map(([name, of]) => `[mcp_servers.${name}]\nurl = ${JSON.stringify(of)}\n`)
        .join(
          '\n',
        )}\n[mcp_servers.everything.tools.echo]\napproval_mode = "approve"\n[mcp_servers.memory.tools.read_graph]\napproval_mode = "approve"\n`,
    login: (server) => ['mcp', 'login', server],
  },
  {
    host: opencode,
    config(urls) {
      const text = opencode.configText({}, '');
      const config = JSON.parse(text.slice(text.indexOf('{')));
      config.permission = {};
      config.mcp = Object.fromEntries(
        Object.entries(urls).map(([name, of]) => [name, { type: 'remote', url: of, enabled: true }]),
      );
      return JSON.stringify(config);
    },
    login: (server) => ['mcp', 'auth', server],
  },
];

/** Runs the host's own command to sign in, and opens the address that it prints in the browser, as the person would. */
async function signIn(of: SigningIn, home: string, server: string, browser: Browser): Promise<void> {
  const program = of.host.program(folderOf(of.host));
  const { env } = of.host.ask({ text: '', modelUrl: 'http://127.0.0.1:9', allowed: '', needed: '' });
  const line = [program.file, ...program.args, ...of.login(server)];
  // A terminal that is wide enough for an address in one line.
  const inTerminal = ['script', '-qec', `stty cols 4000; exec ${line.map((word) => `'${word}'`).join(' ')}`, '/dev/null'];
  const [file = '', ...args] = of.needsTerminal ? inTerminal : line;
  const child = spawn(file, args, {
    cwd: join(home, 'work'),
    env: { PATH: '/usr/bin:/bin', HOME: home, LANG: 'C.UTF-8', NO_COLOR: '1', BROWSER: '/bin/true', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit');
  try {
    const authorize = /http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?[^\s\u001b\u0007]+/;
    const address = await until('the address to sign in at', async () => authorize.exec(said)?.[0], 30_000);
    const back = await letIn(browser, address, 'ada@example.org');
    await fetch(back);
    await ended;
  } catch (error) {
    throw new Error(`${of.host.id} said: ${said}`, { cause: error });
  } finally {
    child.kill('SIGKILL');
  }
}

describe.each(hosts.map((of) => [of.host.id, of] as const))('%s', (id, of) => {
  test('signs in to two servers by its own command, and calls a tool of each', async ({ skip }) => {
    const { name, version } = packageOf(of.host);
    if (!existsSync(folderOf(of.host))) skip(`${name}@${version} is not installed: node build/setup.mjs --hosts`);
    const home = join(at.deployment.dir, `${id}-home`);
    const file = join(home, of.host.config);
    await mkdir(dirname(file), { recursive: true });
    await mkdir(join(home, 'work'));
    await writeFile(file, of.config({ everything: url('everything'), memory: url('memory') }));
    const browser = at.browser();
    for (const server of ['everything', 'memory']) await signIn(of, home, server, browser);
    const echoed = await talk(of.host, home, {
      server: 'everything',
      tool: 'echo',
      arguments: { message: `hello of ${id}` },
      allowed: 'echo',
    });
    expect(echoed.result, echoed.output).toContain(`Echo: hello of ${id}`);
    const read = await talk(of.host, home, { server: 'memory', tool: 'read_graph', arguments: {}, allowed: 'read_graph' });
    expect(read.result, read.output).toContain('entities');
    const calls = (await at.deployment.records(300)).filter(
      (record) => record['method'] === 'tools/call' && record['host'] === id,
    );
    expect(new Set(calls.map((record) => record['tool']))).toEqual(new Set(['echo', 'read_graph']));
    for (const call of calls) expect(call).toMatchObject({ via: 'http', user: { name: 'ada' }, decision: 'allowed' });
  });
});
