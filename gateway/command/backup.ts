// `backup` and `restore`: the whole database to a file and back, beside a running `serve`. The keys in the data directory are in no backup.
import { join } from 'node:path';
import type { Logger } from 'pino';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import { shownAccessToken } from '../admin/access-token.ts';
import { doing, type Doing } from '../admin/context.ts';
import { listIdentities } from '../admin/identity.ts';
import { stateOf } from '../admin/token-state.ts';
import { adoptHeads, type LostRecords } from '../audit/adopt.ts';
import { openAuditKey } from '../audit/key.ts';
import { type DataSettings, locationOf, parseDataSettings } from '../settings.ts';
import { backup } from '../store/backup.ts';
import { isDiskFull } from '../store/failure.ts';
import type { StoreLocation } from '../store/location.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { openKeys, type OpenedKeys } from '../vault/open.ts';
import { kidOf } from '../vault/seal.ts';
import { restore } from '../store/restore.ts';
import { deedCommand, existingData, withAdmin, withStore, type AddCommands, type Common, type Terminal } from './terminal.ts';

export const addBackup: AddCommands = (program, terminal) => {
  const { logger } = terminal;
  deedCommand(program, 'backup <file>', 'Writes the whole database to a new file.').action(
    async (file: string, flags: Common) => {
      let isNoted = true;
      const note = async (): Promise<void> => {
        isNoted = await tellWhereRoom(terminal, flags, { operation: 'data.backup', target: file, before: null, after: null });
      };
      const { counts } = await backup(locationOf(existingData(terminal, flags)), file, { logger, before: note });
      if (!isNoted) await note();
      if (!isNoted)
        terminal.note(
          'warning: the disk of the database is full, so it is not on record that this backup was made. Make room: calls are refused until then.',
        );
      terminal.print(flags.json ? JSON.stringify({ file, counts }) : `wrote ${file}: ${rows(counts)}`);
    },
  );
  deedCommand(
    program,
    'restore <file>',
    'Brings a backup back. Into a database in use: all but its audit records; what was revoked since stays revoked.',
  ).action(async (file: string, flags: Common) => {
    const settings = parseDataSettings({ data: flags.data }, terminal.around);
    const backupDirectory = join(settings.dataDir, 'backup');
    const location = locationOf(settings);
    const deps = { logger, backupDirectory, lockDirectory: settings.dataDir };
    const { mode, counts, header } = await restore(file, location, deps);
    const lost = mode === 'all' ? await adopt(settings, location, logger) : [];
    const { madeAt } = header;
    // First, so that they are said also where the deed can't be noted.
    if (mode === 'all') await noteRevived(terminal, flags, madeAt, lost);
    // What it brought back may be other than what was in force.
    await tell(terminal, flags, { operation: 'data.restore', target: file, before: null, after: { mode, counts, madeAt, lost } });
    await noteUnreadable(terminal, flags);
    const left = mode === 'merged' ? '; the audit records were left as they are' : '';
    terminal.print(
      flags.json
        ? JSON.stringify({ file, mode, counts, madeAt, lost })
        : `restored ${file}, as of ${timeOf(madeAt)}: ${rows(counts)}${left}`,
    );
  });
};

/** Who has a copy of everything, and who brought an older state back, is on record. */
async function tell(terminal: Terminal, flags: Common, of: Doing): Promise<void> {
  await withAdmin(terminal, flags, (acting) => doing(acting, Date.now(), of).administration.noteDeed());
}

/** Whether it is on record now. A backup is just what one wants while the disk of the database is full, and whoever may make one could copy the file as well. */
async function tellWhereRoom(terminal: Terminal, flags: Common, of: Doing): Promise<boolean> {
  try {
    await tell(terminal, flags, of);
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false;
  }
}

/** In an empty place nothing is known of what was taken away since: who restores is told what lives again, and what is on record nowhere here. */
async function noteRevived(
  terminal: Terminal,
  flags: Common,
  madeAt: number,
  lost: readonly LostRecords[] | null,
): Promise<void> {
  const now = Date.now();
  const counts = await withStore(terminal, flags, async (store) => ({
    tokens: (await store.tokens()).filter((one) => stateOf(one, now) === 'valid').length,
    'personal access tokens': (await store.administration.accessTokens()).filter(
      (one) => shownAccessToken(one, now).state === 'valid',
    ).length,
    workstations: (await store.workstations()).filter(({ revokedAt }) => revokedAt === null).length,
    connections: (await store.signIn.connections()).filter(({ revokedAt }) => revokedAt === null).length,
  }));
  const valid = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${what}: ${count}`] : []));
  const what = valid.length > 0 ? ` Look through those that are valid now (${valid.join(', ')}).` : '';
  terminal.note(
    `warning: what was revoked, denied, removed or switched off since ${timeOf(madeAt)} is as it was then, so it may be valid again.${what}`,
  );
  if (lost === null)
    terminal.note(
      'warning: the heads of the audit chains are not in the "key" folder, or are damaged, so nobody can say here which records were written after the backup.',
    );
  for (const { chain, first, last } of lost ?? [])
    terminal.note(`warning: the records ${first} to ${last} of the chain "${chain}" are not in the backup: they are lost here.`);
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}

/** The keys of the vault are in no backup: what is sealed with one that is not here can't be used. */
async function noteUnreadable(terminal: Terminal, flags: Common): Promise<void> {
  const { all, payloadKeys } = await withStore(terminal, flags, async (store, { dataDir, vaultKeys }) => {
    const opened = openKeys(dataDir, vaultKeys);
    return { all: await listIdentities({ store, ...opened }), payloadKeys: await closedKeys(store, opened) };
  });
  const unreadable = all.filter(({ state }) => state === 'unreadable').length;
  if (unreadable > 0)
    terminal.note(
      `warning: ${unreadable} of ${counted(all.length, 'identity', 'identities')} can't be opened: the key of the seal is not here. Put the old key/vault.key back, or set anew what can't be opened.`,
    );
  if (payloadKeys > 0)
    terminal.note(
      `warning: captured payloads lie under ${counted(payloadKeys, 'data key that is', 'data keys that are')} sealed with a key that is not here. Put the old key/vault.key back, or they stay closed.`,
    );
}

async function closedKeys(store: Store, { keys }: OpenedKeys): Promise<number> {
  const known = await Promise.all((await store.payload.keys()).map(({ sealed }) => keys.has(kidOf(sealed))));
  return known.filter((isKnown) => !isKnown).length;
}

/** Lets the restored chains go on. The audit key is in no backup, so that of the old data directory has to be there. */
async function adopt(settings: DataSettings, location: StoreLocation, logger: Logger): Promise<readonly LostRecords[] | null> {
  const store = await openStore(location, { logger, lockDirectory: settings.dataDir });
  try {
    return await adoptHeads({ store, ...(await openAuditKey(settings.dataDir)) });
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code !== 'AUDIT_BROKEN') throw cause;
    const reason = `The records are restored, but not with the key they were sealed with. Begin again: an empty data directory, the old one's "key" folder in it, then restore.`;
    throw new Fault('AUDIT_BROKEN', { reason }, { cause });
  } finally {
    await store.close();
  }
}

function rows(counts: Readonly<Record<string, number>>): string {
  const sum = Object.values(counts).reduce((all, count) => all + count, 0);
  return counted(sum, 'row');
}
