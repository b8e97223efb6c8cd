// Reads how people sign in: the YAML file and the secrets that it names. A secret that others can read is none, and a file with one problem is refused whole.
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import { type IdentityProvider, type ListedHost, SignInFile } from '#contract/sign-in-file.ts';

export interface SignInSettings {
  readonly identityProviders: readonly (IdentityProvider & { readonly slug: string; readonly clientSecret: Secret<string> })[];
  readonly clientDocuments: SignInFile['clientDocuments'];
  readonly registration: SignInFile['registration'];
  readonly hosts: readonly (z.infer<typeof ListedHost> & { readonly clientId: string })[];
}

/** Rejects with FILE_UNUSABLE, which says where the problem is. */
export async function readSignInFile(file: string): Promise<SignInSettings> {
  const text = await read(file);
  let value: unknown;
  try {
    value = parse(text, { uniqueKeys: true, stringKeys: true });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'it is not YAML';
    throw new Fault('FILE_UNUSABLE', { file, reason }, { cause });
  }
  const parsed = SignInFile.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Fault('FILE_UNUSABLE', {
      file,
      reason: `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`,
    });
  }
  const { identityProviders, hosts, clientDocuments, registration } = parsed.data;
  return {
    clientDocuments,
    registration,
    identityProviders: await Promise.all(
      Object.entries(identityProviders).map(async ([slug, provider]) => ({
        ...provider,
        slug,
        clientSecret: await readSecret(resolve(dirname(file), provider.clientSecretFile)),
      })),
    ),
    hosts: Object.entries(hosts).map(([clientId, host]) => ({ clientId, ...host })),
  };
}

async function readSecret(file: string): Promise<Secret<string>> {
  const secret = (await read(file)).trim();
  if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
    throw new Fault('FILE_UNUSABLE', { file, reason: 'others may read it. Allow its owner only: chmod 600.' });
  if (secret === '') throw new Fault('FILE_UNUSABLE', { file, reason: 'it is empty. Put the client secret into it.' });
  return new Secret(secret);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : 'this user may not read it';
    throw new Fault('FILE_UNUSABLE', { file, reason: `${reason}. Check --sign-in.` }, { cause });
  }
}
