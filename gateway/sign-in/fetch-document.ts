// Fetches a client's document through the gateway's guard for addresses. The document has to lie where the client's id says, so no redirect is followed:
// a site that forwards to anywhere would otherwise vouch for anybody.
import type { Egress } from '../egress/egress.ts';
import { readWhole } from '../egress/read.ts';
import type { FetchDocument } from './client-document.ts';

const limitBytes = 64 * 1024;
const withinMs = 5000;

/** `allowPrivate`: hosts, addresses and networks that may be private. */
export function createFetchDocument(egress: Pick<Egress, 'send'>, allowPrivate: readonly string[]): FetchDocument {
  return async (address) => {
    const url = new URL(address);
    const headers = { accept: 'application/json' };
    const asked = { url, method: 'GET', headers, server: url.hostname, allowPrivate, limitBytes, redirectsAtMost: 0 } as const;
    const { status, header, body } = await readWhole(egress, asked, withinMs);
    return { status, maxAgeSeconds: maxAgeIn(header('cache-control')), text: body.toString('utf8') };
  };
}

/** What may not be kept, or not without asking again, is of no age. */
function maxAgeIn(cacheControl: string | undefined): number | undefined {
  if (/(?:^|,)\s*no-(?:store|cache)\b/i.test(cacheControl ?? '')) return 0;
  const found = /(?:^|,)\s*max-age\s*=\s*"?(\d{1,9})/i.exec(cacheControl ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
