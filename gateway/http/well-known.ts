// What anybody may read of this gateway server without a token, for upstreams that want to let in nobody else. The rule: public facts only, and
// short-lived in caches, so that a change is seen within the hour.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '#contract/error.ts';
import { type EgressDocument, egressDocumentPath } from '#contract/egress-document.ts';

const maxAgeSeconds = 3600;

export interface WellKnownDeps {
  readonly publicOrigin: string;
  readonly published: Pick<EgressDocument, 'addresses' | 'isComplete'>;
}
/** Undefined where there is nothing at this path. */
export type WellKnown = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;

export function createWellKnown({ publicOrigin, published }: WellKnownDeps): WellKnown {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new Fault('METHOD_NOT_ALLOWED', { allow: 'GET, HEAD' });
    const document: EgressDocument = { version: 1, gateway: publicOrigin, ...published };
    const body = Buffer.from(JSON.stringify(document));
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Cache-Control': `public, max-age=${maxAgeSeconds}`,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  }
  return (request, response, path) => (path === egressDocumentPath ? answer(request, response) : undefined);
}
