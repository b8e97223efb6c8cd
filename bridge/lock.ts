// A lock between processes: one agent per state directory, one change of the hosts at a time. It is a file with the holder's pid and the time it was started at, so that a pid that was given to another process holds nothing.
// Rule: a lock is taken over only when its holder is gone, and only by one of those who see that: by who has the lock beside it, `<file>.takeover`, which is
// taken over in the same way where its own holder was killed.
import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { blaming, readPlainText } from './plain-file.ts';

const Holder = z.object({ pid: z.number().int(), started: z.string() });
type Holder = z.infer<typeof Holder>;

export type Lock = { readonly kind: 'held'; release(): void } | { readonly kind: 'taken'; readonly pid: number };

/** About a second: a takeover lasts some milliseconds. */
const attempts = 50;
const betweenMs = 20;
const takingOver = '.takeover';
const takeoverLimitMs = 60_000;

/** Takes the lock, or says who has it. */
export async function lock(file: string, pid: number): Promise<Lock> {
  return take(file, { pid, started: await startOf(pid) }).catch(blaming(file));
}

async function take(file: string, own: Holder): Promise<Lock> {
  let taker: number | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await create(file, own)) {
      // it is held now: to fail here would leave it to nobody for as long as this process lives
      await removeDrafts(file).catch(() => {});
      return { kind: 'held', release: () => release(file, own) };
    }
    const holder = await holderOf(file);
    if (holder === undefined) continue;
    if (holder !== 'unreadable' && (await holds(file, holder))) return { kind: 'taken', pid: holder.pid };
    taker = (await removeStale(file, own)) ?? taker;
  }
  if (taker === undefined) throw new Error(`the lock ${file} can't be taken: remove it by hand`);
  throw new Error(
    `the lock ${file} can't be taken: process ${taker} holds ${file}.takeover. Where that process is not Drawbridge, remove this file by hand`,
  );
}

/** Appears with its content or not at all: link() fails where the name is there, or where who took the lock meanwhile removed the draft. */
async function create(file: string, holder: Holder): Promise<boolean> {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return await link(draft, file).then(
      () => true,
      (error: unknown) => {
        if (isCode(error, 'EEXIST') || isCode(error, 'ENOENT')) return false;
        throw error;
      },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/** What those left who were killed while they made theirs. Who still makes one loses nothing by it: they look again. */
async function removeDrafts(file: string): Promise<void> {
  for (const name of await readdir(dirname(file))) {
    if (!name.startsWith(basename(file))) continue;
    if (/^(\.takeover)*\.[0-9a-f]{16}$/.test(name.slice(basename(file).length)))
      await rm(join(dirname(file), name), { force: true });
  }
}

/** Two that see the same stale lock must not remove it one after the other: the second would remove the first one's new lock. Resolves with the pid of another who does. */
async function removeStale(file: string, own: Holder): Promise<number | undefined> {
  const takeover = await take(`${file}${takingOver}`, own);
  if (takeover.kind === 'taken') {
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
    return takeover.pid;
  }
  try {
    const holder = await holderOf(file);
    if (holder === undefined || (holder !== 'unreadable' && (await holds(file, holder)))) return undefined;
    // a directory, too: a takeover was one
    await rm(file, { recursive: true, force: true });
    return undefined;
  } finally {
    takeover.release();
  }
}

/** At once, so that it also works at the very end of a process. What took its place meanwhile stays: a pipe there would be waited for. */
function release(file: string, own: Holder): void {
  try {
    if (lstatSync(file).isFile() && readFileSync(file, 'utf8') === JSON.stringify(own)) rmSync(file, { force: true });
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

async function holderOf(file: string): Promise<Holder | 'unreadable' | undefined> {
  try {
    const parsed = Holder.safeParse(JSON.parse(await readPlainText(file)));
    return parsed.success ? parsed.data : 'unreadable';
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    if (error instanceof SyntaxError || isCode(error, 'EINVAL')) return 'unreadable';
    throw error;
  }
}

/** Where the platform doesn't tell when a process was started, a takeover that lasts much longer than one can is that of a dead one whose pid another has. */
async function holds(file: string, holder: Holder): Promise<boolean> {
  if (!(await lives(holder))) return false;
  if (holder.started !== '' || !file.endsWith(takingOver)) return true;
  const found = await stat(file).catch(() => undefined);
  return found === undefined || Math.abs(Date.now() - found.mtimeMs) < takeoverLimitMs;
}

async function lives(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false;
  }
  return (await startOf(holder.pid)) === holder.started;
}

/** When a process was started, in the kernel's ticks: with the pid it names one process until the next boot. Empty where the platform doesn't tell (then the pid alone counts). */
export async function startOf(pid: number): Promise<string> {
  try {
    const [text, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    ]);
    // the name, in parentheses, may hold spaces and parentheses itself: count from behind the last one (proc(5): field 22)
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // a zombie holds nothing any more
    return fields[0] === 'Z' ? 'ended' : `${boot.trim()}:${fields[19]}`;
  } catch {
    return '';
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
