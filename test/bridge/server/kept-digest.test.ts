// Digests over restarts: with a real key, real files, and what somebody else wrote in their place.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sealer } from '#contract/secret.ts';
import { openSealer } from '../../../bridge/device/sealer.ts';
import { openSecretFile } from '../../../bridge/device/secret-file.ts';
import { createHasher } from '../../../bridge/server/content.ts';
import { openKeptDigests } from '../../../bridge/server/kept-digest.ts';
import type { KeptDigests } from '../../../bridge/server/kept-digest.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from './fixture.ts';

const large = Buffer.alloc(2 * 1024 * 1024, 'a');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
/** As if every file had been written a while ago. */
const later = (): number => Date.now() + 60_000;

interface Device {
  readonly folder: string;
  readonly file: string;
  readonly sealer: Sealer;
  /** The digests as the next agent finds them, and what went wrong. */
  open(): Promise<{ kept: KeptDigests; errors: unknown[] }>;
}

async function device(): Promise<Device> {
  const folder = await freshFolder();
  const file = join(folder, 'digest.sealed');
  const sealer = await openSealer({ kind: 'file', ...openSecretFile(join(folder, 'secret.json')) });
  return {
    folder,
    file,
    sealer,
    async open() {
      const errors: unknown[] = [];
      const kept = await openKeptDigests({
        read: () => readFile(file, 'utf8').catch(() => undefined),
        write: (text) => writeFile(file, text),
        sealer,
        onError: (error) => void errors.push(error),
      });
      return { kept, errors };
    },
  };
}

/** What was found, and what was put, while a file was hashed. */
async function hashed({ kept }: { readonly kept: KeptDigests }, path: string, now = later) {
  const seen: { found: string | undefined; put: string | undefined } = { found: undefined, put: undefined };
  const hasher = createHasher(
    {
      get: (...of) => (seen.found = kept.get(...of)),
      put(...of) {
        [, , seen.put] = of;
        kept.put(...of);
      },
      close: () => kept.close(),
    },
    now,
  );
  const digest = await hasher.ofFile(path);
  await kept.close();
  return { digest, ...seen };
}

describe('the digest of a large file', () => {
  test('is known to the next agent, until the file changes', async () => {
    const own = await device();
    const program = join(own.folder, 'program');
    await writeFile(program, large);
    const digest = sha256(large);
    expect(await hashed(await own.open(), program)).toEqual({ digest, found: undefined, put: digest });
    expect(await hashed(await own.open(), program)).toEqual({ digest, found: digest, put: undefined });
    const changed = Buffer.alloc(large.length, 'b');
    await writeFile(program, changed);
    expect(await hashed(await own.open(), program)).toEqual({ digest: sha256(changed), found: undefined, put: sha256(changed) });
  });

  test('is not kept where the file was written just now: it may be written again without a trace', async () => {
    const own = await device();
    const program = join(own.folder, 'program');
    await writeFile(program, large);
    expect(await hashed(await own.open(), program, Date.now)).toMatchObject({ put: undefined });
  });

  test('counts only as this device sealed it', async () => {
    proves('local-server.kept-digest-sealed', {
      file: 'bridge/server/kept-digest.ts',
      find: 'sealer.open(text)',
      replace: "text.startsWith('{') ? text : sealer.open(text)",
    });
    const [own, other] = [await device(), await device()];
    const program = join(own.folder, 'program');
    await writeFile(program, large);
    let stamp = '';
    await createHasher({ get: (_, of) => void (stamp = of), put: () => undefined, close: () => Promise.resolve() }).ofFile(
      program,
    );
    const forged = { version: 1, kind: 'digests', entries: [{ path: program, stamp, digest: 'f'.repeat(64) }] };
    for (const text of [JSON.stringify(forged), other.sealer.seal(JSON.stringify(forged)), own.sealer.seal('[]'), '']) {
      await writeFile(own.file, text);
      const opened = await own.open();
      expect(opened.errors).toHaveLength(1);
      expect(await hashed(opened, program)).toMatchObject({ digest: sha256(large), found: undefined });
    }
    // and would count as such
    await writeFile(own.file, own.sealer.seal(JSON.stringify(forged)));
    expect(await hashed(await own.open(), program)).toMatchObject({ digest: 'f'.repeat(64) });
  });
});
