// `directory`: the tokens by which a directory provisions people and groups by SCIM, and who counts as not there. A secret is printed once, when it is made.
import { reveal } from '#contract/secret.ts';
import { issueDirectoryToken, revokeDirectoryToken, shownDirectoryToken } from '../admin/directory-token.ts';
import { directoryTokenTable, heldTable } from '../admin/print.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addDirectory: AddCommands = (program, at) => {
  const { print, note } = at;
  const directory = program.command('directory').description('The directory that provisions people and groups by SCIM.');
  command(directory, 'held', 'Lists who counts as not there: not active by its word, or offboarded.').action(
    async (flags: Common) => {
      const held = await withStore(at, flags, (store) => store.directory.held());
      print(flags.json ? JSON.stringify(held) : heldTable(held));
    },
  );
  const token = directory.command('token').description('Its tokens: they open SCIM and nothing else.');
  deedCommand(token, 'create', 'Makes one; it is printed once.')
    .option('--title <text>', 'which directory it is for', 'made at the command line')
    .option('--days <count>', 'how long it lives: 1 to 730', '365')
    .action(async (flags: Common & { title: string; days: string }) => {
      const days = /^\d{1,3}$/.test(flags.days) ? Number(flags.days) : Number.NaN;
      const made = await withAdmin(at, flags, (acting) => issueDirectoryToken(acting, { title: flags.title, days }));
      const shown = shownDirectoryToken(made.token, Date.now());
      if (flags.json) return print(JSON.stringify({ ...shown, token: reveal(made.secret) }));
      note(`Shown once. Id ${shown.id}, valid until ${new Date(shown.expiresAt).toISOString()}. Its address is /scim/v2.`);
      print(reveal(made.secret));
    });
  command(token, 'list', 'Lists them; never their secrets.').action(async (flags: Common) => {
    const all = await withStore(at, flags, (store) => store.directory.tokens());
    const shown = all.map((one) => shownDirectoryToken(one, Date.now()));
    print(flags.json ? JSON.stringify(shown) : directoryTokenTable(shown));
  });
  deedCommand(token, 'revoke <id>', 'Revokes one; its next request is refused.').action(async (id: string, flags: Common) => {
    const isRevoked = await withAdmin(at, flags, (acting) => revokeDirectoryToken(acting, id));
    print(flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was revoked already'}`);
  });
};
