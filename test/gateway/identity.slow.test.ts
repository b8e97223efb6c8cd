// `identity` at the command line: typed at a real terminal, piped, rotated, and brought back by a restore without its key.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../gateway/store/open.ts';
import { openKeys } from '../../gateway/vault/open.ts';
import { createPayloadSeals } from '../../gateway/vault/payload-key.ts';
import { proves } from '../requirement.ts';
import { root, run } from '../walk/program.ts';
import { quiet } from './data.ts';

const cli = join(root, 'gateway/cli.ts');
const secret = 'tok-precious-31f7';
let dir: string;
let data: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-identity-'));
  data = join(dir, 'data');
  await mkdir(data);
  const store = await openStore({ kind: 'sqlite', file: join(data, 'gateway.sqlite') }, { logger: quiet });
  await store.organization();
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['eng'] } },
    teams: { eng: { gateways: ['main'] } },
    servers: { tracker: { kind: 'remote', url: 'https://tracker.example.org/mcp', auth: 'header' } },
    gateways: { main: { assignments: { tracker: { tools: 'all', identity: 'own' } } } },
  });
  await store.replacePolicy(policy, await store.revision(), Date.now());
  await store.close();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const identity = (args: readonly string[], input = '', env = {}) =>
  run(cli, ['identity', ...args, '--data', data], { input, env });
const setForAda = ['set', '--server', 'tracker', '--user', 'ada'];

test('a token that is typed is not echoed, and one that is piped is taken whole', async () => {
  proves('vault.not-echoed', {
    file: 'gateway/command/secret-input.ts',
    find: 'input.setRawMode?.(true);',
    replace: 'input.setRawMode?.(false);',
  });
  const command = [process.execPath, cli, 'identity', ...setForAda, '--data', data].map((word) => `'${word}'`).join(' ');
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (shown.includes('not shown') && !terminal.stdin.writableEnded) terminal.stdin.end(`${secret}x\x7f\r`);
  });
  const [code] = await once(terminal, 'close');
  expect(code).toBe(0);
  expect(shown).toContain('set for https://tracker.example.org');
  expect(shown).not.toContain(secret);

  const piped = await identity([...setForAda, '--json'], `${secret}\r\n`);
  expect(JSON.parse(piped.stdout)).toMatchObject({ server: 'tracker', user: 'ada', gateway: null, state: 'ready' });
  expect(piped.stdout + piped.stderr).not.toContain(secret);
  const listed = await identity(['list']);
  expect(listed.stdout).toMatch(/tracker +ada +\(every\) +https:\/\/tracker\.example\.org +token +ready/);
});

test('what is asked for wrongly changes nothing and is told in one line', async () => {
  for (const [args, input, says] of [
    [setForAda, '', /there is nothing in it/],
    [['set', '--server', 'tracker'], secret, /give either --user SLUG or --shared/],
    [[...setForAda, '--shared'], secret, /give either --user SLUG or --shared/],
    [['set', '--server', 'traker', '--shared'], secret, /Did you mean "tracker"/],
    [['set', '--server', 'tracker', '--user', 'adda'], secret, /Did you mean "ada"/],
    [['remove', '0198c0de-0000-7000-8000-000000000001'], '', /There is no identity/],
  ] as const) {
    const { code, stderr } = await identity(args, input);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain(secret);
  }
  expect((await identity(['list'])).stdout).toBe('There are no identities.\n');
});

test('a restore without the key says what can not be read, and with the key all of it can be', async () => {
  await identity(setForAda, secret);
  const store = await openStore({ kind: 'sqlite', file: join(data, 'gateway.sqlite') }, { logger: quiet });
  await createPayloadSeals({ store, keys: openKeys(data, []).keys, now: Date.now }).current();
  await store.close();
  const backup = join(dir, 'backup');
  expect((await run(cli, ['backup', backup, '--data', data])).code).toBe(0);
  const elsewhere = join(dir, 'elsewhere');
  await mkdir(elsewhere);
  const restored = await run(cli, ['restore', backup, '--data', elsewhere]);
  expect(restored.stderr).toContain("1 of 1 identity can't be opened: the key of the seal is not here");
  expect(restored.stderr).toContain('captured payloads lie under 1 data key that is sealed with a key that is not here');
  const listed = (where: string, env = {}) => run(cli, ['identity', 'list', '--data', where], { env });
  expect((await listed(elsewhere)).stdout).toContain('unreadable');
  await mkdir(join(elsewhere, 'key'), { recursive: true });
  await copyFile(join(data, 'key', 'vault.key'), join(elsewhere, 'key', 'vault.key'));
  expect((await listed(elsewhere)).stdout).toContain('ready');
  expect((await listed(elsewhere, { DRAWBRIDGE_VAULT_KEY: 'ab'.repeat(32) })).stdout).toContain('unreadable');
  expect((await listed(elsewhere, { DRAWBRIDGE_VAULT_KEY: 'short' })).stderr).toMatch(
    /DRAWBRIDGE_VAULT_KEY is not valid.*64 hex/,
  );

  const rotated = await identity(['rotate-key', '--json']);
  expect(JSON.parse(rotated.stdout)).toMatchObject({ rewrapped: 2, unreadable: [] });
  expect((await listed(data)).stdout).toContain('ready');
  const [id] = (await listed(data)).stdout.split('\n').at(1)?.split(' ') ?? [];
  expect((await identity(['remove', id ?? ''])).stdout).toBe(`${id} removed\n`);
});
