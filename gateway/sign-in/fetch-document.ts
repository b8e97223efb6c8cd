// Fetches a client's document through the gateway's guard for addresses. The document has to lie where the client's id says, so no redirect is followed:
// a site that forwards to anywhere would otherwise vouch for anybody.
import { Fault } from '#contract/error.ts';
import type { Egress } from '../egress/egress.ts';
import type { FetchDocument } from './client-document.ts';

const limitBytes = 64 * 1024;
const withinMs = 5000;

/** `allowPrivate`: hosts, addresses and networks that may be private. */
export function createFetchDocument(egress: Pick<Egress, 'send'>, allowPrivate: readonly string[]): FetchDocument {
  return (address) =>
    new Promise((resolve, reject) => {
      const url = new URL(address);
      const server = url.hostname;
      const chunks: Buffer[] = [];
      let head: { readonly status: number; readonly maxAgeSeconds: number | undefined } | undefined;
      const late = setTimeout(() => {
        exchange.abort();
        reject(new Fault('SERVER_TIMEOUT', { server, seconds: withinMs / 1000, meanwhile: '' }));
      }, withinMs);
      const request = { url, method: 'GET', headers: { accept: 'application/json' }, server, allowPrivate, limitBytes } as const;
      const exchange = egress.send(
        { ...request, idleWithinMs: withinMs, redirectsAtMost: 0 },
        {
          onSent() {},
          onHead: ({ status, header }) => void (head = { status, maxAgeSeconds: maxAgeIn(header('cache-control')) }),
          onData: (chunk) => void chunks.push(chunk),
          onEnd() {
            clearTimeout(late);
            if (head) resolve({ ...head, text: Buffer.concat(chunks).toString('utf8') });
            else reject(new Fault('UPSTREAM_LOST', { server }));
          },
          onFault(fault) {
            clearTimeout(late);
            reject(fault);
          },
        },
      );
    });
}

function maxAgeIn(cacheControl: string | undefined): number | undefined {
  const found = /(?:^|,)\s*max-age\s*=\s*"?(\d{1,9})/i.exec(cacheControl ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
