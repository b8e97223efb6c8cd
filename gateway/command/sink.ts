// `sink`: where records are sent, how far each has come, and their secrets, which go in and never come out again.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readEgressFile } from '../admin/egress-file.ts';
import { printable, sinkTable } from '../admin/print.ts';
import type { ByHand } from '../admin/sink-by-hand.ts';
import { resendParked } from '../admin/sink-resend.ts';
import { testSink } from '../admin/sink-test.ts';
import { listSinks, setSinkSecret, sinkNamed } from '../admin/sink.ts';
import type { Refused } from '../egress/connect.ts';
import { createEgress } from '../egress/egress.ts';
import { onlyDirect } from '../egress/way.ts';
import { openKeys } from '../vault/open.ts';
import { readSecret } from './secret-input.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common, type Terminal } from './terminal.ts';

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
      const set = await withAdmin(terminal, flags, (acting, { dataDir, vaultKeys }) =>
        setSinkSecret(acting, { ...openKeys(dataDir, vaultKeys), slug, header: flags.header, value, now: Date.now() }),
      );
      print(flags.json ? JSON.stringify(set) : `${set.name} of ${set.sink} set for ${set.origin}`);
    });
  deedCommand(
    sink,
    'test <slug>',
    'Sends one marked record (`sink_test`), and says what came back. Exit code 1 where it did not arrive.',
  )
    .option('--egress <file>', waysOfServe)
    .action(async (slug: string, flags: Outward) => {
      const tested = await sending(terminal, flags, slug, testSink);
      const { id, outcome, words, tookMs } = tested;
      if (flags.json) print(JSON.stringify(tested));
      else print(`${slug}: ${outcome} after ${tookMs} ms: ${printable(words)} (record ${id})`);
      if (outcome !== 'delivered') process.exitCode = 1;
    });
  deedCommand(sink, 'resend <slug>', 'Sends the records again that were set aside. Exit code 1 where some still are.')
    .option('--egress <file>', waysOfServe)
    .action(async (slug: string, flags: Outward) => {
      const resent = await sending(terminal, flags, slug, resendParked);
      const { delivered, left } = resent;
      for (const { chain, seq, reason } of left) note(`${chain} ${seq}: ${printable(reason)}`);
      print(flags.json ? JSON.stringify(resent) : `${slug}: ${delivered} sent, ${left.length} still set aside`);
      if (left.length > 0) process.exitCode = 1;
    });
};

type Outward = Common & { readonly egress?: string };
const waysOfServe = 'the ways out of `serve`, where the sink has one of them';

/** Runs what sends to a sink by itself, beside the gateway server. */
async function sending<T>(terminal: Terminal, flags: Outward, slug: string, run: (of: ByHand) => Promise<T>): Promise<T> {
  const { ways } = flags.egress === undefined ? { ways: onlyDirect } : await readEgressFile(flags.egress);
  return withAdmin(terminal, flags, async (acting, { dataDir, vaultKeys }) => {
    const onRefused = ({ host, reason }: Refused) => terminal.note(`warning: ${host} was not asked: ${reason}.`);
    const egress = createEgress({ ways, onRefused });
    const source = { organization: await acting.store.organization(), host: hostname(), now: Date.now };
    const { keys } = openKeys(dataDir, vaultKeys);
    const signal = terminal.untilEnded();
    return run({ ...acting, keys, egress, source, directory: join(dataDir, 'sink'), slug, signal }).finally(() => egress.close());
  });
}
