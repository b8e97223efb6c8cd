// `workstation`: the devices that are enrolled.
import { WorkstationId } from '#contract/id.ts';
import { workstationTable } from '../admin/print.ts';
import { unknownName } from '../admin/suggest.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

export const addWorkstation: AddCommands = (program, terminal) => {
  const workstation = program.command('workstation').description('Enrolled devices.');
  command(workstation, 'list', 'Lists the workstations.').action(async (flags: Common) => {
    const workstations = await withStore(terminal, flags, (store) => store.workstations());
    terminal.print(flags.json ? JSON.stringify(workstations) : workstationTable(workstations));
  });
  command(workstation, 'revoke <id>', 'Revokes a workstation: its tunnel is cut, its local servers end within 2 seconds.').action(
    async (id: string, flags: Common) => {
      const isRevoked = await withStore(terminal, flags, async (store) => {
        const ids = (await store.workstations()).map((one) => one.id);
        const found = WorkstationId.safeParse(id);
        if (!found.success || !ids.includes(found.data)) throw unknownName('workstation', id, ids, '`token enroll` begins one');
        return store.revokeWorkstation(found.data, Date.now());
      });
      terminal.print(
        flags.json ? JSON.stringify({ id, revoked: isRevoked }) : `${id} ${isRevoked ? 'revoked' : 'was revoked already'}`,
      );
    },
  );
};
