// Reads the ways out of this gateway server: the YAML file and the passwords that it names, and what the world may be told of them.
import { dirname, resolve } from 'node:path';
import { directWay, EgressFile, type EgressWay } from '#contract/egress-file.ts';
import type { EgressDocument } from '#contract/egress-document.ts';
import { reveal, Secret } from '#contract/secret.ts';
import type { Way, Ways } from '../egress/way.ts';
import { readSecretFile, readSettingsFile } from './settings-file.ts';

const flag = '--egress';

export interface EgressSettings {
  readonly ways: Ways;
  readonly published: Pick<EgressDocument, 'addresses' | 'isComplete'>;
}

/** Rejects with FILE_UNUSABLE, which says where the problem is. */
export async function readEgressFile(file: string): Promise<EgressSettings> {
  const { ways, default: usual } = await readSettingsFile(file, EgressFile, flag);
  const byName = new Map<string, Way>();
  const known: (readonly string[] | undefined)[] = [];
  if (usual === directWay && !(directWay in ways)) {
    byName.set(directWay, { kind: 'direct' });
    known.push(undefined);
  }
  for (const [name, way] of Object.entries(ways)) {
    byName.set(name, await wayOf(way, dirname(file)));
    known.push(way.addresses ?? (way.from === undefined ? undefined : [way.from]));
  }
  return {
    ways: { byName, usual },
    published: {
      addresses: [...new Set(known.flatMap((addresses) => addresses ?? []))],
      isComplete: known.every((addresses) => addresses !== undefined),
    },
  };
}

async function wayOf(
  { from, proxy, user, passwordFile, resolve: resolver = 'gateway' }: EgressWay,
  folder: string,
): Promise<Way> {
  if (from !== undefined) return { kind: 'source', address: from };
  if (proxy === undefined) return { kind: 'direct' };
  const url = new URL(proxy);
  if (user === undefined || passwordFile === undefined) return { kind: 'proxy', url, authorization: undefined, resolver };
  const password = await readSecretFile(resolve(folder, passwordFile), 'password', flag);
  const pair = Buffer.from(`${user}:${reveal(password)}`).toString('base64');
  return { kind: 'proxy', url, authorization: new Secret(`Basic ${pair}`), resolver };
}
