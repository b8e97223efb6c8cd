// What a command needs that speaks to remote servers and their authorization servers itself: the way out, and the open vault. What such a command does is
// told to whoever gave it, and is no record: records are the running gateway server's.
import { readEgressFile } from '../admin/egress-file.ts';
import { openRequestKeys } from '../caller/request-key.ts';
import { createEgress } from '../egress/egress.ts';
import { createRequestSigner } from '../egress/signature.ts';
import { onlyDirect } from '../egress/way.ts';
import { openIdentities, type SignInParts } from '../identity/open.ts';
import { openKeys } from '../vault/open.ts';
import { createVault } from '../vault/vault.ts';
import { type Common, type Terminal, withStore } from './terminal.ts';

export async function withSignIns<T>(
  terminal: Terminal,
  flags: Common & { readonly egress?: string },
  publicOrigin: string,
  run: (parts: SignInParts) => Promise<T>,
): Promise<T> {
  return withStore(terminal, flags, async (store, { dataDir, vaultKeys }) => {
    const { keys } = openKeys(dataDir, vaultKeys);
    const { ways } = flags.egress === undefined ? { ways: onlyDirect } : await readEgressFile(flags.egress);
    const requestKeys = openRequestKeys(dataDir);
    const egress = createEgress({
      ways,
      signer: createRequestSigner({ key: (at) => requestKeys.current(at), now: Date.now }),
      onRefused: ({ host, reason }) => terminal.note(`warning: ${host} was not asked: ${reason}.`),
    });
    const vault = createVault({ store, bus: { publish: () => undefined, subscribe: () => () => undefined }, keys });
    const recorder = { append: () => Promise.resolve() };
    try {
      const { logger } = terminal;
      return await run(openIdentities({ store, keys, vault, egress, recorder, publicOrigin, logger, now: Date.now }));
    } finally {
      vault.close();
      await egress.close();
    }
  });
}
