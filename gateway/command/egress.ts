// `egress`: the keys with which requests to remote servers are signed. Private parts are never shown.
import { doing } from '../admin/context.ts';
import { addRequestKey, openRequestKeys } from '../caller/request-key.ts';
import { command, deedCommand, existingData, withAdmin, type AddCommands, type Common } from './terminal.ts';

export const addEgress: AddCommands = (program, terminal) => {
  const { print } = terminal;
  const egress = program.command('egress').description('How remote servers tell this gateway server from all others.');
  command(egress, 'keys', 'Prints the public keys (JWKS) with which requests are signed; makes one where there is none.').action(
    async (flags: Common) => {
      const keys = await openRequestKeys(existingData(terminal, flags).dataDir).all();
      print(JSON.stringify({ keys: keys.map(({ published }) => published) }));
    },
  );
  deedCommand(egress, 'rotate-key', 'Makes a new key: published at once, it signs in two hours, when all caches know it.')
    .option('--at-once', 'it signs now, and all others are gone: for when one may have been read')
    .action(async (flags: Common & { readonly atOnce?: boolean }) => {
      const { dataDir } = existingData(terminal, flags);
      const deed = { operation: 'egress.rotate-key', target: null, before: null, after: { atOnce: flags.atOnce === true } };
      await withAdmin(terminal, flags, (acting) => doing(acting, Date.now(), deed).administration.noteDeed());
      const { kid, signsFrom } = await addRequestKey(dataDir, flags.atOnce === true ? 'at once' : 'announced', Date.now());
      const from = new Date(signsFrom).toISOString();
      print(flags.json ? JSON.stringify({ kid, signsFrom: from }) : `${kid} signs from ${from}`);
    });
};
