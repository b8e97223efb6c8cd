// Clients that are known by their document: what is believed of it, how long, and what is never fetched.
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { createClientList, findForProtocol } from '../../../gateway/sign-in/client-list.ts';
import { createClientDocuments, type FetchDocument, isDocumentUrl } from '../../../gateway/sign-in/client-document.ts';
import { proves } from '../../requirement.ts';

const id = 'https://host.example/client.json';
const document = { client_id: id, client_name: 'Host', redirect_uris: ['http://127.0.0.1/callback', 'https://host.example/cb'] };
const answer = (body: unknown, status = 200, maxAgeSeconds?: number) => ({ status, text: JSON.stringify(body), maxAgeSeconds });

function open(fetchDocument: FetchDocument) {
  const clock = { now: 1_000_000 };
  return { clock, documents: createClientDocuments(fetchDocument, () => clock.now) };
}

describe('a document', () => {
  test('makes a public client, whose loopback ports are free though it says no application_type', async () => {
    const { documents } = open(async () => answer(document));
    expect(await documents.find(id)).toMatchObject({
      client_id: id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
    });
  });

  test('counts only where it names the very address that it stands at', async () => {
    proves('sign-in.document-guarded', {
      file: 'gateway/sign-in/client-document.ts',
      find: 'if (claim.data.client_id !== id)',
      replace: 'if (claim.data.client_id === id)',
    });
    const { documents } = open(async (url) => answer({ ...document, client_id: url === id ? id : `${id}x` }));
    await expect(documents.find(id)).resolves.toBeDefined();
    await expect(documents.find('https://evil.example/client.json')).rejects.toMatchObject({ code: 'CLIENT_REFUSED' });
  });

  test.each([
    ['is not found', answer(document, 404)],
    ['is moved', answer(document, 302)],
    ['is not JSON', { status: 200, text: '<html>', maxAgeSeconds: undefined }],
    ['is no object', answer('x')],
    ['has no redirect', answer({ ...document, redirect_uris: [] })],
    ['has a dangerous redirect', answer({ ...document, redirect_uris: ['javascript:alert(1)'] })],
    ['wants a secret', answer({ ...document, token_endpoint_auth_method: 'client_secret_basic' })],
  ])('that %s makes no client', async (_, given) => {
    const { documents } = open(async () => given);
    await expect(documents.find(id)).rejects.toMatchObject({ code: 'CLIENT_REFUSED' });
  });

  test('is fetched once for many who ask, again when it is old, and kept for a day where its site is down', async () => {
    let fetched = 0;
    let isDown = false;
    const { documents, clock } = open(async () => {
      fetched++;
      if (isDown) throw new Error('connection refused');
      return answer(document, 200, 120);
    });
    await Promise.all([documents.find(id), documents.find(id), documents.find(id)]);
    clock.now += 119_000;
    await documents.find(id);
    expect(fetched).toBe(1);
    clock.now += 2000;
    await documents.find(id);
    expect(fetched).toBe(2);
    isDown = true;
    clock.now += 3_600_000;
    await expect(documents.find(id)).resolves.toMatchObject({ client_id: id });
    clock.now += 86_400_000;
    await expect(documents.find(id)).rejects.toMatchObject({ code: 'CLIENT_UNREACHED' });
  });

  test.each([
    ['is taken away', answer({}, 404)],
    ['is another client’s', answer({ ...document, client_id: `${id}x` })],
  ])('that %s is believed no more, however well it was known', async (_, then) => {
    let given = answer(document, 200, 60);
    const { documents, clock } = open(async () => given);
    await documents.find(id);
    given = then;
    clock.now += 61_000;
    await expect(documents.find(id)).rejects.toMatchObject({ code: 'CLIENT_REFUSED' });
    given = answer({}, 503);
    await expect(documents.find(id)).rejects.toMatchObject({ code: 'CLIENT_UNREACHED' });
  });

  test.each([
    ['that answers 503', async () => answer({}, 503)],
    ['that answers 403, as a guard before it does', async () => answer({}, 403)],
    ['that must not be asked', () => Promise.reject(new Fault('EGRESS_FORBIDDEN', { server: 'host.example', reason: '' }))],
    ['that takes no connection', () => Promise.reject(new Fault('UPSTREAM_UNREACHABLE', { server: 'host.example', reason: '' }))],
  ])('of a site %s is not refused for that: its host keeps its tokens, and comes again', async (_, fetchDocument) => {
    const { documents } = open(fetchDocument);
    await expect(documents.find(id)).rejects.toMatchObject({ code: 'CLIENT_UNREACHED' });
    const list = createClientList({ store: undefined as never, listed: [], documents, registration: 'none', now: () => 0 });
    await expect(findForProtocol(list, id)).rejects.toMatchObject({ error: 'temporarily_unavailable' });
  });

  test('of more than sixteen sites at once is too much', async () => {
    const { documents } = open(() => new Promise(() => {}));
    for (let n = 0; n < 16; n++) documents.find(`https://h${n}.example/c`).catch(() => {});
    await expect(documents.find(id)).rejects.toMatchObject({ code: 'BUSY' });
  });

  test('that was had before is believed while too many others are fetched', async () => {
    const { documents, clock } = open((url) => (url === id ? Promise.resolve(answer(document, 200, 60)) : new Promise(() => {})));
    await documents.find(id);
    clock.now += 61_000;
    for (let n = 0; n < 16; n++) documents.find(`https://h${n}.example/c`).catch(() => {});
    await expect(documents.find(id)).resolves.toMatchObject({ client_id: id });
  });
});

test('only a plain https address with a path is fetched', () => {
  expect(isDocumentUrl(id)).toBe(true);
  for (const other of [
    'http://host.example/client.json',
    'https://host.example',
    'https://host.example/',
    'https://u:p@host.example/c',
    'https://host.example/c#f',
    'https://host.example/a/../c',
    'https://host.example/a/%2e%2e/c',
    'https://HOST.example/c',
    'https://host.example/c d',
    ' https://host.example/c',
    '01a20491-e46f-708d-b6df-159d2fd25a16',
  ])
    expect(isDocumentUrl(other), other).toBe(false);
});
