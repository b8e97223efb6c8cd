// What `npm run build` makes: four bundles that stand by themselves. Built in a copy of the repository, then read with the parser.
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bringTestElectron } from '../../build/setup/electron.mjs';
import { isNode, listFiles, nameOf, parse, walk } from '../architecture/source.ts';
import { proves } from '../requirement.ts';
import { type Scratch, copyRepository } from '../scratch.ts';

const repository = join(import.meta.dirname, '../..');

describe('the desktop bundles', () => {
  let scratch: Scratch;
  let files: readonly string[] = [];
  beforeAll(async () => {
    scratch = await copyRepository(repository);
    const tool = join(repository, 'node_modules/electron-vite/bin/electron-vite.js');
    await promisify(execFile)(process.execPath, [tool, 'build', '--config', 'electron.config.ts'], { cwd: scratch.root });
    files = await listFiles(scratch.root, 'out');
  });
  afterAll(async () => await scratch.close());

  const required = async (file: string) => {
    const names = new Set<string>();
    walk(parse(file, await readFile(join(scratch.root, file), 'utf8')).program, (node) => {
      if (node.type !== 'CallExpression' || nameOf(node['callee']) !== 'require' || !Array.isArray(node['arguments'])) return;
      const name: unknown = isNode(node['arguments'][0]) ? node['arguments'][0]['value'] : undefined;
      if (typeof name === 'string' && !isBuiltin(name) && !name.startsWith('.')) names.add(name);
    });
    return [...names].toSorted();
  };

  test('are four: main, agent, preload and page', () => {
    expect(files).toEqual(
      expect.arrayContaining(['out/main/main.cjs', 'out/main/agent.cjs', 'out/preload/preload.cjs', 'out/renderer/index.html']),
    );
  });

  test('stand apart: main never loads the agent into its own process', async () => {
    proves('companion.agent-apart', {
      file: 'electron.config.ts',
      find: "input: { main: at('main/main.ts') }",
      replace: "input: { main: at('main/main.ts'), agent: at('bridge/utility.ts') }",
    });
    const text = await readFile(join(scratch.root, 'out/main/main.cjs'), 'utf8');
    expect([...text.matchAll(/require\("(\.[^"]*)"\)/g)].map(([, path]) => path)).toEqual([]);
  });

  test('need nothing but Electron and the native keyring, and hold no database', async () => {
    proves('companion.bundle-closed', {
      file: 'electron.config.ts',
      find: "const external = ['@napi-rs/keyring', 'bufferutil', 'utf-8-validate'];",
      replace: "const external = ['@napi-rs/keyring', 'bufferutil', 'utf-8-validate', 'zod'];",
    });
    const scripts = files.filter((file) => file.endsWith('.cjs'));
    const names = new Set((await Promise.all(scripts.map(required))).flat());
    // The last two are optional parts of ws, which does without them.
    expect([...names].toSorted()).toEqual(['@napi-rs/keyring', 'bufferutil', 'electron', 'utf-8-validate']);
    expect(await required('out/preload/preload.cjs')).toEqual(['electron']);
  });

  test('name nothing of Node that the Electron of the tests lacks, but for what the agent brings along', async () => {
    proves('companion.bundle-older-node', {
      file: 'bridge/host/lock.ts',
      find: 'const held = await lock(',
      replace: "await import('node:sqlite');\n    const held = await lock(",
    });
    const missing =
      /node:sqlite|node:sea|Array\.fromAsync|Object\.groupBy|Symbol\.(?:asyncDispose|dispose)\b|styleText|getBuiltinModule|\.hash\(["']sha|parseEnv\(/g;
    // the posture's mirror does without SQLite where there is none
    const guarded = /require\("node:sqlite"\)[^;\n]{0,10}\.catch\(/;
    for (const file of files.filter((name) => name.startsWith('out/main/') && name.endsWith('.cjs')))
      expect((await readFile(join(scratch.root, file), 'utf8')).replace(guarded, '').match(missing), file).toBeNull();
    const agent = await readFile(join(scratch.root, 'out/main/agent.cjs'), 'utf8');
    // loaded before anything that might use it
    expect(agent.indexOf('Promise.withResolvers ??=')).toBeGreaterThan(0);
    expect(agent.indexOf('Promise.withResolvers ??=')).toBeLessThan(agent.indexOf('tracingChannel("pino_asJson")'));
  });

  test('have an agent that starts, enforces and ends in the Electron of the tests', async ({ skip }) => {
    const electron = await bringTestElectron(process.env).catch((error: Error) => error);
    if (electron instanceof Error) return skip(`there is no Electron for tests: ${electron.message}`);
    const home = join(scratch.root, 'home');
    const profile = join(home, 'profile.json');
    await mkdir(home, { recursive: true });
    await writeFile(profile, JSON.stringify({ GatewayURL: 'https://mcp.example.org', EnforcementMode: 'enforce' }), {
      mode: 0o600,
    });
    const args = ['--state', join(home, 'state'), '--home', home, '--profile', profile];
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    const stdio = ['ignore', 'pipe', 'ignore', 'ipc'] as const;
    const agent = fork(join(scratch.root, 'out/main/agent.cjs'), args, { execPath: electron.executable, env, stdio: [...stdio] });
    const ended = once(agent, 'exit');
    const [word] = await once(agent, 'message');
    expect(word).toMatchObject({ event: 'started', pid: agent.pid });
    agent.send({ order: 'stop' });
    expect(await ended).toEqual([0, null]);
  });

  test('have a page that loads its own scripts only', async () => {
    proves('companion.page-policy', {
      file: 'renderer/index.html',
      find: "script-src 'self'",
      replace: "script-src 'unsafe-inline'",
    });
    const page = await readFile(join(scratch.root, 'out/renderer/index.html'), 'utf8');
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page)?.[1]?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(page).not.toMatch(/https?:\/\//);
    expect(page.match(/<script[^>]*>/g)).toEqual([expect.stringContaining('src="./assets/')]);
  });
});
