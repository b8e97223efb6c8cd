// `audit`: the record of every call, to look at and to check.
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import { printable, recordLine } from '../admin/print.ts';
import { type VerifiedPayloads, verifyPayloads } from '../admin/payload-verify.ts';
import { tailRecords } from '../admin/tail.ts';
import { makeCheckpoint, readCheckpoints } from '../audit/checkpoint.ts';
import { readAuditKey } from '../audit/key.ts';
import { readOwnChain } from '../audit/own-chain.ts';
import { verdictLines } from '../audit/verdict-text.ts';
import { verifyAudit, verifyWithoutKey } from '../audit/verify.ts';
import { openKeys } from '../vault/open.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

import { addAuditPayload } from './audit-payload.ts';
import { addAuditRetention } from './audit-retention.ts';
import { addAuditSearch } from './audit-search.ts';

export const addAudit: AddCommands = (program, terminal) => {
  const audit = program.command('audit').description('The record of every call.');
  command(audit, 'tail', 'Shows the newest records.')
    .option('-n, --lines <count>', 'how many', '20')
    .option('--follow', 'go on with new ones until Ctrl-C')
    .action(async (flags: Common & { lines: string; follow?: boolean }) => {
      const count = parseCount(flags.lines);
      await withStore(terminal, flags, async (store) => {
        const signal = flags.follow ? terminal.untilEnded() : undefined;
        for await (const tailed of tailRecords({ store, count, follow: signal })) {
          const { chain, seq, record } = tailed;
          terminal.print(flags.json ? JSON.stringify({ ...record, chain, seq }) : recordLine(tailed));
        }
        const waiting = await store.administration.deedsWaiting();
        if (waiting > 0)
          terminal.note(
            `${counted(waiting, 'deed of an administrator is', 'deeds of administrators are')} not here yet: a running gateway server brings ${waiting === 1 ? 'it' : 'them'}.`,
          );
      });
    });
  addAuditSearch(audit, terminal);
  addAuditPayload(audit, terminal);
  addAuditRetention(audit, terminal);
  command(audit, 'checkpoint', 'Prints where the records end now, sealed: to be kept elsewhere.').action(
    async (flags: Common) => {
      const checkpoint = await withStore(terminal, flags, async (store, { dataDir }) => {
        const audit = await readAuditKey(dataDir);
        if (audit === undefined) throw new Fault('AUDIT_BROKEN', { reason: 'There is no audit key yet: nothing was recorded.' });
        return await makeCheckpoint({ store, key: audit.key, now: Date.now });
      });
      terminal.print(JSON.stringify(checkpoint));
    },
  );
  command(audit, 'verify', 'Checks that no record was altered, deleted, moved or cut off.')
    .option('--checkpoint <file>', 'also that they hold what checkpoints say that were kept: as printed, or records with them')
    .option('--payloads', 'also that each captured payload is there, opens, and is what its record stands for')
    .action(async (flags: Common & { checkpoint?: string; payloads?: boolean }) => {
      const verdict = await withStore(terminal, flags, async (store, { dataDir, database }) => {
        const audit = await readAuditKey(dataDir);
        if (audit === undefined && flags.checkpoint === undefined) return verifyWithoutKey(store);
        if (audit === undefined)
          throw new Fault('AUDIT_BROKEN', { reason: 'The audit key is missing, so no checkpoint can be checked: put it back.' });
        const kept = flags.checkpoint === undefined ? [] : await readKept(flags.checkpoint, audit.key);
        const own = database.kind === 'postgres' ? await readOwnChain(dataDir) : undefined;
        return verifyAudit({ store, ...audit, own, kept });
      });
      // Of a chain that is broken nobody could say what payloads are to be.
      const captured =
        flags.payloads === true && verdict.ok
          ? await withStore(terminal, flags, (store, { dataDir, vaultKeys }) =>
              verifyPayloads({ store, ...openKeys(dataDir, vaultKeys), now: Date.now }),
            )
          : undefined;
      if (flags.json) terminal.print(JSON.stringify(captured ? { ...verdict, captured } : verdict));
      if (!verdict.ok) throw new Fault('AUDIT_BROKEN', { reason: verdict.words });
      if (!flags.json) for (const line of verdictLines(verdict)) terminal.print(printable(line));
      if (captured !== undefined) tellPayloads(captured, flags);
    });

  function tellPayloads({ payloads, broken, beyond }: VerifiedPayloads, flags: Common): void {
    if (!flags.json) for (const { record, direction, why } of broken) terminal.print(`${record} ${direction}: ${why}`);
    const count = broken.length + beyond;
    if (count > 0)
      throw new Fault('AUDIT_BROKEN', {
        reason: `${counted(count, 'captured payload is not what its record stands', 'captured payloads are not what their records stand')} for.`,
      });
    if (!flags.json) terminal.print(`whole: ${counted(payloads, 'captured payload')}`);
  }
};

async function readKept(file: string, key: KeyObject): Promise<ReturnType<typeof readCheckpoints>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it could not be read.' }, { cause });
  });
  try {
    return readCheckpoints(text, key);
  } catch (cause) {
    // Of the records nothing is known yet.
    if (!(cause instanceof Fault) || cause.code !== 'AUDIT_BROKEN') throw cause;
    throw new Fault(
      'FILE_UNUSABLE',
      { file, reason: `${String(cause.fields['reason'])} The records were not looked at.` },
      { cause },
    );
  }
}

function parseCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new Fault('SETTING_INVALID', { setting: '--lines', reason: 'write a number of records.' });
}
