// The machine of the gateway server is lost: a backup and the key folder bring everything back in a new data directory.
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy } from './deployment.ts';
import { modern } from './mcp.ts';
import { walkPolicy } from './policy.ts';
import { root, run, startProgram } from './program.ts';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0).toReversed()) await close();
});

test('a backup and the audit key bring tokens and records back, and the chain goes on', { timeout: 60_000 }, async () => {
  proves('recovery.chain-goes-on', {
    file: 'gateway/command/backup.ts',
    find: "mode === 'all' ? await adopt(settings, location, logger) : []",
    replace: '[]',
  });
  const lost = await deploy({ policy: walkPolicy({ files: { tools: 'all' } }) });
  cleanUp.push(() => lost.close());
  const token = await lost.hostToken({ user: 'ada', gateway: 'eng' });
  const discover = () => modern(`${lost.origin}/g/eng/mcp`, token, 'server/discover');
  expect((await discover()).status).toBe(200);
  const file = join(lost.dir, 'backup.gz');
  await lost.admin('backup', file);
  const heads = () => readFile(join(lost.dataDir, 'key/audit.head'), 'utf8');
  const before = await heads();
  expect((await discover()).status).toBe(200);
  // They are written within 20 ms of a commit, and a kill that comes before leaves those of before.
  await expect.poll(heads).not.toBe(before);
  await lost.gateway().stop('SIGKILL');

  const cli = join(root, 'gateway/cli.ts');
  const [without, dataDir] = [join(lost.dir, 'without-key'), join(lost.dir, 'with-key')];
  const refused = await run(cli, ['restore', file, '--data', without]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('"key" folder')]);
  await mkdir(dataDir);
  await cp(join(lost.dataDir, 'key'), join(dataDir, 'key'), { recursive: true });
  const restored = await run(cli, ['restore', file, '--data', dataDir]);
  expect([restored.code, restored.stdout]).toEqual([0, expect.stringMatching(/^restored .*, as of \d{4}-.*Z: \d+ rows$/m)]);
  // Nothing here knows what was taken away since, so the person is told.
  expect(restored.stderr).toMatch(
    /warning: what was revoked, .* may be valid again\. Look through those that are valid now \(tokens: 1\)/,
  );
  expect(restored.stderr).toMatch(
    /warning: the records \d+ to \d+ of the chain "main" are not in the backup: they are lost here\./,
  );
  const headless = join(lost.dir, 'without-heads');
  await mkdir(headless);
  await cp(join(lost.dataDir, 'key'), join(headless, 'key'), { recursive: true });
  await rm(join(headless, 'key', 'audit.head'));
  const unknown = await run(cli, ['restore', file, '--json', '--data', headless]);
  expect([unknown.code, unknown.stderr]).toEqual([0, expect.stringContaining('nobody can say here which records')]);
  expect(JSON.parse(unknown.stdout)).toMatchObject({ mode: 'all', lost: null });
  const again = startProgram(cli, [
    'serve',
    '--data',
    dataDir,
    '--listen',
    `127.0.0.1:${lost.port}`,
    '--metrics-listen',
    '127.0.0.1:0',
  ]);
  cleanUp.push(() => again.stop());
  await again.event('listening');
  expect((await discover()).status).toBe(200);
  const verified = await run(cli, ['audit', 'verify', '--data', dataDir]);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/^whole: \d+ records in 1 chain$/m)]);
  // Deeds and alerts are records too.
  const printed = await run(cli, ['audit', 'tail', '-n', '50', '--json', '--data', dataDir]);
  expect(printed.stdout.match(/"method":"server\/discover"/g)).toHaveLength(2);
  expect(printed.stdout).toMatch(/"operation":"data.restore".*"lost":\[\{"chain":"main","first":\d+,"last":\d+\}\]/);
});
