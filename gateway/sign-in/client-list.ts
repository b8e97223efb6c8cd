// Every client that may ask for a sign-in, whichever way it is known: listed by the administrator, by its document, or registered by itself.
import { errors } from 'oidc-provider';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import type { SignInStore } from '../store/sign-in.ts';
import { ClientClaim, type ClientMetadata, clientMetadata, type Provenance } from './client.ts';
import { type ClientDocuments, isDocumentUrl } from './client-document.ts';

export interface ClientList {
  /** Rejects as its document does, where it is known by one. */
  find(id: string): Promise<ClientMetadata | undefined>;
  provenanceOf(id: string): Provenance;
  /** Rejects with CLIENT_REFUSED, or BUSY where too many registered already. */
  register(claim: unknown): Promise<ClientMetadata & { readonly client_id_issued_at: number }>;
}

/** More than one address can register in a day, after which those that nobody let in make room. */
const registeredAtMost = 100_000;
/** Where they are full, looking for room takes up to 0.3 s of everybody's. */
const lookEveryMs = 1000;

export function createClientList(deps: {
  store: SignInStore;
  listed: readonly ClientMetadata[];
  documents: ClientDocuments | undefined;
  /** Whether clients that registered themselves count. */
  registration: 'open' | 'none';
  now: () => number;
}): ClientList {
  const { store, documents, now } = deps;
  let fullSince = -lookEveryMs;
  const listed = new Map(deps.listed.map((metadata) => [metadata.client_id, metadata]));
  return {
    async find(id) {
      const known = listed.get(id);
      if (known) return known;
      if (isDocumentUrl(id)) return await documents?.find(id);
      const registered = deps.registration === 'open' && z.uuid().safeParse(id).success ? await store.client(id) : undefined;
      return registered && clientMetadata(id, ClientClaim.parse(JSON.parse(registered.body)));
    },
    provenanceOf(id) {
      if (listed.has(id)) return { kind: 'listed' };
      return isDocumentUrl(id) ? { kind: 'domain', domain: new URL(id).hostname } : { kind: 'unknown' };
    },
    async register(given) {
      const claim = ClientClaim.safeParse(given);
      if (!claim.success) {
        const issue = claim.error.issues[0];
        throw new Fault('CLIENT_REFUSED', { reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}` });
      }
      const full = () => new Fault('BUSY', { what: 'registration of apps' });
      if (performance.now() - fullSince < lookEveryMs) throw full();
      const at = now();
      const id = newId(at);
      const metadata = clientMetadata(id, claim.data);
      const isAdded = await store.addClient({ id, body: JSON.stringify(claim.data), createdAt: at }, registeredAtMost);
      if (!isAdded) {
        fullSince = performance.now();
        throw full();
      }
      return { ...metadata, client_id_issued_at: Math.floor(at / 1000) };
    },
  };
}

/**
 * The same for oidc-provider, which answers with invalid_client where the client's document is none, and with temporarily_unavailable where that can't be known now: a
 * host that is told invalid_client forgets its tokens, and its person has to sign in again.
 */
export async function findForProtocol(clients: Pick<ClientList, 'find'>, id: string): Promise<ClientMetadata | undefined> {
  try {
    return await clients.find(id);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw error.code === 'CLIENT_REFUSED'
      ? new errors.InvalidClient(error.message)
      : new errors.TemporarilyUnavailable(error.message);
  }
}
