// `sink`: where records are sent, how far each has come, and their secrets, which go in and never come out again.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { doing } from '../admin/context.ts';
import { readEgressFile } from '../admin/egress-file.ts';
import { printable, sinkTable } from '../admin/print.ts';
import { testSink } from '../admin/sink-test.ts';
import { listSinks, setSinkSecret, sinkNamed } from '../admin/sink.ts';
import { createEgress } from '../egress/egress.ts';
import { onlyDirect } from '../egress/way.ts';
import { openKeys } from '../vault/open.ts';
import { readSecret } from './secret-input.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addSink: AddCommands = (program, terminal) => {
  const { print, note } = terminal;
  const sink = program.command('sink').description('Where audit records are sent: the sinks of the policy.');
  command(sink, 'list', 'Lists them: what each owes, since when it fails and why.').action(async (flags: Common) => {
    const all = await withStore(terminal, flags, (store) => listSinks(store, Date.now()));
    print(flags.json ? JSON.stringify(all) : sinkTable(all));
  });
  deedCommand(sink, 'secret <slug>', 'Sets the token, the signing key or the value of a header that comes on standard input.')
    .option('--header <name>', 'of an OTLP sink: which of its secretHeaders')
    .action(async (slug: string, flags: Common & { header?: string }) => {
      await withStore(terminal, flags, (store) => sinkNamed(store, slug));
      const value = await readSecret(terminal.input, () => note(`Secret of ${slug} (it is not shown):`));
      const { header } = flags;
      const set = await withAdmin(terminal, flags, (acting, { dataDir, vaultKeys }) => {
        const now = Date.now();
        const of = { operation: 'sinks.set-secret', target: slug, before: null, after: { header: header ?? null } };
        return setSinkSecret({ store: doing(acting, now, of), ...openKeys(dataDir, vaultKeys), slug, header, value, now });
      });
      print(flags.json ? JSON.stringify(set) : `${set.name} of ${set.sink} set for ${set.origin}`);
    });
  command(
    sink,
    'test <slug>',
    'Sends one marked record (`sink_test`), and says what came back. Exit code 1 where it did not arrive.',
  )
    .option('--egress <file>', 'the ways out of `serve`, where the sink has one of them')
    .action(async (slug: string, flags: Common & { egress?: string }) => {
      const { ways } = flags.egress === undefined ? { ways: onlyDirect } : await readEgressFile(flags.egress);
      const tested = await withStore(terminal, flags, async (store, { dataDir, vaultKeys }) => {
        const egress = createEgress({
          ways,
          onRefused: ({ host, reason }) => note(`warning: ${host} was not asked: ${reason}.`),
        });
        const source = { organization: await store.organization(), host: hostname(), now: Date.now };
        const { keys } = openKeys(dataDir, vaultKeys);
        const directory = join(dataDir, 'sink');
        const signal = terminal.untilEnded();
        return testSink({ store, keys, egress, source, directory, slug, signal }).finally(() => egress.close());
      });
      const { id, outcome, words, tookMs } = tested;
      if (flags.json) print(JSON.stringify(tested));
      else print(`${slug}: ${outcome} after ${tookMs} ms: ${printable(words)} (record ${id})`);
      if (outcome !== 'delivered') process.exitCode = 1;
    });
};
