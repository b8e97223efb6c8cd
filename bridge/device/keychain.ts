// Where the device keeps its secrets: the OS's secret store, or, where that does not answer, a 0600 file. Which one it is, and why, is never hidden:
// `kind` and `reason` are shown to people and reported in the posture. On Linux only the secret service counts: the kernel's keyring forgets at logout.
import { join } from 'node:path';
import { AsyncEntry } from '@napi-rs/keyring';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { readIfThere, writePrivate } from './file.ts';
import { openSecretFile, type SecretFile } from './secret-file.ts';

export interface SecretStore {
  readonly kind: 'os' | 'file';
  /** Why it is a file, in words. */
  readonly reason?: string;
  get(name: string): Promise<Secret<string> | undefined>;
  set(name: string, value: Secret<string>): Promise<void>;
  remove(name: string): Promise<void>;
}

const withinMs = 5_000;
const probe = 'probe';

export async function openSecretStore(deps: {
  readonly stateDir: string;
  /** The name that entries stand under in the OS's store. */
  readonly service: string;
  readonly withinMs?: number;
}): Promise<SecretStore> {
  const file = openSecretFile(join(deps.stateDir, 'secret.json'));
  const marker = join(deps.stateDir, 'secret-store');
  const keyring = openKeyring(deps.service, deps.withinMs ?? withinMs);
  try {
    // Only a whole round says that it works: a locked store may list and not write.
    await keyring.set(probe, new Secret('probe'));
    if ((await keyring.get(probe)) === undefined) throw new Error('it does not keep what it is given');
    await keyring.remove(probe);
  } catch (error) {
    const reason = `The secret store of this system can't be used: ${wordsOf(error)}.`;
    return { kind: 'file', reason, ...file, get: (name) => getFromFile(file, name, marker) };
  }
  return withLeftovers(keyring, file, marker);
}

/** Where the OS's store was used before, what the file lacks is not missing: it can't be read now, and nobody may make it anew. */
async function getFromFile(file: SecretFile, name: string, marker: string): Promise<Secret<string> | undefined> {
  const found = await file.get(name);
  if (found !== undefined || (await readIfThere(marker)) === undefined) return found;
  const reason = `it is in the secret store of this system, which can't be used now (to begin afresh, remove ${marker})`;
  throw new Fault('SECRET_UNREADABLE', { name, reason });
}

/** The OS's store; what lies in the file from a time without one is moved into it when it is asked for. */
function withLeftovers(keyring: SecretFile, file: SecretFile, marker: string): SecretStore {
  async function set(name: string, value: Secret<string>): Promise<void> {
    if ((await readIfThere(marker)) === undefined) await writePrivate(marker, 'os\n');
    await keyring.set(name, value);
  }
  return {
    kind: 'os',
    async get(name) {
      const kept = await keyring.get(name);
      if (kept !== undefined) return kept;
      const leftover = await file.get(name);
      if (leftover === undefined) return undefined;
      await set(name, leftover);
      await file.remove(name);
      return leftover;
    },
    set,
    async remove(name) {
      await keyring.remove(name);
      await file.remove(name);
    },
  };
}

/** The OS's store with a deadline on each use. One use at a time, and none after one was late: a locked store can hold a thread for ever. */
function openKeyring(service: string, deadlineMs: number): SecretFile {
  let isLate = false;
  let last: Promise<unknown> = Promise.resolve();

  function use<T>(name: string, action: (entry: AsyncEntry) => Promise<T>): Promise<T> {
    const used = last.then(async () => {
      const late = new Fault('SECRET_UNREADABLE', { name, reason: 'the secret store does not answer, it may be locked' });
      if (isLate) throw late;
      const deadline = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        isLate = true;
        deadline.reject(late);
      }, deadlineMs);
      try {
        const answer = action(new AsyncEntry(service, name, { linux: { store: 'secret-service' } }));
        deadline.promise.catch(() => endsAnyway(answer));
        return await Promise.race([answer, deadline.promise]);
      } catch (cause) {
        throw cause instanceof Fault ? cause : new Fault('SECRET_UNREADABLE', { name, reason: wordsOf(cause) }, { cause });
      } finally {
        clearTimeout(timer);
      }
    });
    last = used.catch(() => undefined);
    return used;
  }

  return {
    async get(name) {
      const value = await use(name, (entry) => entry.getPassword());
      return value === null || value === undefined ? undefined : new Secret(value);
    },
    set: (name, value) => use(name, (entry) => entry.setPassword(reveal(value))),
    async remove(name) {
      await use(name, (entry) => entry.deletePassword());
    },
  };
}

/** Node waits for its threads when it exits, and this use holds one until a person answers a prompt: so the exit is made without it. */
function endsAnyway(answer: Promise<unknown>): void {
  const end = (): void => void process.kill(process.pid, 'SIGKILL');
  process.once('exit', end);
  const answered = (): void => void process.off('exit', end);
  answer.then(answered, answered);
}

function wordsOf(error: unknown): string {
  if (error instanceof Fault) return String(error.fields['reason'] ?? error.message);
  return error instanceof Error ? error.message.slice(0, 300).replace(/[.\s]+$/, '') : 'unknown';
}
