// What a command needs that speaks to remote servers and their authorization servers itself: the way out, and the open vault. What such a command finds
// is told to whoever gave it; what it changes is a deed, which the running gateway server puts on record.
import type { Acting } from '../admin/context.ts';
import { readEgressFile } from '../admin/egress-file.ts';
import { openRequestKeys } from '../caller/request-key.ts';
import { createEgress } from '../egress/egress.ts';
import { createRequestSigner } from '../egress/signature.ts';
import { onlyDirect } from '../egress/way.ts';
import { openIdentities, type SignInParts } from '../identity/open.ts';
import { openKeys } from '../vault/open.ts';
import { createVault } from '../vault/vault.ts';
import { type Common, type Terminal, withAdmin } from './terminal.ts';

export async function withSignIns<T>(
  terminal: Terminal,
  flags: Common & { readonly egress?: string },
  publicOrigin: string,
  run: (parts: SignInParts, acting: Acting) => Promise<T>,
): Promise<T> {
  return withAdmin(terminal, flags, async (acting, { dataDir, vaultKeys }) => {
    const { store } = acting;
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
      return await run(openIdentities({ store, keys, vault, egress, recorder, publicOrigin, logger, now: Date.now }), acting);
    } finally {
      vault.close();
      await egress.close();
    }
  });
}
