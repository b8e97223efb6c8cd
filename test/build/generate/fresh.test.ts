// What is committed is what the contract says now. The first to change a setting or a finding is told here what to run.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { artifacts, generatedFolder } from '../../../build/generate/artifact.ts';
import { proves } from '../../requirement.ts';
import { realSource, root } from './fixture.ts';

test('every generated file is what a fresh generation writes', async () => {
  proves('generate.fresh', {
    file: 'contract/finding.ts',
    find: "action: 'Set GatewayURL in the profile.',",
    replace: "action: 'Set GatewayURL there.',",
  });
  const source = await realSource();
  const stale: string[] = [];
  for (const { path, render } of artifacts)
    if ((await readFile(join(root, path), 'utf8').catch(() => undefined)) !== render(source)) stale.push(path);
  expect(stale, 'stale: run npm run generate').toEqual([]);
});

test('nothing else lies among them', async () => {
  const entries = await readdir(join(root, generatedFolder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const wanted = artifacts.map(({ path }) => path).filter((path) => path.startsWith(generatedFolder));
  expect(files.toSorted(), 'stale: run npm run generate').toEqual(wanted.toSorted());
});
