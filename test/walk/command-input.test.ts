// What is asked of the command line in error: it says so, and says nothing that would be taken for an answer.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy, type Deployment } from './deployment.ts';
import { walkPolicy } from './policy.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({}) });
});
afterAll(() => deployment.close());

test('a search that finds nothing says so, and one of a time that ends before it begins is refused', async () => {
  expect(await deployment.adminRaw('audit', 'search', 'nowhere')).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'No record says all of this.\n',
  });
  const turned = await deployment.adminRaw('audit', 'search', '--from', '2026-11-26', '--until', '2026-11-25');
  expect(turned).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('after that of --from') });
});

test('rules are tried on a sample, not on nothing', async () => {
  const tried = await deployment.adminRaw('rule', 'test', '--gateway', 'eng');
  expect(tried).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nothing came on standard input') });
});

test('a report that is not there is not told to be changed', async () => {
  const file = join(deployment.dir, 'report.json');
  const asked = await deployment.adminRaw('offboard', 'verify', file);
  expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file') });
  expect(asked.stderr).not.toContain('changed');
});

test('a file of checkpoints that is none says nothing against the records', async () => {
  const file = join(deployment.dir, 'checkpoints');
  await writeFile(file, 'no checkpoint');
  const asked = await deployment.adminRaw('audit', 'verify', '--checkpoint', file);
  expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining(`Can't use ${file}`) });
  expect(asked.stderr).not.toContain('not as they were written');
});

test('to block a host that never came is told apart from blocking one that did, and no id holds a space', async () => {
  const early = await deployment.adminRaw('host', 'block', 'token:codec');
  expect(early).toMatchObject({ code: 0, stdout: 'token:codec blocked\n', stderr: expect.stringContaining('came so far') });
  for (const id of ['token:codex ', ''])
    expect(await deployment.adminRaw('host', 'block', id)).toMatchObject({ code: 1, stdout: '' });
});

test('a backup that is not there is not called a broken one', async () => {
  const asked = await deployment.adminRaw('restore', join(deployment.dir, 'none.gz'));
  expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('it is not there') });
});

test('a search for a kind or a decision that no record has is not understood', async () => {
  for (const asked of [
    ['--kind', 'deeds'],
    ['--decision', 'denied'],
  ])
    expect(await deployment.adminRaw('audit', 'search', ...asked)).toMatchObject({ code: 2, stdout: '' });
});
