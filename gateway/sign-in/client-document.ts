// Clients that are known by a document at an https URL, which is their id (Client ID Metadata Documents, draft-ietf-oauth-client-id-metadata-document).
// The domain vouches for what stands there; it is fetched through a guard that refuses private addresses, and nothing of the person goes with it.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { ClientClaim, type ClientMetadata, clientMetadata } from './client.ts';

/** Fetches a document: no redirect is followed, at most 64 KiB are read, within 5 seconds. Rejects where the address must not be asked or does not answer. */
export type FetchDocument = (url: string) => Promise<{
  readonly status: number;
  readonly text: string;
  /** Of Cache-Control: max-age, where there is one. */
  readonly maxAgeSeconds: number | undefined;
}>;

export interface ClientDocuments {
  /**
   * The client behind the URL. Rejects with CLIENT_REFUSED where its site says that it is none, and with CLIENT_UNREACHED or BUSY where that can't be known
   * now: no host has to forget its tokens over that.
   */
  find(id: string): Promise<ClientMetadata>;
}

const Document = ClientClaim.extend({ client_id: z.string() });
const shortestMs = 60_000;
const usualMs = 3_600_000;
const longestMs = 86_400_000;
const rememberAtMost = 1000;
const fetchAtOnce = 16;

/** Whether a client id is meant to be fetched: https, a path, nothing that hides where it goes. */
export function isDocumentUrl(id: string): boolean {
  const url = id.length <= 500 && id.startsWith('https://') ? URL.parse(id) : null;
  // What URL.parse had to bring into shape is not what the client would compare.
  return (
    url !== null && url.href === id && url.pathname !== '/' && url.username === '' && url.password === '' && !id.includes('#')
  );
}

export function createClientDocuments(fetchDocument: FetchDocument, now: () => number): ClientDocuments {
  const known = new Map<
    string,
    { readonly metadata: ClientMetadata; readonly freshUntil: number; readonly usableUntil: number }
  >();
  const asked = new Map<string, Promise<ClientMetadata>>();

  async function fetchNew(id: string): Promise<ClientMetadata> {
    const { status, text, maxAgeSeconds } = await fetchDocument(id);
    if (status >= 500 || ofTheMoment.has(status)) throw new Fault('CLIENT_UNREACHED');
    if (status !== 200) throw none(id, `its address answers ${status}`);
    const claim = Document.safeParse(JSON.parse(text));
    if (!claim.success) throw none(id, 'its document is not one');
    if (claim.data.client_id !== id) throw none(id, 'its document names another client_id');
    const { token_endpoint_auth_method: method } = claim.data;
    if (method !== undefined && method !== 'none') throw none(id, 'only public clients are known by a document here');
    const metadata = clientMetadata(id, claim.data);
    const age = maxAgeSeconds === undefined ? usualMs : Math.min(Math.max(maxAgeSeconds * 1000, shortestMs), longestMs);
    const oldest = known.size >= rememberAtMost ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    known.set(id, { metadata, freshUntil: now() + age, usableUntil: now() + longestMs });
    return metadata;
  }

  return {
    async find(id) {
      const remembered = known.get(id);
      if (remembered && remembered.freshUntil > now()) return remembered.metadata;
      const usable = remembered && remembered.usableUntil > now() ? remembered.metadata : undefined;
      if (asked.size >= fetchAtOnce && !asked.has(id)) {
        if (usable) return usable;
        throw new Fault('BUSY', { what: 'documents of clients' });
      }
      const asking = asked.get(id) ?? fetchNew(id).finally(() => asked.delete(id));
      asked.set(id, asking);
      try {
        return await asking;
      } catch (error) {
        if (error instanceof Fault && error.code === 'CLIENT_REFUSED') {
          known.delete(id);
          throw error;
        }
        // A site that is down for an hour, or says so by a page, does not end what hosts are doing.
        if (usable) return usable;
        if (error instanceof SyntaxError || (error instanceof Fault && error.code === 'ANSWER_TOO_LARGE')) throw none(id, error);
        // So are an address that must not be asked and a name that there is not: whoever could tell them apart could ask for the names of an inner network.
        throw new Fault('CLIENT_UNREACHED', {}, { cause: error });
      }
    },
  };
}

/** Said of who asks, or of now, and not of the document: a guard before the site that takes this gateway for a robot answers 403. */
const ofTheMoment: ReadonlySet<number> = new Set([403, 408, 425, 429]);

/** What the way there was like, and what stands there, is nobody's business who only names an address. */
function none(id: string, cause: unknown): Fault {
  return new Fault('CLIENT_REFUSED', { reason: `${id}: its document could not be had, or is not one` }, { cause });
}
