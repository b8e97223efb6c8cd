// Drafts of processes that were killed: those that an agent may remove when it starts, and those that it must not.
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sweepPosture, sweepState } from '../../bridge/leftover.ts';

const uid = process.getuid?.() ?? -1;
const [uuid, long, short] = ['0b0f6a3e-2d39-4c7a-9a51-0f4e6f2f7c11', '0123456789abcdef', '0123456789ab'];
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-leftover-'));
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

async function put(name: string, agoMs: number): Promise<void> {
  const [path, at] = [join(dir, name), new Date(Date.now() - agoMs)];
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'half');
  await utimes(path, at, at);
  if (dirname(path).includes('runtime.')) await utimes(dirname(path), at, at);
}
const left = async (): Promise<string[]> =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted();

const drafts = [
  `.${uuid}.tmp`,
  `bin/drawbridge.${long}`,
  `host/.ledger.json.${short}.drawbridge-tmp`,
  `host/backup/.x-y.json.${short}.drawbridge-tmp`,
  `runtime.${long}/node`,
  `runtime.${long}.old/node`,
];
const others = [
  'device.json',
  'pause.json.tmp',
  '.notes.tmp',
  'bin/drawbridge',
  'bin/drawbridge.txt',
  'host/ledger.json',
  'runtime/node',
  `agent.lock.${long}`,
];

test('old drafts in a state directory are removed and counted, and nothing else is', async () => {
  for (const name of [...drafts, ...others]) await put(name, 3_600_000);
  expect(await sweepState(dir, uid)).toBe(drafts.length);
  expect(await left()).toEqual(others.toSorted());
});

test('drafts that somebody may be writing, and those of another user, are left alone', async () => {
  for (const name of drafts) await put(name, 5_000);
  expect(await sweepState(dir, uid)).toBe(0);
  for (const name of drafts) await put(name, 3_600_000);
  expect(await sweepState(dir, uid + 1)).toBe(0);
  expect(await left()).toEqual(drafts.toSorted());
  // also those that were made while the clock was ahead
  for (const name of drafts) await put(name, -86_400_000);
  expect(await sweepState(dir, uid)).toBe(drafts.length);
});

test('drafts beside a posture file are removed, whoever else has files there; a folder that is not there is no error', async () => {
  for (const name of [`.status.${long}`, `.posture.${long}`, 'status.json', '.status.old', `.other.${long}`])
    await put(name, 3_600_000);
  expect(await sweepPosture(dir, uid)).toBe(2);
  expect(await left()).toEqual([`.other.${long}`, '.status.old', 'status.json']);
  expect(await sweepPosture(join(dir, 'nowhere'), uid)).toBe(0);
});
