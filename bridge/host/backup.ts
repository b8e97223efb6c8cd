// The exact bytes of a config from before we changed it, in our own state directory, 0600, with its secrets sealed. It is read back and compared before
// the config itself is touched.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { Sealer } from '#contract/secret.ts';
import { blaming, makeFolder, readPlainText } from '../plain-file.ts';
import { replaceFile } from './atomic.ts';
import type { Span } from './edit/edit.ts';
import { sha256Of } from './file.ts';
import type { Ledger } from './ledger.ts';
import { hostDir } from './ledger.ts';
import { openText, SealedText, sealText } from './sealed-text.ts';

const Backup = z.strictObject({ version: z.literal(1), path: z.string(), sha256: z.string(), text: SealedText });

/** Name of the backup of these bytes of that file. */
function backupName(path: string, sha256: string): string {
  return `${sha256Of(path).slice(0, 16)}-${sha256.slice(0, 16)}.json`;
}

/** Keeps the text and returns the backup's name. Throws where what was written does not read back as the same bytes. */
export async function writeBackup(
  stateDir: string,
  path: string,
  text: string,
  secrets: readonly Span[],
  sealer: Sealer,
): Promise<string> {
  const sha256 = sha256Of(text);
  const name = backupName(path, sha256);
  const folder = join(hostDir(stateDir), 'backup');
  await makeFolder(folder).catch(blaming(folder));
  const backup = { version: 1, path, sha256, text: sealText(text, secrets, sealer) } satisfies z.infer<typeof Backup>;
  await replaceFile(join(folder, name), Buffer.from(JSON.stringify(backup)), { mode: 0o600 }).catch(blaming(join(folder, name)));
  await readBackup(stateDir, name, sha256, sealer);
  return name;
}

/** The text of a backup; throws where it is not the one with this SHA-256. */
export async function readBackup(stateDir: string, name: string, sha256: string, sealer: Sealer): Promise<string> {
  const file = join('host', 'backup', name);
  let text: string;
  try {
    const backup = Backup.parse(JSON.parse(await readPlainText(join(stateDir, file))));
    text = openText(backup.text, sealer);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('STATE_DAMAGED', { file, reason: 'it is missing or damaged' }, { cause: error });
  }
  if (sha256Of(text) !== sha256) throw new Fault('STATE_DAMAGED', { file, reason: 'it does not hold what was backed up' });
  return text;
}

/** Removes the backups that the ledger names no longer. Only while we hold the lock. */
export async function sweepBackups(stateDir: string, ledger: Ledger): Promise<void> {
  const folder = join(hostDir(stateDir), 'backup');
  const named = new Set(ledger.files.map((file) => file.original.backup));
  for (const name of await readdir(folder).catch(() => [])) if (!named.has(name)) await rm(join(folder, name), { force: true });
}
