// A sink that is a file: one record a line, on disk when it counts as delivered, rotated by size.
// The rule: a line is whole. One that a crash or a full disk tore is ended before the next begins; what is on disk is not written again because its file can't be rotated.
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './failure.ts';
import type { Item } from './item.ts';
import type { Receiver } from './receiver.ts';

export interface FileDeps {
  readonly directory: string;
  readonly rotateBytes: number;
  /** Full files that are kept. */
  readonly keep: number;
}

const name = 'records.jsonl';

export function createFile({ directory, rotateBytes, keep }: FileDeps): Receiver {
  const path = join(directory, name);
  let isPruned = false;
  let handle: FileHandle | undefined;
  let size = 0;

  async function opened(): Promise<FileHandle> {
    // Somebody may have moved the file away to keep it.
    const there = await stat(path).catch(() => undefined);
    if (handle !== undefined && there?.ino === (await handle.stat()).ino) return handle;
    await shut();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (!isPruned) await prune();
    handle = await open(path, 'a+', 0o600);
    await handle.chmod(0o600);
    size = (await handle.stat()).size;
    if (size > 0) {
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
      if (buffer[0] !== 0x0a) size += (await handle.write('\n')).bytesWritten;
    }
    return handle;
  }

  async function write(items: readonly Item[]): Promise<void> {
    let file = await opened();
    if (size >= rotateBytes) {
      await rotate();
      file = await opened();
    }
    const lines = Buffer.from(items.map(({ text }) => `${text}\n`).join(''));
    let written = 0;
    while (written < lines.length) written += (await file.write(lines, written)).bytesWritten;
    await file.sync();
    size += lines.length;
  }

  /** Up to the first number that is free: where it failed halfway that is where it goes on, and no kept one is removed for nothing. */
  async function rotate(): Promise<void> {
    await shut();
    let free = 1;
    while (free < keep && (await isThere(`${path}.${free}`))) free++;
    // The oldest of as many as are kept goes.
    for (let number = free - 1; number >= 1; number--) await rename(`${path}.${number}`, `${path}.${number + 1}`);
    await rename(path, `${path}.1`);
    await prune();
  }

  /** Those beyond as many as are kept, where it was more before. One that can't be removed is in no record's way: it is tried again at the next rotation. */
  async function prune(): Promise<void> {
    isPruned = true;
    for (const file of await readdir(directory)) {
      const number = /^records\.jsonl\.([1-9]\d{0,5})$/.exec(file)?.[1];
      if (number !== undefined && Number(number) > keep) await rm(join(directory, file)).catch(() => undefined);
    }
  }

  async function shut(): Promise<void> {
    const closing = handle;
    handle = undefined;
    await closing?.close();
  }

  return {
    batch: { records: 1000, bytes: 4 * 2 ** 20 },
    rewindMs: 0,
    async deliver(items) {
      try {
        await write(items);
        return { kind: 'delivered', answer: `written to ${path}` };
      } catch (error) {
        await shut().catch(() => undefined);
        const code = codeOf(error);
        return { kind: 'later', reason: code === 'ENOSPC' ? 'the disk is full' : `the file can not be written (${code})` };
      }
    },
    close: () => shut().catch(() => undefined),
  };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      return false;
    },
  );
}
