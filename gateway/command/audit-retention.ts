// `audit retention`, and what `audit verify` found, in words. The rule: what is gone by policy is told wherever it is told that all is whole.
import type { Command } from 'commander';
import { printable, table } from '../admin/print.ts';
import { retentionStanding } from '../admin/retention.ts';
import type { Verdict } from '../audit/verify.ts';
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
      overdueMs === 0 ? '-' : `${Math.ceil(overdueMs / 3_600_000)}h`,
      heldBy ?? '-',
    ]);
    terminal.print(table(['chain', 'removed', 'oldest', 'overdue', 'still needed by'], rows, 'There are no records.'));
  });
}

/** One line for all of it, and one for each chain whose beginning is gone by policy. */
export function verdictText({ records, chains }: Extract<Verdict, { ok: true }>): string {
  const lines = [`whole: ${records} records in ${chains.length} chain${chains.length === 1 ? '' : 's'}`];
  for (const { chain, removed, checkpointsOfRemoved } of chains) {
    if (removed === null) continue;
    const [at, before] = [removed.at, removed.before].map((time) => new Date(time).toISOString());
    lines.push(
      `${printable(chain)}: records 1 to ${removed.seq} are gone by policy, all made before ${before} (removed until ${at})`,
    );
    if (checkpointsOfRemoved > 0)
      lines.push(
        `${printable(chain)}: ${checkpointsOfRemoved} checkpoints name records that are gone, so they could not be compared`,
      );
  }
  return lines.join('\n');
}
