// `sink`: where records are sent, how far each has come, and their secrets, which go in and never come out again.
import { sinkTable } from '../admin/print.ts';
import { listSinks, setSinkSecret, sinkNamed } from '../admin/sink.ts';
import { openKeys } from '../vault/open.ts';
import { readSecret } from './secret-input.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

export const addSink: AddCommands = (program, terminal) => {
  const { print, note } = terminal;
  const sink = program.command('sink').description('Where audit records are sent: the sinks of the policy.');
  command(sink, 'list', 'Lists them: what each owes, since when it fails and why.').action(async (flags: Common) => {
    const all = await withStore(terminal, flags, (store) => listSinks(store, Date.now()));
    print(flags.json ? JSON.stringify(all) : sinkTable(all));
  });
  command(sink, 'secret <slug>', 'Sets the token, the signing key or the value of a header that comes on standard input.')
    .option('--header <name>', 'of an OTLP sink: which of its secretHeaders')
    .action(async (slug: string, flags: Common & { header?: string }) => {
      await withStore(terminal, flags, (store) => sinkNamed(store, slug));
      const value = await readSecret(terminal.input, () => note(`Secret of ${slug} (it is not shown):`));
      const set = await withStore(terminal, flags, (store, { dataDir, vaultKeys }) =>
        setSinkSecret({ store, ...openKeys(dataDir, vaultKeys), slug, header: flags.header, value, now: Date.now() }),
      );
      print(flags.json ? JSON.stringify(set) : `${set.name} of ${set.sink} set for ${set.origin}`);
    });
};
