// One converge or restore at a time per state directory, across processes. The lock is the operating system's, held through an open SQLite file, so it ends with
// its process however that ends: there is no stale lock to guess about.
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '#contract/error.ts';

export interface Lock {
  release(): void;
}

/** Waits up to `waitMs` for another one to finish, then throws BUSY. */
export async function lockHosts(stateDir: string, signal: AbortSignal | undefined, waitMs = 30_000): Promise<Lock> {
  // Loaded late: an Electron without it can still run all the rest.
  const { DatabaseSync } = await import('node:sqlite');
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, 'host.lock');
  const deadline = Date.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // SQLite alone may open this file: closing any other handle of it would let go of the lock (POSIX).
      database.exec('PRAGMA journal_mode=OFF; BEGIN EXCLUSIVE');
      await chmod(path, 0o600);
      return { release: () => database.isOpen && database.close() };
    } catch (error) {
      database.close();
      const isHeld = error instanceof Error && 'errcode' in error && error.errcode === 5;
      if (!isHeld) throw new Fault('STATE_DAMAGED', { file: 'host.lock', reason: 'it is no lock file' }, { cause: error });
      if (Date.now() >= deadline) throw new Fault('BUSY', { what: "another change of the AI hosts' configs" });
      await wait(50, undefined, { signal });
    }
  }
}
