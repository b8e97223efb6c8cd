// `audit retention`: for how long records are kept, and what is gone by that.
import type { Command } from 'commander';
import { durationWords } from '../admin/duration.ts';
import { table } from '../admin/print.ts';
import { retentionStanding } from '../admin/retention.ts';
import { command, withStore, type Common, type Terminal } from './terminal.ts';

export function addAuditRetention(audit: Command, terminal: Terminal): void {
  command(audit, 'retention', 'Shows for how long records are kept, and what is gone by that.').action(async (flags: Common) => {
    const { records, chains } = await withStore(terminal, flags, (store) => retentionStanding(store, Date.now()));
    if (flags.json) return terminal.print(JSON.stringify({ records, chains }));
    terminal.print(records === null ? 'Records are kept for good.' : `Records are kept for ${records}.`);
    const rows = chains.map(({ chain, removed, oldestAt, overdueMs, heldBy }) => [
      chain,
      removed === 0 ? '-' : `1 to ${removed}`,
      oldestAt === null ? '-' : new Date(oldestAt).toISOString(),
      overdueMs === 0 ? '-' : durationWords(overdueMs),
      heldBy ?? '-',
    ]);
    terminal.print(table(['chain', 'removed', 'oldest', 'overdue', 'still needed by'], rows, 'There are no records.'));
  });
}
