// The sink that is a file: whole lines, nobody else's to read, rotated.
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFile } from '../../../gateway/sink/file.ts';
import { proves } from '../../requirement.ts';
import { smallDisk } from '../../suite/full-disk.ts';
import { describeReceiver, itemsOf } from '../../suite/receiver.ts';

const never = new AbortController().signal;
const idsIn = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id);

async function stage() {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-file-sink-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { directory, file: join(directory, 'records.jsonl') };
}

describeReceiver('file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-file-sink-'));
  const folder = join(directory, 'siem');
  const file = join(folder, 'records.jsonl');
  const receiver = createFile({ directory: folder, rotateBytes: 2 ** 30, keep: 1 });
  return {
    receiver,
    far: {
      ids: () => idsIn(readFileSync(file, 'utf8')),
      // Something that is no folder stands in its place.
      async kill() {
        await rename(folder, `${folder}-away`);
        await writeFile(folder, '');
      },
      async revive() {
        await rm(folder);
        await rename(`${folder}-away`, folder);
      },
      close: () => rm(directory, { recursive: true, force: true }),
    },
  };
});

test('is its owner’s alone, is rotated by size, and keeps so many', async () => {
  const { directory, file } = await stage();
  const receiver = createFile({ directory, rotateBytes: 4000, keep: 2 });
  const items = itemsOf(30);
  for (const item of items) await receiver.deliver([item], never);
  await receiver.close();
  expect((await readdir(directory)).toSorted()).toEqual(['records.jsonl', 'records.jsonl.1', 'records.jsonl.2']);
  expect((await stat(`${file}.2`)).mode & 0o777).toBe(0o600);
  const kept = (await Promise.all([`${file}.2`, `${file}.1`, file].map((path) => readFile(path, 'utf8')))).flatMap(idsIn);
  expect(kept).toEqual(items.map(({ id }) => id).slice(-kept.length));
});

test('keeps no more than it is told to keep now, from its start on, and touches nothing else in its folder', async () => {
  proves('sink.file-keeps', {
    file: 'gateway/sink/file.ts',
    find: '    if (!isPruned) await prune();\n',
    replace: '',
  });
  const { directory, file } = await stage();
  const many = createFile({ directory, rotateBytes: 1, keep: 12 });
  const items = itemsOf(14);
  for (const item of items.slice(0, 13)) await many.deliver([item], never);
  await many.close();
  await writeFile(join(directory, 'records.jsonl.12.gz'), 'somebody keeps it');
  await writeFile(`${file}.012`, 'no file of ours');
  const few = createFile({ directory, rotateBytes: 2 ** 30, keep: 2 });
  await few.deliver(items.slice(13), never);
  await few.close();
  const names = ['records.jsonl', 'records.jsonl.012', 'records.jsonl.1', 'records.jsonl.12.gz', 'records.jsonl.2'];
  expect((await readdir(directory)).toSorted()).toEqual(names);
  expect(idsIn(await readFile(`${file}.1`, 'utf8'))).toEqual([items[11]?.id]);
});

test('ends a line that was torn before the next begins, and follows a file that was moved away', async () => {
  proves('sink.file-whole-lines', { file: 'gateway/sink/file.ts', find: 'if (buffer[0] !== 0x0a)', replace: 'if (size < 0)' });
  const { directory, file } = await stage();
  const [first, second, third] = itemsOf(3);
  if (!first || !second || !third) throw new Error('there are three');
  const receiver = createFile({ directory, rotateBytes: 2 ** 30, keep: 1 });
  await receiver.deliver([first], never);
  await receiver.close();
  await appendFile(file, '{"torn":');
  const again = createFile({ directory, rotateBytes: 2 ** 30, keep: 1 });
  await again.deliver([second], never);
  expect((await readFile(file, 'utf8')).split('\n')).toEqual([first.text, '{"torn":', second.text, '']);
  await rename(file, `${file}.kept`);
  await again.deliver([third], never);
  await again.close();
  expect(idsIn(await readFile(file, 'utf8'))).toEqual([third.id]);
});

test('writes nothing twice where its file can not be rotated, loses none of those that are kept, and goes on once it can', async () => {
  proves('sink.file-rotated', {
    file: 'gateway/sink/file.ts',
    find: 'while (free < keep && (await isThere(`${path}.${free}`))) free++;',
    replace: 'free = keep;',
  });
  const { directory, file } = await stage();
  const receiver = createFile({ directory, rotateBytes: 1, keep: 4 });
  const items = itemsOf(5);
  for (const item of items.slice(0, 3)) await receiver.deliver([item], never);
  // Folders that are not empty stand where the files are to go.
  await mkdir(join(`${file}.3`, 'in'), { recursive: true });
  await mkdir(join(`${file}.4`, 'in'), { recursive: true });
  for (let times = 0; times < 3; times++) {
    expect(await receiver.deliver(items.slice(3, 4), never)).toMatchObject({ kind: 'later' });
    expect(idsIn(await readFile(file, 'utf8'))).toEqual([items[2]?.id]);
  }
  await rm(`${file}.3`, { recursive: true });
  await rm(`${file}.4`, { recursive: true });
  for (const item of items.slice(3)) expect(await receiver.deliver([item], never)).toMatchObject({ kind: 'delivered' });
  await receiver.close();
  const names = ['.4', '.3', '.2', '.1', ''].map((end) => `${file}${end}`);
  const kept = await Promise.all(names.map(async (name) => idsIn(await readFile(name, 'utf8'))));
  expect(kept).toEqual(items.map(({ id }) => [id]));
});

test('says when its disk is full, and goes on when there is room', async () => {
  const disk = smallDisk();
  try {
    const receiver = createFile({ directory: join(disk.folder, 'siem'), rotateBytes: 2 ** 30, keep: 1 });
    disk.fill();
    expect(await receiver.deliver(itemsOf(500), never)).toEqual({ kind: 'later', reason: 'the disk is full' });
    disk.free();
    const items = itemsOf(3);
    expect(await receiver.deliver(items, never)).toMatchObject({ kind: 'delivered' });
    await receiver.close();
    const lines = (await readFile(join(disk.folder, 'siem', 'records.jsonl'), 'utf8')).split('\n').slice(-4, -1);
    expect(idsIn(lines.join('\n'))).toEqual(items.map(({ id }) => id));
  } finally {
    disk.remove();
  }
});
