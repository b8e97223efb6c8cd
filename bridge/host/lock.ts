// One converge or restore at a time per state directory, across processes and within one. A holder that was killed blocks nobody.
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '#contract/error.ts';
import { lock } from '../lock.ts';
import { blaming, makeFolder } from '../plain-file.ts';

export interface Lock {
  release(): void;
}

/** Waits up to `waitMs` for another one to finish, then throws BUSY. */
export async function lockHosts(stateDir: string, signal: AbortSignal | undefined, waitMs = 30_000): Promise<Lock> {
  await makeFolder(stateDir).catch(blaming(stateDir));
  const deadline = performance.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const held = await lock(join(stateDir, 'host.lock'), process.pid);
    if (held.kind === 'held') return held;
    if (performance.now() >= deadline) throw new Fault('BUSY', { what: "another change of the AI hosts' configs" });
    await wait(20, undefined, { signal });
  }
}
