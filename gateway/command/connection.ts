// `connection`: the AI hosts that people let in by signing in.
import { ConnectionId } from '#contract/id.ts';
import { connectionTable } from '../admin/print.ts';
import { unknownName } from '../admin/suggest.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

export const addConnection: AddCommands = (program, terminal) => {
  const connection = program.command('connection').description('AI hosts that people let in by signing in.');
  command(connection, 'list', 'Lists the connections: which host of whom, at which gateway.').action(async (flags: Common) => {
    const connections = await withStore(terminal, flags, (store) => store.signIn.connections());
    terminal.print(flags.json ? JSON.stringify(connections) : connectionTable(connections));
  });
  command(connection, 'revoke <id>', 'Revokes a connection with all its tokens; its host has to be let in anew.').action(
    async (id: string, flags: Common) => {
      const isRevoked = await withStore(terminal, flags, async ({ signIn }) => {
        const ids = (await signIn.connections()).map((one) => one.id);
        const found = ConnectionId.safeParse(id);
        if (!found.success || !ids.includes(found.data))
          throw unknownName('connection', id, ids, 'a host makes one when it signs in');
        return signIn.revokeConnection(found.data, Date.now());
      });
      terminal.print(
        flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was revoked already'}`,
      );
    },
  );
};
