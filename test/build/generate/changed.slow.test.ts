// One changed line of the contract, and `npm run generate`'s own program: every artifact that tells it has changed, and nothing else has.
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { artifacts } from '../../../build/generate/artifact.ts';
import { copyRepository } from '../../scratch.ts';
import type { Scratch } from '../../scratch.ts';
import { proves } from '../../requirement.ts';
import { root } from './fixture.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await copyRepository(root);
});
afterAll(async () => scratch.close());

/** Changes the contract, generates, and tells which files are now other than in the repository. Puts the contract back. */
async function changedBy(file: string, find: string, replace: string): Promise<readonly string[]> {
  const path = join(scratch.root, file);
  const before = await readFile(path, 'utf8');
  expect(before.split(find).length, `${find} in ${file}`).toBe(2);
  await writeFile(path, before.replace(find, replace));
  try {
    const made = spawnSync(process.execPath, ['build/generate/main.ts'], { cwd: scratch.root, encoding: 'utf8' });
    expect(made).toMatchObject({ status: 0, stdout: '', stderr: '' });
  } finally {
    await writeFile(path, before);
  }
  const changed: string[] = [];
  for (const artifact of artifacts)
    if ((await readFile(join(scratch.root, artifact.path), 'utf8')) !== (await readFile(join(root, artifact.path), 'utf8')))
      changed.push(artifact.path);
  return changed;
}

const ofTheProfile = [
  'build/profile/windows/drawbridge.admx',
  'build/profile/windows/en-US/drawbridge.adml',
  'build/profile/macos/drawbridge.mobileconfig',
  'build/profile/macos/jamf-schema.json',
  'build/profile/linux/profile.schema.json',
  'docs/settings.md',
];

test('a renamed setting changes every profile artifact and the reference, by one command', async () => {
  proves('generate.one-command', {
    file: 'build/generate/artifact.ts',
    find: "  { path: 'build/profile/macos/jamf-schema.json', render: renderJamfSchema },\n",
    replace: '',
  });
  expect(await changedBy('contract/profile.ts', '  ScanIntervalMinutes: setting({', '  PlantedMinutes: setting({')).toEqual(
    ofTheProfile,
  );
  for (const path of ofTheProfile) expect(await readFile(join(scratch.root, path), 'utf8'), path).toContain('PlantedMinutes');
});

test('a changed limit changes what states it', async () => {
  const changed = await changedBy(
    'contract/profile.ts',
    "ManagedByOrganizationName: setting({\n    kind: 'string',\n    schema: z.string().max(200),",
    "ManagedByOrganizationName: setting({\n    kind: 'string',\n    schema: z.string().max(201),",
  );
  expect(changed).toEqual(ofTheProfile.filter((path) => !/adml|mobileconfig/.test(path)));
});

test('a changed finding changes its document only', async () => {
  expect(await changedBy('contract/finding.ts', '  unpinned: {', '  not_pinned: {')).toEqual(['docs/findings.md']);
});

test('a changed posture schema changes every script that judges by it', async () => {
  const changed = await changedBy('contract/posture.ts', "postureSchemaVersion = '1.0';", "postureSchemaVersion = '1.1';");
  expect(changed).toEqual(artifacts.map(({ path }) => path).filter((path) => /\.(?:sh|ps1)$/.test(path)));
  expect(changed.length).toBe(5);
});

test('a file that nothing makes any more is removed', async () => {
  const folder = join(scratch.root, 'build/profile/other');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'left.json'), '{}');
  expect(await changedBy('contract/finding.ts', '  unpinned: {', '  unpinned: {')).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});
