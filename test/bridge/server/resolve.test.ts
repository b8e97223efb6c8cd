// From a launch line to the exact process, by real packages, real executables and a real npm against a registry on loopback.
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { offerOf } from '../../../bridge/server/launch.ts';
import type { ResolveDeps } from '../../../bridge/server/question.ts';
import { resolveLaunch } from '../../../bridge/server/resolve.ts';
import { createHasher } from '../../../bridge/server/content.ts';
import { startRegistry } from '../../fake/registry.ts';
import { proves } from '../../requirement.ts';
import { fake, faultOf, freshFolder, hear, open, poolOf, repository, resolveDeps, send, sourceOf } from './fixture.ts';

const memory = '@modelcontextprotocol/server-memory';

async function resolve(words: readonly string[], change: Partial<ResolveDeps> = {}, env = {}) {
  const stateDir = change.stateDir ?? (await freshFolder());
  const [command = '', ...args] = words;
  return resolveLaunch(sourceOf('one', { command, args, env }), resolveDeps(stateDir, change));
}

async function writePackage(modules: string, name: string, version: string, more = {}): Promise<string> {
  const folder = join(modules, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version, bin: 'main.js', ...more }));
  await writeFile(
    join(folder, 'main.js'),
    '#!/usr/bin/env node\nprocess.stdin.on("data", (line) => process.stdout.write(line));\n',
  );
  return folder;
}

describe('an npx line', () => {
  test("is resolved to Node, the script of the package that is installed, and the entry's arguments", async () => {
    const version = JSON.parse(await readFile(join(repository, 'node_modules', memory, 'package.json'), 'utf8')).version;
    const launch = await resolve(['npx', '-y', memory, '--flag'], {}, { MEMORY_FILE: '/x' });
    expect(launch.file).toBe(process.execPath);
    expect(launch.args.slice(1)).toEqual(['--flag']);
    expect(launch.args[0]).toMatch(/server-memory\/dist\/index\.js$/);
    expect(launch.command).toMatchObject({
      kind: 'npm',
      identity: memory,
      version,
      args: ['--flag'],
      environmentNames: ['MEMORY_FILE'],
    });
  });

  test('is the same command however npx is spelled', async () => {
    const spellings = [
      ['npx', memory],
      ['/usr/local/bin/npx', '--yes', memory],
      ['npx', '-y', `${memory}@latest`],
      ['npm', 'exec', '--', memory],
      ['npx', '--package', memory, '--', 'mcp-server-memory'],
    ];
    const fingerprints = await Promise.all(spellings.map(async (words) => (await resolve(words)).fingerprint));
    expect(new Set(fingerprints).size).toBe(1);
  });

  test.each([
    [['npx', `${memory}@^2026.0.0`], /pin an exact version/],
    [['npx', `${memory}@next`], /pin an exact version/],
    [['npx', `${memory}@1.0.0`], /not on this device/],
    [['npx', 'no-such-package-anywhere'], /not on this device/],
    [['npx', 'github:someone/something'], /not the name of a registry package/],
    [['npx', '-p', '--prefix', 'x'], /not the name of a registry package/],
    [['npx', '--', '-g'], /not the name of a registry package/],
    [['npx', '@-a/b'], /not the name of a registry package/],
    [['npx', '../../evil'], /not the name of a registry package/],
    [['npx', '-c', 'rm -rf x'], /option -c of npx is not understood/],
    [['npx', '-y'], /given no package/],
    [['npx', '-p', memory, 'other-command'], /has no command "other-command"/],
    [['bunx', memory], /write the entry with npx/],
    [['pnpm', 'dlx', memory], /write the entry with npx/],
    [['no-such-program-anywhere'], /not installed/],
  ])('%j is refused with a reason', async (words, reason) => {
    const fault = await faultOf(resolve(words));
    expect(fault.code).toBe('SERVER_START_FAILED');
    expect(fault.message).toMatch(reason);
  });

  test("is searched in the profile's package roots first, and takes only the version that it names", async () => {
    const folder = await freshFolder();
    const roots = [join(folder, 'one'), join(folder, 'two')];
    await writePackage(join(folder, 'one', 'node_modules'), 'a-server', '1.0.0');
    await writePackage(join(folder, 'two', 'node_modules'), 'a-server', '2.0.0');
    await writePackage(join(folder, 'home', 'node_modules'), 'a-server', '3.0.0');
    const change = { packageRoots: roots, home: join(folder, 'home') };
    const versions = ['a-server', 'a-server@2.0.0', 'a-server@3.0.0'].map(
      async (spec) => (await resolve(['npx', spec], change)).command.version,
    );
    expect(await Promise.all(versions)).toEqual(['1.0.0', '2.0.0', '3.0.0']);
  });

  test('never runs a script that lies outside of its package', async () => {
    const folder = await freshFolder();
    await writePackage(join(folder, 'node_modules'), 'a-server', '1.0.0', { bin: '../../evil.js' });
    await writeFile(join(folder, 'evil.js'), '');
    expect((await faultOf(resolve(['npx', 'a-server'], { home: folder }))).message).toContain('outside of its package');
  });
});

describe('a fingerprint', () => {
  test('changes with the content, the arguments, the names of variables and the values of those that load code', async () => {
    proves('local-server.fingerprint', {
      file: 'bridge/server/content.ts',
      find: '${JSON.stringify(path.name)} ${content}',
      replace: '${JSON.stringify(path.name)}',
    });
    const folder = await freshFolder();
    const change = { home: folder };
    const at = await writePackage(join(folder, 'node_modules'), 'a-server', '1.0.0');
    const print = async (args: readonly string[] = [], env = {}) =>
      (await resolve(['npx', 'a-server', ...args], change, env)).fingerprint;
    const first = await print();
    expect(await print()).toBe(first);
    expect(await print([], { KEY: 'one' })).toBe(await print([], { KEY: 'two' }));
    const prints = [
      first,
      await print(['--token', 'one']),
      await print(['--token', 'two']),
      await print([], { KEY: 'one' }),
      await print([], { NODE_OPTIONS: '--require /one' }),
      await print([], { NODE_OPTIONS: '--require /two' }),
    ];
    await writeFile(join(at, 'other.js'), 'export {};');
    prints.push(await print());
    await writeFile(join(at, 'other.js'), 'export {} ;');
    prints.push(await print());
    expect(new Set(prints).size).toBe(prints.length);
  });

  test('is the same on every device that has the same package, and blind to what is installed beside it', async () => {
    const [one, two] = [await freshFolder(), await freshFolder()];
    const at = await writePackage(join(one, 'node_modules'), 'a-server', '1.0.0');
    await cp(at, join(two, 'node_modules', 'a-server'), { recursive: true });
    await writePackage(join(two, 'node_modules', 'a-server', 'node_modules'), 'a-dependency', '1.0.0');
    const prints = [one, two].map(async (home) => (await resolve(['npx', 'a-server'], { home })).fingerprint);
    const [first, second] = await Promise.all(prints);
    expect(first).toBe(second);
  });

  test('is offered without a secret', async () => {
    proves('local-server.offer-redacted', {
      file: 'bridge/server/launch.ts',
      find: 'args: redactArguments(recipe.shown),',
      replace: 'args: [...recipe.shown],',
    });
    const launch = await resolve(['npx', memory, '--token', 'the-secret'], {}, { KEY: 'the-secret' });
    expect(JSON.stringify(offerOf(launch))).not.toContain('the-secret');
    expect(offerOf(launch).command).toMatchObject({ args: ['--token', '[redacted]'], environmentNames: ['KEY'] });
  });
});

describe('a hash', () => {
  test('is taken again when a file changes, also where its size and mtime are as before', async () => {
    const folder = await freshFolder();
    const hasher = createHasher();
    const at = await writePackage(folder, 'a', '1.0.0');
    const first = await hasher.ofPackage(at);
    const text = await readFile(join(at, 'main.js'), 'utf8');
    await writeFile(join(at, 'main.js'), text.replace('stdin', 'STDIN'));
    expect(await hasher.ofPackage(at)).not.toBe(first);
    await writeFile(join(at, 'main.js'), text);
    expect(await hasher.ofPackage(at)).toBe(first);
  });
});

describe('a plain command', () => {
  test('is identified by the executable and the script that it is given', async () => {
    const folder = await freshFolder();
    const script = join(folder, 'server.py');
    await writeFile(script, 'print(1)');
    const tool = join(folder, 'python3');
    await writeFile(tool, '#!/bin/sh\n');
    await chmod(tool, 0o755);
    const change = { searchPath: [folder], home: folder };
    const first = await resolve(['python3', 'server.py'], change);
    expect(first.command).toMatchObject({ kind: 'file', identity: tool, args: ['server.py'] });
    await writeFile(script, 'print(2)');
    expect(await first.verify()).toBe(false);
    const second = await resolve(['python3', 'server.py'], change);
    expect(second.fingerprint).not.toBe(first.fingerprint);
  });

  test.each([
    ['node', '--import', './a', 'b'],
    ['node', '--import=./a', '--inspect', './b.js'],
    ['node', '--require', './a', 'b', '--db', 'notes.db'],
    ['node', '--require=./a', '-C', 'notes.db', 'b'],
    ['node', '-r', './a', './b'],
    ['node', '-r=./a', './b'],
    ['ruby', '-r./a', './b'],
    ['node', '--import', 'file://FOLDER/a', './b'],
    ['python3', '-u', './b', '--plugin', 'a.py'],
    ['uv', 'run', '--with=a.py', 'b.js'],
  ])('%j %j %j %j is identified by all the code that it is given', async (command, ...words) => {
    const folder = await freshFolder();
    const args = words.map((word) => word.replace('FOLDER', folder));
    const tool = join(folder, command);
    await writeFile(tool, '#!/bin/sh\n');
    await chmod(tool, 0o755);
    const files = ['a', 'a.py', 'b', 'b.js'].filter((name) => args.some((arg) => arg.endsWith(name)));
    expect(files).toHaveLength(2);
    for (const name of files) await writeFile(join(folder, name), 'one');
    const change = { searchPath: [folder], home: folder };
    const first = await resolve([command, ...args], change);
    for (const name of files) {
      await writeFile(join(folder, name), 'two');
      expect(await first.verify(), name).toBe(false);
      await writeFile(join(folder, name), 'one');
      expect(await first.verify(), name).toBe(true);
    }
    expect((await resolve([command, ...args], change)).fingerprint).toBe(first.fingerprint);
  });

  test.each([[['python3', '-m', 'tool']], [['node', '.']], [['bash', '-c', 'exec ./server']], [['node', 'server']]])(
    'says that the code of %j is not hashed',
    async ([command = '', ...args]) => {
      proves('local-server.unhashed-code-said', {
        file: 'bridge/server/file.ts',
        find: '!isInterpreter || (await scriptsIn(args, cwd, true)).length > 0',
        replace: 'true',
      });
      const folder = await freshFolder();
      const tool = join(folder, command);
      await writeFile(tool, '#!/bin/sh\n');
      await chmod(tool, 0o755);
      await writeFile(join(folder, 'server.js'), '');
      const where = { searchPath: [folder], home: folder };
      expect((await resolve([command, ...args], where)).command.isCodeHashed).toBe(false);
      expect((await resolve([command, './server.js'], where)).command.isCodeHashed).toBeUndefined();
    },
  );

  test('is another one when a file that it names comes to be', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'server.js'), '');
    const launch = await resolve(['node', '--import', './late.mjs', 'server.js'], { home: folder });
    await writeFile(join(folder, 'late.mjs'), '');
    expect(await launch.verify()).toBe(false);
  });

  test('of an interpreter keeps its fingerprint where the data file of its script changes', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'server.js'), '');
    await writeFile(join(folder, 'notes.db'), 'one');
    const lines = [
      ['node', 'server.js', '--db', 'notes.db'],
      ['node', '--inspect', 'server.js', '--db=notes.db', 'notes.db'],
    ];
    for (const line of lines) {
      const launch = await resolve(line, { home: folder });
      await writeFile(join(folder, 'notes.db'), `after ${line.length}`);
      expect(await launch.verify()).toBe(true);
    }
  });

  test('keeps its fingerprint where the data file that it names changes', async () => {
    const folder = await freshFolder();
    const [tool, data] = [join(folder, 'sqlite-server'), join(folder, 'notes.db')];
    await writeFile(tool, '#!/bin/sh\n');
    await chmod(tool, 0o755);
    await writeFile(data, 'one');
    const launch = await resolve([tool, '--db', data]);
    await writeFile(data, 'two');
    expect(await launch.verify()).toBe(true);
  });

  test('may set no variable with a name that a shell would read otherwise', async () => {
    const fault = await faultOf(resolve(['node', fake('silent')], {}, { 'BASH_FUNC_kill%%': '() { :; }' }));
    expect(fault.message).toContain('not a name of an environment variable');
  });
});

describe('a package that is not on the device', () => {
  test('is installed once, without its scripts, and runs from then on without a registry', async () => {
    proves('local-server.installed-once', {
      file: 'bridge/server/install.ts',
      find: "'--ignore-scripts',",
      replace: '',
    });
    const folder = await freshFolder();
    const stateDir = join(folder, 'state');
    const ran = join(folder, 'script-ran');
    const registry = await startRegistry([
      { name: '@acme/a-server', version: '1.2.3', script: `require("fs").writeFileSync(${JSON.stringify(ran)}, "")` },
    ]);
    const environment = { ...process.env, npm_config_registry: registry.url, npm_config_cache: join(folder, 'cache') };
    const told: string[] = [];
    const change = {
      stateDir,
      home: folder,
      install: 'allow',
      environment,
      onProgress: (text: string) => void told.push(text),
    } as const;
    try {
      const launch = await resolve(['npx', '-y', '@acme/a-server'], { ...change, searchPath: npmPlaces() });
      expect(launch.command).toMatchObject({ identity: '@acme/a-server', version: '1.2.3' });
      expect(told).toEqual(['installing @acme/a-server@latest', 'installed @acme/a-server@1.2.3']);
      expect(await readFile(ran).catch(() => 'no')).toBe('no');
    } finally {
      await registry.close();
    }
    const again = await resolve(['npx', '@acme/a-server'], { ...change, install: 'never', searchPath: [] });
    const pinned = await resolve(['npx', '@acme/a-server@1.2.3'], { ...change, install: 'never', searchPath: [] });
    expect(pinned.fingerprint).toBe(again.fingerprint);
    expect((await readdir(join(stateDir, 'package'))).toSorted()).toEqual(['@acme']);
    const events = hear();
    await send(await open(poolOf([again], stateDir), again, events), { id: 7 });
    expect(await events.next()).toBe('{"id":7}');
  });

  test('that the registry does not have is reported with what npm said, and leaves nothing', async () => {
    const folder = await freshFolder();
    const registry = await startRegistry([]);
    const environment = { ...process.env, npm_config_registry: registry.url, npm_config_cache: join(folder, 'cache') };
    try {
      const change = { stateDir: folder, home: folder, install: 'allow', environment, searchPath: npmPlaces() } as const;
      const fault = await faultOf(resolve(['npx', 'not-there@1.0.0'], change));
      expect(fault.message).toMatch(/not-there@1\.0\.0 could not be installed.*404/);
      expect(await readdir(join(folder, 'package'))).toEqual([]);
    } finally {
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('is not installed where the profile says never', async () => {
    proves('local-server.install-never', {
      file: 'bridge/server/npm.ts',
      find: "if (installed === undefined && deps.install === 'never')",
      replace: "if (installed === undefined && deps.install === 'allow')",
    });
    const fault = await faultOf(resolve(['npx', 'no-such-package-anywhere'], { install: 'never', searchPath: [] }));
    expect(fault.message).toContain('does not let it be installed');
  });
});

/** Where npm is on the machine that runs the tests. */
const npmPlaces = (): readonly string[] =>
  (process.env['PATH'] ?? '').split(':').filter((place) => !place.includes('node_modules'));
