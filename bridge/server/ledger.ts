// Which processes are ours, on disk, so that the next agent can end what a crash left behind. One small file a child.
// A process is killed only where pid, start time and boot are those that were written down: a reused number is somebody else's.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { readPlainText } from '../plain-file.ts';

const Entry = z.strictObject({
  pid: z.number().int().min(2),
  startTime: z.string().min(1),
  boot: z.string(),
  /** The executable's path; no arguments, which may hold secrets. */
  command: z.string(),
});

export interface Ledger {
  add(pid: number, command: string): Promise<void>;
  remove(pid: number): Promise<void>;
}

export function createLedger(stateDir: string): Ledger {
  const directory = directoryIn(stateDir);
  return {
    async add(pid, command) {
      const identity = await identityOf(pid);
      if (identity === undefined) return;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const entry: z.infer<typeof Entry> = { pid, startTime: identity.startTime, boot: await bootId(), command };
      await writeFile(join(directory, `${pid}.json`), JSON.stringify(entry), { mode: 0o600 });
    },
    async remove(pid) {
      await rm(join(directory, `${pid}.json`), { force: true });
    },
  };
}

/** Kills the process groups that an earlier agent left behind and forgets them. Returns how many. Call it once, under the agent's lock. */
export async function reapLeftovers(stateDir: string): Promise<number> {
  const directory = directoryIn(stateDir);
  const names = await readdir(directory).catch(() => []);
  const boot = await bootId();
  let killed = 0;
  for (const name of names) {
    const entry = await readEntry(join(directory, name));
    const now = entry === undefined ? undefined : await identityOf(entry.pid);
    if (entry && now && entry.boot === boot && entry.startTime === now.startTime && now.group === entry.pid) {
      try {
        process.kill(-entry.pid, 'SIGKILL');
        killed++;
      } catch {
        // It ended in between, which is what was wanted.
      }
    }
    await rm(join(directory, name), { force: true });
  }
  return killed;
}

const directoryIn = (stateDir: string): string => join(stateDir, 'child');

async function readEntry(file: string): Promise<z.infer<typeof Entry> | undefined> {
  try {
    return Entry.parse(JSON.parse(await readPlainText(file)));
  } catch {
    return undefined;
  }
}

// proc_pid_stat(5): after the last ")" come state, ppid, pgrp (field 5) ... starttime (field 22). Elsewhere ps says it (macOS: not verified).
async function identityOf(pid: number): Promise<{ startTime: string; group: number } | undefined> {
  try {
    if (process.platform === 'linux') {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const startTime = fields[19];
      return startTime === undefined || fields[0] === 'Z' ? undefined : { startTime, group: Number(fields[2]) };
    }
    if (process.platform === 'win32') return undefined;
    const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'pgid=,lstart=', '-p', String(pid)], { timeout: 5000 });
    const found = /^\s*(\d+)\s+(\S.*\S)\s*$/.exec(stdout);
    return found?.[1] && found[2] ? { startTime: found[2], group: Number(found[1]) } : undefined;
  } catch {
    return undefined;
  }
}

// Start times count from the boot, so they mean nothing after another one.
async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}
