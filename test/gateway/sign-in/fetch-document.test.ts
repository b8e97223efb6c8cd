// How a client's document is fetched: what its site says of how long it may be kept. A real site on loopback.
import { expect, onTestFinished, test } from 'vitest';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { createFetchDocument } from '../../../gateway/sign-in/fetch-document.ts';
import { listen } from '../../fake/remote/listen.ts';

test.each([
  ['max-age=120', 120],
  ['public, Max-Age="120", must-revalidate', 120],
  ['s-maxage=120', undefined],
  ['public, max-age=0, must-revalidate', 0],
  ['no-store', 0],
  ['max-age=86400, no-cache', 0],
  [undefined, undefined],
])('a document with Cache-Control %s is kept for so many seconds: %s', async (cacheControl, seconds) => {
  const site = await listen((_, response) =>
    response.writeHead(200, cacheControl === undefined ? {} : { 'cache-control': cacheControl }).end('{}'),
  );
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(() => egress.close());
  const fetchDocument = createFetchDocument(egress, ['127.0.0.1']);
  expect(await fetchDocument(`${site.origin}/client.json`)).toEqual({ status: 200, text: '{}', maxAgeSeconds: seconds });
});
