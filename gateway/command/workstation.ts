// `workstation`: the devices that are enrolled.
import { workstationTable } from '../admin/print.ts';
import { revokeWorkstation, standingWorkstations } from '../admin/workstation.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addWorkstation: AddCommands = (program, terminal) => {
  const workstation = program.command('workstation').description('Enrolled devices.');
  command(workstation, 'list', 'Lists the workstations, and how each stands by its own last word.').action(
    async (flags: Common) => {
      const workstations = await withStore(terminal, flags, (store) => standingWorkstations(store, Date.now()));
      terminal.print(flags.json ? JSON.stringify(workstations) : workstationTable(workstations));
    },
  );
  deedCommand(
    workstation,
    'revoke <id>',
    'Revokes a workstation: its tunnel is cut, its local servers end within 2 seconds.',
  ).action(async (id: string, flags: Common) => {
    const isRevoked = await withAdmin(terminal, flags, (acting) => revokeWorkstation(acting, id, Date.now()));
    terminal.print(
      flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was revoked already'}`,
    );
  });
};
