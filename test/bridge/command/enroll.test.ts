// `drawbridge enroll` where the file with its token is not what it should be: said in words, and never read without end.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root, run } from '../../walk/program.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-enroll-'));
  await mkdir(join(dir, 'folder'));
  await writeFile(join(dir, 'open'), 'a-token\n');
  await chmod(join(dir, 'open'), 0o644);
  await writeFile(join(dir, 'large'), 'x'.repeat(100_000), { mode: 0o600 });
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

test.each([
  ['that is not there', 'nowhere', 'nowhere is not there.'],
  ['that is a folder', 'folder', 'folder is a directory.'],
  ['that is far too large', 'large', 'The setting token is not valid'],
  ['without an end', '/dev/zero', 'The setting token is not valid'],
  ['that others can read', 'open', 'open: make such a file 0600, and remove this one.'],
])('a token file %s is said to be that', async (_what, name, says) => {
  const file = name.startsWith('/') ? name : join(dir, name);
  const state = join(dir, 'state');
  const args = ['enroll', '--gateway', 'http://127.0.0.1:9', '--token-file', file, '--state', state];
  const done = await run(join(root, 'bridge/cli.ts'), args);
  expect(done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(says) });
  expect(done.stderr).not.toContain('a-token');
});
