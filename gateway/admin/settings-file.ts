// A YAML file of settings that `serve` is given, and the secrets that it names. A secret that others can read is none, and a file with one problem is
// refused whole.
import { readFile, stat } from 'node:fs/promises';
import { parse } from 'yaml';
import type { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';

/** Rejects with FILE_UNUSABLE, which says where the problem is. `flag`: who named the file. */
export async function readSettingsFile<T extends z.ZodType>(file: string, schema: T, flag: string): Promise<z.infer<T>> {
  const text = await read(file, flag);
  let value: unknown;
  try {
    value = parse(text, { uniqueKeys: true, stringKeys: true });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'it is not YAML';
    throw new Fault('FILE_UNUSABLE', { file, reason }, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const reason = `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`;
  throw new Fault('FILE_UNUSABLE', { file, reason });
}

/** `what` it should hold. */
export async function readSecretFile(file: string, what: string, flag: string): Promise<Secret<string>> {
  const secret = (await read(file, flag)).trim();
  if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
    throw new Fault('FILE_UNUSABLE', { file, reason: 'others may read it. Allow its owner only: chmod 600.' });
  if (secret === '') throw new Fault('FILE_UNUSABLE', { file, reason: `it is empty. Put the ${what} into it.` });
  return new Secret(secret);
}

async function read(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : 'this user may not read it';
    throw new Fault('FILE_UNUSABLE', { file, reason: `${reason}. Check ${flag}.` }, { cause });
  }
}
