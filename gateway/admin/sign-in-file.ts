// Reads how people sign in: the YAML file and the secrets that it names.
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { Secret } from '#contract/secret.ts';
import { type IdentityProvider, type ListedHost, SignInFile } from '#contract/sign-in-file.ts';
import { readSecretFile, readSettingsFile } from './settings-file.ts';

const flag = '--sign-in';

export interface SignInSettings {
  readonly identityProviders: readonly (IdentityProvider & { readonly slug: string; readonly clientSecret: Secret<string> })[];
  readonly clientDocuments: SignInFile['clientDocuments'];
  readonly registration: SignInFile['registration'];
  readonly hosts: readonly (z.infer<typeof ListedHost> & { readonly clientId: string })[];
}

/** `ways`: the names of the ways out that there are. Rejects with FILE_UNUSABLE, which says where the problem is. */
export async function readSignInFile(file: string, ways: readonly string[]): Promise<SignInSettings> {
  const { identityProviders, hosts, clientDocuments, registration } = await readSettingsFile(file, SignInFile, flag);
  for (const [slug, { egress }] of Object.entries(identityProviders))
    if (egress !== undefined && !ways.includes(egress)) {
      const reason = `identityProviders.${slug}.egress: there is no way out "${egress}" (--egress).`;
      throw new Fault('FILE_UNUSABLE', { file, reason });
    }
  return {
    clientDocuments,
    registration,
    identityProviders: await Promise.all(
      Object.entries(identityProviders).map(async ([slug, provider]) => ({
        ...provider,
        slug,
        clientSecret: await readSecretFile(resolve(dirname(file), provider.clientSecretFile), 'client secret', flag),
      })),
    ),
    hosts: Object.entries(hosts).map(([clientId, host]) => ({ clientId, ...host })),
  };
}
