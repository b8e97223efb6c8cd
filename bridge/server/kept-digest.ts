// Digests of large files over restarts: hashing a runtime of 120 MB anew takes longer than everything else that the agent does when it starts.
// Rule: what is kept is sealed with the device's key, and counts only for a file whose times, size and inode are what they were when it was hashed.
import { z } from 'zod';
import type { Sealer } from '#contract/secret.ts';

/** One file's digest and what its stat was (content.ts). */
const Entry = z.strictObject({ path: z.string(), stamp: z.string(), digest: z.string().regex(/^[0-9a-f]{64}$/) });
const KeptFile = z.strictObject({ version: z.literal(1), kind: z.literal('digests'), entries: z.array(Entry) });

export interface KeptDigests {
  /** The digest of this path, where its stamp is the one it was kept with. */
  get(path: string, stamp: string): string | undefined;
  put(path: string, stamp: string, digest: string): void;
  /** Resolves when everything that was put is kept, or could not be. */
  close(): Promise<void>;
}

const entryLimit = 200;
const saveAfterMs = 1_000;

/** What can't be read, or was sealed by another device, is nothing: then all is hashed anew. */
export async function openKeptDigests(of: {
  readonly read: () => Promise<string | undefined>;
  readonly write: (text: string) => Promise<void>;
  readonly sealer: Sealer;
  readonly onError: (error: unknown) => void;
}): Promise<KeptDigests> {
  const entries = new Map((await readEntries(of)).map((entry) => [entry.path, entry]));
  let saving: Promise<void> = Promise.resolve();
  let soon: NodeJS.Timeout | undefined;

  const save = (): Promise<void> => {
    clearTimeout(soon);
    soon = undefined;
    const kept = { version: 1, kind: 'digests', entries: [...entries.values()] };
    const sealed = of.sealer.seal(JSON.stringify(kept));
    return (saving = saving.then(() => of.write(sealed)).catch(of.onError));
  };
  return {
    get(path, stamp) {
      const entry = entries.get(path);
      return entry?.stamp === stamp ? entry.digest : undefined;
    },
    put(path, stamp, digest) {
      entries.delete(path);
      const oldest = entries.size >= entryLimit ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(path, { path, stamp, digest });
      soon ??= setTimeout(() => void save(), saveAfterMs).unref();
    },
    close: () => (soon === undefined ? saving : save()),
  };
}

async function readEntries({
  read,
  sealer,
  onError,
}: Pick<Parameters<typeof openKeptDigests>[0], 'read' | 'sealer' | 'onError'>): Promise<readonly z.infer<typeof Entry>[]> {
  try {
    const text = await read();
    return text === undefined ? [] : KeptFile.parse(JSON.parse(sealer.open(text))).entries;
  } catch (error) {
    onError(error);
    return [];
  }
}
