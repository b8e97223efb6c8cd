// What the files of a command hold, as one SHA-256. A hash is kept until the file's mtime, size, ctime or inode changes, so that the check
// before each start costs a stat a file. A package's hash covers its own files and package.json, not its dependencies: those of the three
// reference servers are 100 packages and 4,000 files, 1-2 s to hash and 200 ms to check, and the same package version would then have another
// fingerprint on every device. What Drawbridge installs itself is installed once and never updated in place.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readPlain } from '../plain-file.ts';
import type { KeptDigests } from './kept-digest.ts';

export interface Hasher {
  /** Hex SHA-256 of one file; rejects where there is none. */
  ofFile(path: string): Promise<string>;
  /** Over the sorted (path, hash) list of a package's own files. */
  ofPackage(directory: string): Promise<string>;
}

interface Known {
  readonly stamp: string;
  readonly digest: string;
}

const knownLimit = 20_000;
const packageFileLimit = 10_000;
const atOnce = 8;
const wholeBytes = 4 * 1024 * 1024;

/** Smaller ones are hashed as fast as they are looked up. */
const keptFromBytes = 1024 * 1024;
/** A file that was written just now may be written again within one tick of its file system's clock. */
const settledAfterMs = 2_000;

/** One cache of file hashes. The agent makes one and hands it to resolve, so that a rescan stays cheap. `kept`: what earlier agents hashed. */
export function createHasher(kept?: KeptDigests, now = Date.now): Hasher {
  const known = new Map<string, Known>();

  async function ofFile(path: string): Promise<string> {
    const found = await stat(path);
    if (!found.isFile()) throw new Error(`${path} is no regular file`);
    const { mtimeMs, ctimeMs, size, ino, dev } = found;
    const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino} ${dev}`;
    const before = known.get(path);
    if (before?.stamp === stamp) return before.digest;
    const earlier = size < keptFromBytes ? undefined : kept?.get(path, stamp);
    const begunAt = now();
    const digest = earlier ?? (await digestOf(path, size));
    if (known.size >= knownLimit) known.clear();
    known.set(path, { stamp, digest });
    if (earlier === undefined && size >= keptFromBytes && Math.max(ctimeMs, mtimeMs) < begunAt - settledAfterMs)
      kept?.put(path, stamp, digest);
    return digest;
  }

  async function ofPackage(directory: string): Promise<string> {
    const paths = await pathsIn(directory);
    const lines: string[] = [];
    let next = 0;
    // A few at a time: a large package must not use up the process's file descriptors.
    const workers = Array.from({ length: atOnce }, async () => {
      for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
        const file = join(directory, path.name);
        // A link is covered by where it points, and never followed out of the package.
        const content = path.isLink ? `link:${await readlink(file)}` : await ofFile(file);
        lines.push(`${JSON.stringify(path.name)} ${content}\n`);
      }
    });
    await Promise.all(workers);
    return createHash('sha256').update(lines.toSorted().join('')).digest('hex');
  }

  return { ofFile, ofPackage };
}

/** Every file and link of a package, relative to it, without nested packages. */
async function pathsIn(directory: string): Promise<{ name: string; isLink: boolean }[]> {
  const found: { name: string; isLink: boolean }[] = [];
  const folders = [''];
  for (let below = folders.pop(); below !== undefined; below = folders.pop())
    for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
      if (entry.name === 'node_modules') continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else found.push({ name, isLink: entry.isSymbolicLink() });
      if (found.length > packageFileLimit) throw new Error(`the package ${directory} has more than ${packageFileLimit} files`);
    }
  return found;
}

async function digestOf(path: string, sizeBytes: number): Promise<string> {
  if (sizeBytes <= wholeBytes)
    return createHash('sha256')
      .update(await readPlain(path))
      .digest('hex');
  const digest = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), digest);
  return digest.digest('hex');
}
