// The name of this gateway server's own chain, where several share a database. The rule: it is kept beside the keys and stays the same, and no other gateway server has
// it, also one with the same keys: two that wrote one chain would refuse each other's calls.
import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '#contract/error.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';
import { chainName } from './chain.ts';
import { readHeads } from './head.ts';
import type { AuditKey } from './key.ts';

/**
 * Reads `<data>/key/chain`, or makes it. `kid`: of the signing key, which named the chain where there was no such file: whoever served with that goes on with it.
 * The caller holds the lock of the data directory. Rejects with FILE_UNUSABLE.
 */
export async function openOwnChain(
  dataDirectory: string,
  { key, headFile, isNew, kid }: AuditKey & { readonly kid: string },
): Promise<string> {
  const kept = await readOwnChain(dataDirectory);
  if (kept !== undefined) return kept;
  const former = `node-${hash('sha256', kid).slice(0, 16)}`;
  const heads = readHeads(headFile, key);
  // Nothing is decided by what can't be believed or is missing: whoever opens the chain refuses it, and once the file was brought back it tells who served before.
  if (heads === 'damaged' || (heads === undefined && !isNew)) return former;
  const name = heads?.has(former) ? former : `node-${randomBytes(8).toString('hex')}`;
  await writeKeyFile(fileIn(dataDirectory), `${name}\n`, 'only where there is none');
  return name;
}

/** Undefined where none was named yet. Rejects with FILE_UNUSABLE. */
export async function readOwnChain(dataDirectory: string): Promise<string | undefined> {
  const file = fileIn(dataDirectory);
  const name = (await readKeyFile(file))?.trim();
  if (name === undefined || chainName.test(name)) return name;
  throw new Fault('FILE_UNUSABLE', { file, reason: 'it holds no name of a chain. Put the right one back.' });
}

const fileIn = (dataDirectory: string): string => join(dataDirectory, 'key', 'chain');
