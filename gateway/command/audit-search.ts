// `audit search` and `audit export`: what the records say, found by what stands in them.
import { Option, type Command } from 'commander';
import { recordKinds } from '#contract/audit.ts';
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import { noteExport } from '../admin/audit.ts';
import { recordLine } from '../admin/print.ts';
import { catchUp, parseMoment, searchRecords } from '../admin/search.ts';
import { exportFormats, exportRecords, type ExportFormat } from '../audit/export.ts';
import { writeExport } from '../audit/export-file.ts';
import type { RecordFilter } from '../store/search.ts';
import { command, deedCommand, withAdmin, withStore, type Common, type Terminal } from './terminal.ts';

interface FilterFlags {
  readonly from?: string;
  readonly until?: string;
  readonly user?: string;
  readonly host?: string;
  readonly gateway?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly decision?: string;
  readonly code?: string;
  readonly kind?: string;
}

const searchCatchUpMs = 2_000;
const exportCatchUpMs = 600_000;
const mostLines = 10_000;
const tellEveryMs = 1_000;

export function addAuditSearch(audit: Command, terminal: Terminal): void {
  filtered(command(audit, 'search [words...]', 'Finds records by what they say, newest first.'))
    .option('-n, --lines <count>', 'how many', '50')
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(async (words: readonly string[], flags: Common & FilterFlags & { lines: string; cursor?: string }) => {
      const limit = parseLimit(flags.lines);
      const filter = filterOf(words, flags);
      const page = await withStore(terminal, flags, async (store) => {
        await catchUp(store, searchCatchUpMs);
        return await searchRecords(store, filter, { limit, cursor: flags.cursor });
      });
      if (flags.json) {
        const items = page.items.map(({ chain, seq, record }) => ({ ...record, chain, seq }));
        return terminal.print(JSON.stringify({ ...page, items }));
      }
      for (const found of page.items) terminal.print(recordLine(found));
      if (page.items.length === 0) terminal.note('No record says all of this.');
      if (page.next !== null) terminal.note(`There is more: --cursor ${page.next}`);
      noteBehind(terminal, page.behind);
    });
  filtered(deedCommand(audit, 'export [words...]', 'Writes the records that a search finds to a file.'))
    .addOption(new Option('--format <format>', 'how').choices(exportFormats).default('jsonl'))
    .requiredOption('--out <file>', 'a new file')
    .action(async (words: readonly string[], flags: Common & FilterFlags & { format: ExportFormat; out: string }) => {
      const filter = filterOf(words, flags);
      const signal = terminal.untilEnded();
      let told = performance.now();
      let rows = 0;
      const behind = await withAdmin(terminal, flags, async (acting) => {
        const { store } = acting;
        await noteExport(acting, acting.now(), { format: flags.format, filter });
        await catchUp(store, exportCatchUpMs, signal);
        const onProgress = (progress: { readonly rows: number; readonly done: number }) => {
          rows = progress.rows;
          if (performance.now() - told < tellEveryMs) return;
          told = performance.now();
          terminal.note(`${counted(rows, 'record')}, ${Math.floor(progress.done * 100)} %`);
        };
        await writeExport(flags.out, exportRecords({ store, filter, format: flags.format, onProgress, signal }));
        return await store.search.behind();
      });
      terminal.print(
        flags.json ? JSON.stringify({ file: flags.out, rows, behind }) : `${counted(rows, 'record')} in ${flags.out}`,
      );
      noteBehind(terminal, behind);
    });
}

function filtered(of: Command): Command {
  return of
    .option('--from <when>', 'since then: 24h or 7d ago, 2026-11-26, or 2026-11-26T08:00:00Z')
    .option('--until <when>', 'before then')
    .option('--user <name>')
    .option('--host <name>')
    .option('--gateway <name>')
    .option('--server <name>')
    .option('--tool <name>', 'a tool, prompt, resource or template')
    .addOption(new Option('--decision <decision>').choices(['allowed', 'refused', 'failed']))
    .option('--code <code>', 'an error code')
    .addOption(new Option('--kind <kind>').choices(recordKinds));
}

function filterOf(words: readonly string[], flags: FilterFlags): RecordFilter {
  const { from, until, user, host, gateway, server, tool, decision, code, kind } = flags;
  const now = Date.now();
  const since = from === undefined ? undefined : parseMoment(from, '--from', now);
  const before = until === undefined ? undefined : parseMoment(until, '--until', now);
  if (since !== undefined && before !== undefined && since >= before)
    throw new Fault('SETTING_INVALID', {
      setting: '--until',
      reason: 'write a time after that of --from: no record is of both.',
    });
  return {
    ...{ from: since, until: before },
    ...{ user, host, gateway, server, tool, decision, code, kind },
    text: words.length === 0 ? undefined : words.join(' '),
  };
}

function noteBehind(terminal: Terminal, behind: number): void {
  if (behind > 0)
    terminal.note(`Of the newest, ${counted(behind, 'record is', 'records are')} not in the index yet: ask again in a moment.`);
}

function parseLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= mostLines) return limit;
  throw new Fault('SETTING_INVALID', { setting: '--lines', reason: `write a number from 1 to ${mostLines}.` });
}
