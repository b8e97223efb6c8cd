// A machine that a test may install on: the real one, in mount and process namespaces of its own, with a layer over every folder that a package changes.
// Rule: what happens here is gone when the process ends, and the machine below never knew.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdir, readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const layered = ['opt', 'usr', 'etc', 'var', 'home'];
/** Where the layers' own files lie: in a file system that exists only here. */
const layers = '/mnt';
/** dpkg's own memory, and what its triggers make anew from what is installed. */
const ofThePackager =
  /^\/(var\/(lib\/(dpkg|apt)|log|cache)|usr\/share\/(applications\/mimeinfo\.cache|icons\/hicolor\/icon-theme\.cache))(\/|$)/;

export interface Ended {
  readonly code: number;
  readonly said: string;
}

/** Lays the layers; rejects where this kernel or this user may not. Call it in namespaces of its own (unshare --mount --pid) only. */
export async function layMachine(): Promise<void> {
  await must('mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', layers);
  for (const name of layered) {
    const [upper, work] = [join(layers, name, 'upper'), join(layers, name, 'work')];
    await mkdir(upper, { recursive: true });
    await mkdir(work);
    await must('mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=/${name},upperdir=${upper},workdir=${work}`, `/${name}`);
  }
  await must('mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run');
}

/** Every file and folder that differs from the machine below, but for the packager's own memory. */
export async function changedFiles(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of layered) {
    const upper = join(layers, name, 'upper');
    for (const entry of await readdir(upper, { withFileTypes: true, recursive: true })) {
      const path = join(`/${name}`, entry.parentPath.slice(upper.length), entry.name);
      // a character device stands for what is gone
      if (!entry.isCharacterDevice() && !entry.isDirectory() && !ofThePackager.test(path)) found.push(path);
      if (entry.isDirectory() && /drawbridge/i.test(entry.name)) found.push(`${path}/`);
    }
  }
  return found.toSorted();
}

/** Path and hash of every regular file below; `none` where there is no such file. */
export async function hashes(folder: string, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const pairs = names.map(async (name) => {
    const path = join(folder, name);
    const there = await lstat(path).catch(() => undefined);
    if (there === undefined) return [name, 'none'];
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    return [name, `${sha256} ${(there.mode & 0o7777).toString(8)} ${there.uid}`];
  });
  return Object.fromEntries(await Promise.all(pairs));
}

/** Processes of this machine that run from the installed app or name it. */
export async function processesOf(app: string): Promise<readonly { readonly pid: number; readonly line: string }[]> {
  const found = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const line = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    const exe = await readlink(`/proc/${name}/exe`).catch(() => '');
    const isZombie = / Z /.test(await readFile(`/proc/${name}/stat`, 'utf8').catch(() => ' Z '));
    if (!isZombie && (exe.startsWith(app) || line.includes(app))) found.push({ pid: Number(name), line });
  }
  return found;
}

/** Runs a program to its end, without a terminal and without a question. */
export async function run(file: string, ...args: string[]): Promise<Ended> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  const child = spawn(file, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : 128, said };
}

async function must(file: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(file, args);
}
