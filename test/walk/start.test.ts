// `npm start` as a new user meets it: it reaches "ready", says true things, refuses what it must, and leaves the home as it was.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { freePort } from '../free-port.ts';
import { modern } from './mcp.ts';
import { processesWith } from './process.ts';
import { root, run, startProgram } from './program.ts';

const main = join(root, 'build/start/main.ts');
const Ready = z.looseObject({
  gatewayUrl: z.string(),
  serverUrls: z.record(z.string(), z.string()),
  token: z.string(),
  home: z.string(),
  dataDir: z.string(),
  pids: z.object({ gateway: z.number(), bridge: z.number() }),
  companion: z.string(),
});
const hostFiles = ['.config/Claude/claude_desktop_config.json', '.config/Code/User/mcp.json', '.codex/config.toml'];
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-start-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));
const digests = (home: string) =>
  Promise.all(
    hostFiles.map(async (path) =>
      createHash('sha256')
        .update(await readFile(join(home, path)))
        .digest('hex'),
    ),
  );

test(
  'it reaches ready twice on the same data, calls go through, and stopping puts the home back byte for byte',
  { timeout: 120_000 },
  async () => {
    proves('start.home-restored', {
      file: 'build/start/main.ts',
      find: 'const report = await sample.restore();',
      replace: 'const report = { files: [] };',
    });
    const args = ['--json', '--listen', `127.0.0.1:${await freePort()}`, '--data', dir];
    const tokens: string[] = [];
    let original: string[] | undefined;
    for (const round of ['first', 'second']) {
      const program = startProgram(main, args);
      const home = await program.event('home');
      original ??= await digests(z.string().parse(home['home']));
      const ready = Ready.parse(await program.event('ready'));
      tokens.push(ready.token);
      const answered = await modern(ready.gatewayUrl, ready.token, 'tools/call', {
        name: 'everything__echo',
        arguments: { message: round },
      });
      expect(answered.body.result).toMatchObject({ content: [{ text: `Echo: ${round}` }] });
      expect(
        (await modern(ready.gatewayUrl, ready.token, 'tools/call', { name: 'everything__get-env', arguments: {} })).body.error
          ?.data?.code,
      ).toBe('TOOL_NOT_PROVISIONED');
      expect(await digests(ready.home)).not.toEqual(original);
      expect(await program.stop('SIGINT')).toBe(0);
      expect(await digests(ready.home)).toEqual(original);
      expect(await processesWith(dir)).toEqual([]);
    }
    expect(tokens[0]).not.toBe(tokens[1]);
  },
);

test('after a kill -9 the next start ends what was left, puts the home back and works', { timeout: 120_000 }, async () => {
  proves('start.leftovers-ended', {
    file: 'build/start/main.ts',
    find: 'const leftovers = await endLeftovers(options.dataDir);',
    replace: 'const leftovers: readonly string[] = [];',
  });
  const args = ['--json', '--listen', `127.0.0.1:${await freePort()}`, '--data', dir];
  const killed = startProgram(main, args);
  const home = z.string().parse((await killed.event('home'))['home']);
  const original = await digests(home);
  await killed.event('ready');
  expect(await digests(home)).not.toEqual(original);
  await killed.stop('SIGKILL');
  const next = startProgram(main, args);
  expect((await next.event('leftover'))['ended']).toEqual(['the bridge', 'the gateway server']);
  await next.event('ready');
  expect(await next.stop('SIGINT')).toBe(0);
  expect(await digests(home)).toEqual(original);
  expect(await processesWith(dir)).toEqual([]);
});

test('Ctrl-C while it still starts stops it, and the home is as it was', { timeout: 60_000 }, async () => {
  proves('start.interrupted-early', {
    file: 'build/start/main.ts',
    find: "gone.abort(new Gone('interrupted'))",
    replace: "setTimeout(() => gone.abort(new Gone('interrupted')), 20_000)",
  });
  const program = startProgram(main, ['--json', '--listen', `127.0.0.1:${await freePort()}`, '--data', dir]);
  const home = z.string().parse((await program.event('home'))['home']);
  const original = await digests(home);
  await program.event('moved');
  let isReady = false;
  program.event('ready').then(
    () => (isReady = true),
    () => undefined,
  );
  expect(await program.stop('SIGINT')).toBe(0);
  expect(isReady).toBe(false);
  expect(await digests(home)).toEqual(original);
  expect(await processesWith(dir)).toEqual([]);
});

test('a data directory that can not be made is one clear line', async () => {
  await writeFile(join(dir, 'file'), '');
  const done = await run(main, ['--json', '--listen', `127.0.0.1:${await freePort()}`, '--data', join(dir, 'file')]);
  expect([done.code, done.stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining('--data')]]);
});

test('a taken port is one clear line, and the exit code is not 0', { timeout: 60_000 }, async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const done = await run(main, ['--json', '--listen', `127.0.0.1:${port}`, '--data', dir]);
  server.close();
  expect(done.code).toBe(1);
  expect(done.stderr.trim().split('\n')).toEqual([expect.stringContaining(String(port))]);
});

test('a broken database is one clear line, and it is left as it was', { timeout: 60_000 }, async () => {
  await mkdir(join(dir, 'gateway'), { recursive: true });
  const database = join(dir, 'gateway/gateway.sqlite');
  await writeFile(database, 'this is no database'.repeat(500));
  const done = await run(main, ['--json', '--listen', `127.0.0.1:${await freePort()}`, '--data', dir]);
  expect(done.code).toBe(1);
  expect(done.stderr.trim().split('\n')).toEqual([expect.stringContaining('gateway.sqlite')]);
  expect(await readFile(database, 'utf8')).toBe('this is no database'.repeat(500));
});

test("somebody's own home is refused where nobody can confirm it", { timeout: 60_000 }, async () => {
  proves('start.own-home-confirmed', {
    file: 'build/start/main.ts',
    find: 'if (options.isJson || !process.stdin.isTTY)',
    replace: 'if (false)',
  });
  const home = join(dir, 'own');
  await mkdir(home);
  await writeFile(join(home, '.profile'), '');
  const done = await run(main, [
    '--json',
    '--listen',
    `127.0.0.1:${await freePort()}`,
    '--data',
    join(dir, 'data'),
    '--home',
    home,
  ]);
  expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('not a sample home')]);
});

test('an address that is not loopback is refused', async () => {
  const done = await run(main, ['--listen', '0.0.0.0:7070', '--data', dir]);
  expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('loopback')]);
});
