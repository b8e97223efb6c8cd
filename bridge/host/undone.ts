// The hosts that the user took the gateway out of: left alone by every scan until they are taken back, also after a restart.
// Rule: a list that can't be read counts as empty, so that in doubt the gateway is put in place again.
import { join } from 'node:path';
import { z } from 'zod';
import { blaming, makeFolder, readPlainText } from '../plain-file.ts';
import { replaceFile } from './atomic.ts';
import { hostDir } from './ledger.ts';

const Undone = z.strictObject({
  version: z.literal(1),
  hosts: z.array(z.strictObject({ host: z.string(), at: z.number() })).max(200),
});

const fileOf = (stateDir: string): string => join(hostDir(stateDir), 'undone.json');

/** Their ids. */
export async function undoneHosts(stateDir: string): Promise<ReadonlySet<string>> {
  return new Set((await read(stateDir)).map(({ host }) => host));
}

export async function addUndone(stateDir: string, host: string, at: number): Promise<void> {
  const others = (await read(stateDir)).filter((one) => one.host !== host);
  await write(stateDir, [...others, { host, at }]);
}

/** Takes one back, or all. */
export async function removeUndone(stateDir: string, host?: string): Promise<void> {
  const before = await read(stateDir);
  const rest = host === undefined ? [] : before.filter((one) => one.host !== host);
  if (rest.length < before.length) await write(stateDir, rest);
}

async function read(stateDir: string): Promise<z.infer<typeof Undone>['hosts']> {
  try {
    return Undone.parse(JSON.parse(await readPlainText(fileOf(stateDir)))).hosts;
  } catch {
    return [];
  }
}

async function write(stateDir: string, hosts: z.infer<typeof Undone>['hosts']): Promise<void> {
  await makeFolder(hostDir(stateDir)).catch(blaming(hostDir(stateDir)));
  await replaceFile(fileOf(stateDir), Buffer.from(`${JSON.stringify({ version: 1, hosts })}\n`), { mode: 0o600 }).catch(
    blaming(fileOf(stateDir)),
  );
}
