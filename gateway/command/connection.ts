// `connection`: the AI hosts that people let in by signing in.
import { revokeConnection } from '../admin/connection.ts';
import { connectionTable } from '../admin/print.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addConnection: AddCommands = (program, terminal) => {
  const connection = program.command('connection').description('AI hosts that people let in by signing in.');
  command(connection, 'list', 'Lists the connections: which host of whom, at which gateway.').action(async (flags: Common) => {
    const connections = await withStore(terminal, flags, (store) => store.signIn.connections());
    terminal.print(flags.json ? JSON.stringify(connections) : connectionTable(connections));
  });
  deedCommand(connection, 'revoke <id>', 'Revokes a connection with all its tokens; its host has to be let in anew.').action(
    async (id: string, flags: Common) => {
      const isRevoked = await withAdmin(terminal, flags, (acting) => revokeConnection(acting, id, Date.now()));
      terminal.print(
        flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was revoked already'}`,
      );
    },
  );
};
