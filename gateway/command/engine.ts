// `engine`: programs of the organization's own that rules ask, and whether each answers.
import { printable } from '../admin/print.ts';
import { testEngine } from '../admin/engine.ts';
import { readEgressFile } from '../admin/egress-file.ts';
import { openRequestKeys } from '../caller/request-key.ts';
import { createEgress } from '../egress/egress.ts';
import { createRequestSigner } from '../egress/signature.ts';
import { onlyDirect } from '../egress/way.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addEngine: AddCommands = (program, terminal) => {
  const { print, note, untilEnded } = terminal;
  const group = program.command('engine').description("Programs of the organization's own that rules ask (docs/rules.md).");
  command(group, 'list', 'Lists them, as the policy has them.').action(async (flags: Common) => {
    const { engines = {} } = await withStore(terminal, flags, (store) => store.filedPolicy());
    if (flags.json) return print(JSON.stringify(Object.entries(engines).map(([slug, engine]) => ({ slug, engine }))));
    for (const [slug, { kind, url, title }] of Object.entries(engines))
      print(printable([slug, kind, url, ...(title === undefined ? [] : [title])].join('  ')));
  });
  deedCommand(
    group,
    'test <slug>',
    'Asks one about a made-up message, as rules ask it, and says what came back. Exit code 1 where it decided nothing.',
  )
    .option('--egress <file>', 'the ways out of `serve`, where the engine has one of them')
    .action(async (slug: string, flags: Common & { egress?: string }) => {
      const { ways } = flags.egress === undefined ? { ways: onlyDirect } : await readEgressFile(flags.egress);
      const tested = await withAdmin(terminal, flags, async (acting, { dataDir }) => {
        const keys = openRequestKeys(dataDir);
        const signer = createRequestSigner({ key: (at) => keys.current(at), now: Date.now });
        const onRefused = ({ host, reason }: { host: string; reason: string }) =>
          note(`warning: ${host} was not asked: ${reason}.`);
        const egress = createEgress({ ways, signer, onRefused });
        return testEngine({ ...acting, egress, slug, signal: untilEnded() }).finally(() => egress.close());
      });
      const { engine, outcome, words, tookMs } = tested;
      print(flags.json ? JSON.stringify(tested) : `${engine}: ${outcome} after ${tookMs} ms: ${printable(words)}`);
      if (outcome === 'failed') process.exitCode = 1;
    });
};
