// What is asked of the command line in error: it says so, and says nothing that would be taken for an answer.
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
