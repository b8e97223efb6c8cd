// What signing in at remote servers needs, put together once: for the gateway server, and for a command of an administrator's.
import type { Logger } from 'pino';
import type { Recorder } from '../audit/record.ts';
import type { Egress } from '../egress/egress.ts';
import type { Store } from '../store/store.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import type { Vault } from '../vault/vault.ts';
import { createUpstreamClients } from './client.ts';
import { createDiscovery } from './discovery.ts';
import { createIdentityEvents } from './event.ts';
import type { RenewalDeps } from './renewal.ts';

export interface SignInParts extends RenewalDeps {
  readonly publicOrigin: string;
  /** For the log. */
  onFailure(error: unknown, server: string): void;
}

export function openIdentities(of: {
  store: Store;
  keys: KeyEncryption;
  vault: Vault;
  egress: Pick<Egress, 'send'>;
  recorder: Pick<Recorder, 'append'>;
  publicOrigin: string;
  logger: Pick<Logger, 'warn'>;
  now: () => number;
}): SignInParts {
  const { store, keys, vault, egress, publicOrigin, now, logger } = of;
  const record = createIdentityEvents(of.recorder, now);
  const discovery = createDiscovery({ egress, now });
  const clients = createUpstreamClients({ publicOrigin, egress, store, keys, vault, record, now });
  return {
    store,
    keys,
    vault,
    egress,
    discovery,
    clients,
    record,
    now,
    publicOrigin,
    onFailure: (error, server) => logger.warn({ ...told(error), server }, 'a sign-in at a remote server failed'),
  };
}

/** Errors of the protocol may hold what a server answered, and that may be anything: only what they are is logged. */
function told(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Error)) return { error: 'unknown' };
  const code = 'error' in error && typeof error.error === 'string' ? error.error : 'code' in error ? String(error.code) : '';
  return { error: error.name, reason: error.message.slice(0, 200), code: code.slice(0, 100) };
}
