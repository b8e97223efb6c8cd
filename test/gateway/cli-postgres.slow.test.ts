// The command line on PostgreSQL: the database comes from the environment, the data directory holds the keys only.
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { startPostgres, type TestPostgres } from '../suite/postgres.ts';
import { modern } from '../walk/mcp.ts';
import { run, startProgram } from '../walk/program.ts';
import { twoTeams } from './data.ts';

const script = 'gateway/cli.ts';

describe('a gateway server on PostgreSQL', () => {
  let postgres: TestPostgres;
  let dir: string;
  beforeAll(async () => {
    postgres = await startPostgres();
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-postgres-cli-'));
  });
  afterAll(async () => {
    await postgres.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 10 });
  });

  test('takes a policy and tokens from the command line beside it, and keeps a chain of records', async () => {
    const env = { DRAWBRIDGE_DATABASE_URL: await postgres.createDatabase() };
    const dataDir = join(dir, 'data');
    const policyFile = join(dir, 'policy.yaml');
    await writeFile(policyFile, stringify(twoTeams));
    const cli = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(script, [...args, '--data', dataDir], { env });
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('drawbridge-gateway:')]);
      return stdout.trim();
    };
    const program = startProgram(script, ['serve', '--listen', '127.0.0.1:0', '--data', dataDir], env);
    try {
      const { url } = z.object({ url: z.string() }).parse(await program.event('listening'));
      await cli('apply', '-f', policyFile);
      expect(await cli('apply', '-f', policyFile)).toBe('no change');
      const token = await cli('token', 'host', '--gateway', 'main', '--host', 'codex', '--user', 'ada');
      const ask = () => fetch(`${url}/g/main/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{}' });
      // 415: the caller is known; the body is not JSON by its header.
      expect((await ask()).status).toBe(415);
      const [listed] = z.array(z.object({ id: z.string() })).parse(JSON.parse(await cli('token', 'list', '--json')));
      await cli('token', 'revoke', listed?.id ?? '');
      const deadline = Date.now() + 1000;
      let status = 0;
      while (status !== 401 && Date.now() < deadline) status = (await ask()).status;
      expect(status).toBe(401);
      expect(await cli('audit', 'verify')).toMatch(/^whole: \d+ records in 1 chain$/);
      expect((await readdir(dataDir)).includes('gateway.sqlite')).toBe(false);
    } finally {
      expect(await program.stop()).toBe(0);
    }
  });

  test('serves calls beside another one with the same keys, each with a chain of its own', async () => {
    proves('audit.own-chain', {
      file: 'gateway/audit/own-chain.ts',
      find: "randomBytes(8).toString('hex')",
      replace: "'0'.repeat(16)",
    });
    const env = { DRAWBRIDGE_DATABASE_URL: await postgres.createDatabase() };
    const [one, two] = [join(dir, 'one'), join(dir, 'two')];
    const cli = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(script, [...args, '--data', one], { env });
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('drawbridge-gateway:')]);
      return stdout.trim();
    };
    const policyFile = join(dir, 'two-servers.yaml');
    await writeFile(policyFile, stringify(twoTeams));
    const serve = (data: string) => startProgram(script, ['serve', '--listen', '127.0.0.1:0', '--data', data], env);
    const programs = [serve(one)];
    try {
      const url = async (program = programs[0]) => z.object({ url: z.string() }).parse(await program?.event('listening')).url;
      await url();
      await cli('apply', '-f', policyFile);
      await mkdir(join(two, 'key'), { recursive: true, mode: 0o700 });
      for (const name of ['signing.jwk', 'audit.key', 'audit.head'])
        await copyFile(join(one, 'key', name), join(two, 'key', name));
      programs.push(serve(two));
      const token = await cli('token', 'host', '--gateway', 'main', '--host', 'codex', '--user', 'ada');
      for (let round = 0; round < 3; round++)
        for (const program of programs)
          expect((await modern(`${await url(program)}/g/main/mcp`, token, 'tools/list')).status).toBe(200);
      const verified = await run(script, ['audit', 'verify', '--data', two], { env });
      expect(verified.stdout).toMatch(/^whole: \d+ records in 2 chains\n$/);
      // The first one does not know how far the chain of the second goes, and says so.
      const beside = await cli('audit', 'verify');
      expect(beside).toMatch(
        /^whole: \d+ records in 2 chains\nnode-[0-9a-f]{16}: whole up to record \d+, but .* another gateway server/,
      );
      expect(JSON.parse(await cli('audit', 'verify', '--json'))).toMatchObject({
        ok: true,
        chains: expect.arrayContaining([
          expect.objectContaining({ isEndShown: true }),
          expect.objectContaining({ isEndShown: false }),
        ]),
      });
    } finally {
      for (const program of programs) expect(await program.stop()).toBe(0);
    }
  });

  test('that does not answer is said in one line, without its password', async () => {
    const env = { DRAWBRIDGE_DATABASE_URL: 'postgres://gateway:hunter2@127.0.0.1:1/drawbridge' };
    for (const args of [
      ['serve', '--listen', '127.0.0.1:0'],
      ['token', 'list'],
    ]) {
      const { code, stderr } = await run(script, [...args, '--data', join(dir, 'none')], { env });
      const said = stderr.split('\n').filter((line) => !line.startsWith('{'));
      expect([code, said]).toEqual([1, [expect.stringMatching(/^drawbridge-gateway: .*ECONNREFUSED/), '']]);
      expect(stderr).not.toContain('hunter2');
    }
  });
});
