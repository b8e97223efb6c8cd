// The gateway server as a client that is known by its own document (Client ID Metadata Documents): a real authorization server fetches it over TLS, from the name that
// the world knows the gateway server by, and believes what a certificate vouches for.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch as send } from 'undici';
import { expect, test } from 'vitest';
import { makeCertificate } from '../certificate.ts';
import { pipe, serveGuarded } from '../fake/remote/guarded.ts';
import { proves } from '../requirement.ts';
import { createBrowser, isPage, pageAt } from './browser.ts';
import { deploy, until } from './deployment.ts';
import { modern } from './mcp.ts';

test('signs in at an authorization server by its document, without registering, and is called as whom it is there', async ({
  onTestFinished,
}) => {
  proves('upstream-sign-in.by-document', {
    file: 'gateway/identity/client.ts',
    find: 'client_id: `${publicOrigin}${documentPath}/${server}`, ',
    replace: 'client_id: `${publicOrigin}${documentPath}/other`, ',
  });
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-own-document-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const files = await makeCertificate(dir, 'DNS:localhost');
  const [key, cert] = await Promise.all([readFile(files.key), readFile(files.cert)]);

  // TLS ends before the gateway server, as in most deployments.
  let port = 0;
  const fetched: string[] = [];
  const front = createServer({ key, cert }, (request, response) => {
    fetched.push(request.url ?? '');
    Object.assign(request.headers, forwarded);
    pipe(request, response, `http://127.0.0.1:${port}${request.url}`);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void front.close(() => resolve()).closeAllConnections()));
  const address = front.address();
  const host = `localhost:${typeof address === 'object' && address ? address.port : 0}`;
  const forwarded = { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' };
  const site = `https://${host}`;

  // Whom the authorization server trusts: the certificate, by its name, and nobody else.
  const trusting = new Agent({ connect: { ca: cert } });
  onTestFinished(() => trusting.close());
  const documents = (url: unknown, options: object) => send(String(url), { ...options, dispatcher: trusting });
  const wiki = await serveGuarded({}, documents as never);
  onTestFinished(() => wiki.close());

  const deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: { wiki: { kind: 'remote', url: wiki.url, auth: 'oauth', allowPrivate: ['127.0.0.1'] } },
      gateways: { eng: { assignments: { wiki: { tools: 'all', identity: 'shared' } } } },
    },
    publicOrigin(own) {
      port = own;
      return Promise.resolve(site);
    },
    serveArgs: ['--trusted-proxy', '127.0.0.1'],
  });
  onTestFinished(() => deployment.close());
  const path = (await deployment.admin('identity', 'link', '--server', 'wiki', '--shared')).trim();

  const browser = createBrowser([site, wiki.issuer], [], { site, at: deployment.origin, headers: forwarded });
  let at = await browser.submit(pageAt(await browser.open(`${site}${path}`)), {});
  for (let step = 0; step < 6 && isPage(at) && at.url.origin === wiki.issuer; step++)
    at = await browser.submit(at, at.text.includes('name="login"') ? { login: 'service', password: 'of the fake' } : {});
  expect(pageAt(at)).toMatchObject({ status: 200, url: { origin: site } });

  expect(new Set(wiki.clients)).toEqual(new Set([`${site}/oauth/client/wiki`]));
  expect(fetched).toContain('/oauth/client/wiki');
  expect(wiki.granted).toEqual(['authorization_code']);
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const call = () =>
    modern(
      `${deployment.origin}/g/eng/s/wiki/mcp`,
      token,
      'tools/call',
      { name: 'whoami', arguments: {} },
      { headers: forwarded },
    );
  await until('a call by it', async () => JSON.stringify((await call()).body.result)?.includes('"service"'));
});
