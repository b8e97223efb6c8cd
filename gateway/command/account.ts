// `account`: the emergency account of the gateway server's own, for when no identity provider can be had.
import { linkAccount, removeAccount } from '../admin/account.ts';
import { parseDuration } from '../admin/duration.ts';
import { accountTable } from '../admin/print.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addAccount: AddCommands = (program, terminal) => {
  const account = program.command('account').description('The emergency account, which needs no identity provider.');
  deedCommand(account, 'link', 'Makes a one-time link behind which an account is made, or replaced; it is printed once.')
    .option('--ttl <duration>', 'how long it counts', '15m')
    .action(async (flags: Common & { ttl: string }) => {
      const now = Date.now();
      const expiresAt = now + parseDuration(flags.ttl, '--ttl');
      const path = await withAdmin(terminal, flags, (acting) => linkAccount(acting, now, expiresAt));
      if (flags.json) return terminal.print(JSON.stringify({ path, expiresAt }));
      terminal.note(`Shown once. Open it at the public address of this gateway until ${new Date(expiresAt).toISOString()}.`);
      terminal.print(path);
    });
  command(account, 'list', 'Lists the accounts; never their secrets.').action(async (flags: Common) => {
    const accounts = await withStore(terminal, flags, (store) => store.signIn.accounts());
    const shown = accounts.map(({ email, createdAt }) => ({ email, createdAt }));
    terminal.print(flags.json ? JSON.stringify(shown) : accountTable(shown));
  });
  deedCommand(account, 'remove <email>', 'Removes an account.').action(async (email: string, flags: Common) => {
    await withAdmin(terminal, flags, (acting) => removeAccount(acting, email, Date.now()));
    terminal.print(flags.json ? JSON.stringify({ email, removed: true }) : `${email} removed`);
  });
};
