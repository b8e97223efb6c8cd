// `server`: local servers that workstations offer, and what may run of them.
import { decideOffered, listOffered } from '../admin/offer.ts';
import { offerText } from '../admin/print.ts';
import type { Store } from '../store/store.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

const decisions = [
  ['approve', 'approved', 'Approves one exact command, on every workstation that offers it.'],
  ['deny', 'denied', 'Denies one exact command, on every workstation that offers it.'],
] as const;

export const addServer: AddCommands = (program, terminal) => {
  const server = program.command('server').description('Local servers that workstations offer.');
  command(server, 'offered', 'Shows what workstations could run, and what was decided of it.').action(async (flags: Common) => {
    const offered = await withStore(terminal, flags, listOffered);
    if (flags.json) return terminal.print(JSON.stringify(offered));
    terminal.print(offered.length === 0 ? 'No workstation offers a server.' : offered.map(offerText).join('\n\n'));
  });
  for (const [verb, decision, description] of decisions) {
    command(server, `${verb} <server>`, description)
      .option('--fingerprint <sha256>', 'which command; needed unless exactly one is undecided')
      .option('--reason <text>', 'why')
      .action(async (name: string, flags: Common & { fingerprint?: string; reason?: string }) => {
        const { fingerprint, reason = null } = flags;
        const decide = (store: Store) => decideOffered({ store, decision, server: name, fingerprint, reason, now: Date.now() });
        const decided = await withStore(terminal, flags, decide);
        terminal.print(flags.json ? JSON.stringify(decided) : `${offerText(decided)}\n${decision}`);
      });
  }
};
