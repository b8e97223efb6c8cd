// `alert`: what deserves an administrator's look, each subject once.
import { AlertId } from '#contract/id.ts';
import { closeAlert, listAlerts } from '../admin/alert.ts';
import { alertTable } from '../admin/print.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addAlert: AddCommands = (program, terminal) => {
  const { print } = terminal;
  const alert = program
    .command('alert')
    .description('What deserves a look: rules that were hit, servers that are down, sinks that fail, new hosts.');
  command(alert, 'list', 'Lists the alerts, open ones first.').action(async (flags: Common) => {
    const all = await withStore(terminal, flags, listAlerts);
    print(flags.json ? JSON.stringify(all) : alertTable(all));
  });
  deedCommand(alert, 'close <id>', 'Closes an alert. It opens again where its subject happens again.').action(
    async (id: string, flags: Common) => {
      await withAdmin(terminal, flags, (acting) => closeAlert(acting, AlertId.safeParse(id).data, id, Date.now()));
      print(flags.json ? JSON.stringify({ id, closed: true }) : `${id} closed`);
    },
  );
};
