// `account`: the emergency account of the gateway server's own, for when no identity provider can be had.
import { hash, randomBytes } from 'node:crypto';
import { parseDuration } from '../admin/duration.ts';
import { accountTable } from '../admin/print.ts';
import { unknownName } from '../admin/suggest.ts';
import { accountLinkModel } from '../store/sign-in.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

export const addAccount: AddCommands = (program, terminal) => {
  const account = program.command('account').description('The emergency account, which needs no identity provider.');
  command(account, 'link', 'Makes a one-time link behind which an account is made, or replaced; it is printed once.')
    .option('--ttl <duration>', 'how long it counts', '15m')
    .action(async (flags: Common & { ttl: string }) => {
      const now = Date.now();
      const expiresAt = now + parseDuration(flags.ttl, '--ttl');
      const link = randomBytes(32).toString('base64url');
      const item = { model: accountLinkModel, key: hash('sha256', link), family: null, uid: null, connection: null };
      await withStore(terminal, flags, ({ signIn }) => signIn.putItem({ ...item, body: '{}', expiresAt, consumedAt: null }, now));
      const path = `/sign-in/account/${link}`;
      if (flags.json) return terminal.print(JSON.stringify({ path, expiresAt }));
      terminal.note(`Shown once. Open it at the public address of this gateway until ${new Date(expiresAt).toISOString()}.`);
      terminal.print(path);
    });
  command(account, 'list', 'Lists the accounts; never their secrets.').action(async (flags: Common) => {
    const accounts = await withStore(terminal, flags, (store) => store.signIn.accounts());
    const shown = accounts.map(({ email, createdAt }) => ({ email, createdAt }));
    terminal.print(flags.json ? JSON.stringify(shown) : accountTable(shown));
  });
  command(account, 'remove <email>', 'Removes an account.').action(async (email: string, flags: Common) => {
    await withStore(terminal, flags, async ({ signIn }) => {
      const known = (await signIn.accounts()).map((one) => one.email);
      if (!(await signIn.removeAccount(email.toLowerCase())))
        throw unknownName('account', email, known, '`account link` begins one');
    });
    terminal.print(flags.json ? JSON.stringify({ email, removed: true }) : `${email} removed`);
  });
};
