// The key of the seals: 32 random bytes under <data>/key, never in the database and never in a backup of it.
import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Fault } from '#contract/error.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';

export interface AuditKey {
  readonly key: KeyObject;
  /** Holds the chains' heads. */
  readonly headFile: string;
  /** It was made just now, so nothing was ever recorded under it. */
  readonly isNew: boolean;
}

/** The key, made at first call. Rejects with FILE_UNUSABLE where the key is damaged or others can read it. */
export async function openAuditKey(dataDirectory: string): Promise<AuditKey> {
  const file = fileOf(dataDirectory);
  const text = await readKeyFile(file);
  return text === undefined ? parse(file, await make(file), true) : parse(file, text, false);
}

/** The key, undefined where none was made yet: to look at what there is must not make it seem that there is more. */
export async function readAuditKey(dataDirectory: string): Promise<AuditKey | undefined> {
  const file = fileOf(dataDirectory);
  const text = await readKeyFile(file);
  return text === undefined ? undefined : parse(file, text, false);
}

function fileOf(dataDirectory: string): string {
  return join(dataDirectory, 'key', 'audit.key');
}

function parse(file: string, text: string, isNew: boolean): AuditKey {
  if (!/^[0-9a-f]{64}\n$/.test(text))
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it is not an audit key. Put the right one back.' });
  return { key: createSecretKey(text.trim(), 'hex'), headFile: join(dirname(file), 'audit.head'), isNew };
}

async function make(file: string): Promise<string> {
  await writeKeyFile(file, `${randomBytes(32).toString('hex')}\n`, 'only where there is none');
  return (await readKeyFile(file)) ?? '';
}
