// What anybody may read of this gateway server without a token, for upstreams that want to let in nobody else. The rule: public facts only, and
// short-lived in caches, so that a change is seen within the hour.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '#contract/error.ts';
import { type EgressDocument, egressDocumentPath, keyDirectoryPath, type PublicKey } from '#contract/egress-document.ts';

const maxAgeSeconds = 3600;

export interface WellKnownDeps {
  readonly publicOrigin: string;
  readonly published: Pick<EgressDocument, 'addresses' | 'isComplete'>;
  /** With which requests are signed. */
  readonly keys: () => Promise<readonly PublicKey[]>;
}
/** Undefined where there is nothing at this path. */
export type WellKnown = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | undefined;

export function createWellKnown({ publicOrigin, published, keys }: WellKnownDeps): WellKnown {
  const egress = async (): Promise<EgressDocument> => ({
    version: 1,
    gateway: publicOrigin,
    ...published,
    keys: [...(await keys())],
  });
  const documents = new Map<string, readonly [type: string, read: () => Promise<object>]>([
    [egressDocumentPath, ['application/json', egress]],
    [keyDirectoryPath, ['application/http-message-signatures-directory+json', async () => ({ keys: await keys() })]],
  ]);

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    type: string,
    read: () => Promise<object>,
  ): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new Fault('METHOD_NOT_ALLOWED', { allow: 'GET, HEAD' });
    const body = Buffer.from(JSON.stringify(await read()));
    response.writeHead(200, {
      'Content-Type': type,
      'Content-Length': body.length,
      'Cache-Control': `public, max-age=${maxAgeSeconds}`,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  }
  return (request, response, path) => {
    const found = documents.get(path);
    return found && answer(request, response, ...found);
  };
}
