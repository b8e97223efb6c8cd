// What lies in the place of a plain file: each is refused at once, with words, and nobody waits for it.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writePrivate } from '../../bridge/device/file.ts';
import { openSecretFile } from '../../bridge/device/secret-file.ts';
import { lock } from '../../bridge/lock.ts';
import { makeFolder, readPlain } from '../../bridge/plain-file.ts';
import { openReports } from '../../bridge/reports.ts';
import { findInstalled } from '../../bridge/server/install.ts';
import { proves } from '../requirement.ts';
import { root, run } from '../walk/program.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-plain-'));
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

function pipeAt(name: string): string {
  const path = join(dir, name);
  expect(spawnSync('mkfifo', ['-m', '600', path]).status).toBe(0);
  return path;
}

test('a pipe, a device, a directory, a link to one of them and a huge file are refused', async () => {
  const pipe = pipeAt('pipe');
  await symlink(pipe, join(dir, 'link'));
  for (const path of [pipe, join(dir, 'link'), '/dev/zero', dir])
    await expect(readPlain(path)).rejects.toMatchObject({ code: 'EINVAL', message: `${path} is no regular file: remove it` });
  await writeFile(join(dir, 'sparse'), '');
  await truncate(join(dir, 'sparse'), 2 ** 40);
  await expect(readPlain(join(dir, 'sparse'))).rejects.toMatchObject({ code: 'EFBIG' });
  await expect(readPlain(join(dir, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a pipe in the state directory stops no agent: the lock is taken over, reports are lost, the secrets are said to be unreadable', async () => {
  proves('agent.no-wait', {
    file: 'bridge/plain-file.ts',
    find: 'constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)',
    replace: 'constants.O_RDONLY',
  });
  expect((await lock(pipeAt('agent.lock'), process.pid)).kind).toBe('held');
  pipeAt('report.json');
  const reports = await openReports({
    stateDir: dir,
    now: Date.now,
    onChange: () => undefined,
    logger: pino({ level: 'silent' }),
  });
  expect(reports.pending).toEqual([]);
  await expect(openSecretFile(pipeAt('secret.json')).get('x')).rejects.toThrow('no regular file');
});

test('a pipe in the store of packages keeps no server from being looked up', async () => {
  await mkdir(join(dir, 'package'));
  pipeAt('package/a-server.resolved');
  expect(await findInstalled('a-server', undefined, dir)).toBeUndefined();
});

describe('what the system refuses of our own files', () => {
  test.each([
    ['a directory in its place', 'taken', 'it is a directory. Remove it.'],
    ['a file in the place of its folder', 'file/x/y.json', 'something else stands in its place'],
    ['a symlink to itself above it', 'loop/y.json', 'something else stands in its place'],
    ['a name that is too long', `${'a'.repeat(300)}.json`, 'nothing can be made there. Name another place.'],
    ['a place below /proc', '/proc/drawbridge/x/y.json', 'nothing can be made there. Name another place.'],
  ])('is said with the file and what to do: %s', async (_what, name, says) => {
    await mkdir(join(dir, 'taken/x'), { recursive: true });
    await writeFile(join(dir, 'file'), '');
    await symlink('loop', join(dir, 'loop'));
    const file = name.startsWith('/') ? name : join(dir, name);
    const words = { code: 'FILE_UNUSABLE', message: expect.stringContaining(`Can't use ${file}: ${says}`) };
    await expect(writePrivate(file, '{}')).rejects.toMatchObject(words);
    expect((await readdir(dir)).toSorted()).toEqual(['file', 'loop', 'taken']);
  });

  test('a folder is made with those above it, by two at once as by one', async () => {
    const folder = join(dir, 'a/b/c/d');
    await Promise.all([makeFolder(folder), makeFolder(folder), makeFolder(join(dir, 'a/b'))]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test.each([
    ['agent', ['--home', '/tmp']],
    ['enroll', ['--gateway', 'http://127.0.0.1:9', '--token-file', '/proc/version']],
  ])('ends "drawbridge %s" with these words where it is given such a place', async (command, args) => {
    const done = await run(join(root, 'bridge/cli.ts'), [command, ...args, '--state', '/proc/drawbridge/x']);
    expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing can be made there. Name another place.') });
  });
});
