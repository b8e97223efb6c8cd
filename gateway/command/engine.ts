// `engine`: programs of the organization's own that rules ask, and whether each answers.
import type { EngineStatus } from '#contract/admin-engine.ts';
import { printable } from '../admin/print.ts';
import { testEngine } from '../admin/engine.ts';
import { engineNamed, engineStatus, removeEngineSecret, setEngineSecret } from '../admin/engine-secret.ts';
import { readEgressFile } from '../admin/egress-file.ts';
import { openRequestKeys } from '../caller/request-key.ts';
import { createEgress } from '../egress/egress.ts';
import { createRequestSigner } from '../egress/signature.ts';
import { onlyDirect } from '../egress/way.ts';
import { openKeys } from '../vault/open.ts';
import { readSecret } from './secret-input.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addEngine: AddCommands = (program, terminal) => {
  const { print, note, untilEnded } = terminal;
  const group = program.command('engine').description("Programs of the organization's own that rules ask (docs/rules.md).");
  command(group, 'list', 'Lists them, as the policy has them.').action(async (flags: Common) => {
    const [{ engines = {} }, status] = await withStore(terminal, flags, async (store) => {
      const policy = await store.filedPolicy();
      return [policy, new Map((await engineStatus(store, policy)).map((one) => [String(one.engine), one]))] as const;
    });
    const all = Object.entries(engines).map(([slug, engine]) => ({ slug, engine, secret: status.get(slug) ?? null }));
    if (flags.json) return print(JSON.stringify(all));
    for (const { slug, engine, secret } of all) {
      const { kind, url, title } = engine;
      const told = secret === null || secret.secretHeader === null ? [] : [secretWords(secret)];
      print(printable([slug, kind, url, ...(title === undefined ? [] : [title]), ...told].join('  ')));
    }
  });
  const secret = group.command('secret').description('The value of the `secretHeader` of an engine.');
  deedCommand(secret, 'set <slug>', 'Sets the value, whole, that comes on standard input; it is shown never again.').action(
    async (slug: string, flags: Common) => {
      await withStore(terminal, flags, async (store) => engineNamed(await store.filedPolicy(), slug));
      const value = await readSecret(terminal.input, () => note(`Value of the header of ${slug} (it is not shown):`));
      const set = await withAdmin(terminal, flags, (acting, { dataDir, vaultKeys }) =>
        setEngineSecret(acting, { ...openKeys(dataDir, vaultKeys), slug, value, now: Date.now() }),
      );
      print(flags.json ? JSON.stringify(set) : `${set.header} of ${set.engine} set for ${set.origin}`);
    },
  );
  deedCommand(secret, 'remove <slug>', 'Removes it: from the next message on the engine is not asked.').action(
    async (slug: string, flags: Common) => {
      const removed = await withAdmin(terminal, flags, (acting) => removeEngineSecret(acting, slug, Date.now()));
      print(flags.json ? JSON.stringify({ engine: slug, removed }) : `${slug}: ${removed ? 'removed' : 'there was none'}`);
    },
  );
  deedCommand(
    group,
    'test <slug>',
    'Asks one about a made-up message, as rules ask it, and says what came back. Exit code 1 where it decided nothing.',
  )
    .option('--egress <file>', 'the ways out of `serve`, where the engine has one of them')
    .action(async (slug: string, flags: Common & { egress?: string }) => {
      const { ways } = flags.egress === undefined ? { ways: onlyDirect } : await readEgressFile(flags.egress);
      const tested = await withAdmin(terminal, flags, async (acting, { dataDir, vaultKeys }) => {
        const signing = openRequestKeys(dataDir);
        const signer = createRequestSigner({ key: (at) => signing.current(at), now: Date.now });
        const { keys } = openKeys(dataDir, vaultKeys);
        const onRefused = ({ host, reason }: { host: string; reason: string }) =>
          note(`warning: ${host} was not asked: ${reason}.`);
        const egress = createEgress({ ways, signer, onRefused });
        return testEngine({ ...acting, egress, keys, slug, signal: untilEnded() }).finally(() => egress.close());
      });
      const { engine, outcome, words, tookMs } = tested;
      print(flags.json ? JSON.stringify(tested) : `${engine}: ${outcome} after ${tookMs} ms: ${printable(words)}`);
      if (outcome === 'failed') process.exitCode = 1;
    });
};

function secretWords({ secretHeader, missing, setAt, setBy }: EngineStatus): string {
  if (missing !== null) return `not asked: the value of its header ${secretHeader} ${missing}`;
  return `${secretHeader} set since ${new Date(setAt ?? 0).toISOString()}, by ${setBy}`;
}
