// `switch`: what is off at once, and on again.
import { SwitchKind, switchKinds } from '#contract/switch.ts';
import { Fault } from '#contract/error.ts';
import { parseDuration } from '../admin/duration.ts';
import { switchTable, switchWords } from '../admin/print.ts';
import { switchedOff, switchOff, switchOn } from '../admin/switch.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addSwitch: AddCommands = (program, terminal) => {
  const group = program.command('switch').description('Break-glass: what is off at once, and on again (docs/break-glass.md).');
  command(group, 'off <what> [name]', `Switches something off within a second: ${switchKinds.join(', ')}.`)
    .requiredOption('--reason <text>', 'why; it stands in the record')
    .option('--for <duration>', 'then it is on again by itself, such as 2h')
    .option('--tell', 'those who are refused are told the reason')
    .action(async (what: string, name: string | undefined, flags: Common & { reason: string; for?: string; tell?: boolean }) => {
      const forMs = flags.for === undefined ? undefined : parseDuration(flags.for, '--for');
      const of = { kind: kindOf(what), name, reason: reasonOf(flags.reason), isTold: flags.tell === true, forMs };
      const off = await withAdmin(terminal, flags, (acting) => switchOff(acting, of, Date.now()));
      terminal.print(
        flags.json
          ? JSON.stringify(off)
          : `${switchWords(off)} is off${off.until === null ? '' : ` until ${new Date(off.until).toISOString()}`}`,
      );
    });
  deedCommand(group, 'on <what> [name]', 'Switches something on again.').action(
    async (what: string, name: string | undefined, flags: Common) => {
      const on = await withAdmin(terminal, flags, (acting) => switchOn(acting, { kind: kindOf(what), name }, Date.now()));
      terminal.print(flags.json ? JSON.stringify(on) : `${switchWords(on)} is on again`);
    },
  );
  command(group, 'list', 'Lists what is off now: since when, until when, by whom and why.').action(async (flags: Common) => {
    const off = await withStore(terminal, flags, (store) => switchedOff(store, Date.now()));
    terminal.print(flags.json ? JSON.stringify(off) : switchTable(off));
  });
};

function kindOf(what: string): SwitchKind {
  const kind = SwitchKind.safeParse(what);
  if (kind.success) return kind.data;
  throw new Fault('SETTING_INVALID', { setting: '<what>', reason: `use one of ${switchKinds.join(', ')}.` });
}

function reasonOf(text: string): string {
  if (text.trim() !== '' && text.length <= 500) return text;
  throw new Fault('SETTING_INVALID', { setting: '--reason', reason: 'say why, in at most 500 characters.' });
}
