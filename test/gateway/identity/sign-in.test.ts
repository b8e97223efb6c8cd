// A sign-in at a real authorization server, and all who would rather have it for themselves.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Secret } from '#contract/secret.ts';
import { clientPlace, setClientSecret } from '../../../gateway/admin/identity.ts';
import { checkServer } from '../../../gateway/identity/check.ts';
import { removeAndRevoke } from '../../../gateway/identity/removal.ts';
import { byHand } from '../data.ts';
import { proves } from '../../requirement.ts';
import { refreshes, stage, tokenOf } from './stage.ts';

const here = { server: 'wiki', browsers: ['the browser'] };

test('what came back counts once, in the browser that began it, and for the person who did', async () => {
  proves('upstream-sign-in.bound', {
    file: 'gateway/identity/sign-in.ts',
    find: '(kept.user && kept.user.id !== user)',
    replace: '(kept.user && user === undefined)',
  });
  const one = await stage();
  const node = one.node();
  const [ada, bob] = [await one.user('ada'), await one.user('bob')];
  const over = { code: 'UPSTREAM_SIGN_IN_OVER' };
  for (const wrong of [
    { ...here, browsers: ['another'], user: ada.id },
    { ...here, browsers: [], user: ada.id },
    { ...here, user: bob.id },
    { ...here, user: undefined },
    { ...here, server: 'other', user: ada.id },
  ]) {
    const back = await one.away(node, 'ada-at-wiki');
    await expect(node.signIns.finish(back, wrong)).rejects.toMatchObject(over);
    // Whoever failed with it has spent it: it is of no use to the right one either.
    await expect(node.signIns.finish(back, { ...here, user: ada.id })).rejects.toMatchObject(over);
  }
  const back = await one.away(node, 'ada-at-wiki');
  expect(await node.signIns.finish(back, { ...here, user: ada.id })).toEqual({ isShared: false, fault: undefined });
  await expect(node.signIns.finish(back, { ...here, user: ada.id })).rejects.toMatchObject(over);
  expect(one.wiki.granted).toEqual(['authorization_code']);
});

test('is over where the policy moved the server to another site meanwhile', async () => {
  proves('upstream-sign-in.moved', {
    file: 'gateway/identity/sign-in.ts',
    find: 'if (!place || new URL(kept.resource).origin !== place.origin)',
    replace: 'if (!place)',
  });
  const one = await stage();
  const node = one.node();
  const back = await one.away(node, 'ada-at-wiki');
  const { policy } = await one.store.policy();
  const wiki = new Map(Object.entries(policy.servers)).get('wiki');
  const servers = { wiki: { ...wiki, url: 'https://elsewhere.example/mcp' } } as typeof policy.servers;
  await one.store.replacePolicy({ ...policy, servers }, await one.store.revision(), Date.now());
  const finished = node.signIns.finish(back, { ...here, user: (await one.user('ada')).id });
  await expect(finished).rejects.toMatchObject({ code: 'UPSTREAM_SIGN_IN_OVER' });
  expect(one.wiki.granted).toEqual([]);
});

test('a sign-in that took longer than ten minutes is over', async () => {
  const one = await stage();
  const node = one.node();
  const back = await one.away(node, 'ada-at-wiki');
  one.clock.aheadMs = 601_000;
  const asked = node.signIns.finish(back, { ...here, user: (await one.user('ada')).id });
  await expect(asked).rejects.toMatchObject({ code: 'UPSTREAM_SIGN_IN_OVER' });
});

test.each(['https://evil.example', 'http://127.0.0.1:9/'])(
  'an answer in the name of %s is refused before its code is used',
  async (iss) => {
    proves('upstream-sign-in.issuer', {
      file: 'gateway/identity/sign-in.ts',
      find: 'const back = new URL(`${redirect}${returned.search}`);',
      replace: "const back = new URL(`${redirect}${returned.search}`); back.searchParams.set('iss', at.issuer);",
    });
    const one = await stage({ settings: { iss } });
    const node = one.node();
    const back = await one.away(node, 'ada-at-wiki');
    expect(back.searchParams.get('iss')).toBe(iss);
    const { fault } = await node.signIns.finish(back, { ...here, user: (await one.user('ada')).id });
    expect(fault).toMatchObject({ code: 'UPSTREAM_SIGN_IN_FAILED' });
    expect(one.wiki.granted).toEqual([]);
    expect((await one.store.identities()).filter(({ kind }) => kind !== 'client')).toEqual([]);
    expect(node.events.at(-1)).toMatchObject({
      event: 'identity_sign_in_failed',
      user: { name: 'ada' },
      detail: { server: 'wiki' },
    });
  },
);

test('an answer without a name is refused where the server promised to name itself', async () => {
  const one = await stage();
  const node = one.node();
  const back = await one.away(node, 'ada-at-wiki');
  back.searchParams.delete('iss');
  const { fault } = await node.signIns.finish(back, { ...here, user: (await one.user('ada')).id });
  expect(fault).toMatchObject({ code: 'UPSTREAM_SIGN_IN_FAILED' });
  expect(one.wiki.granted).toEqual([]);
});

test('whoever refuses at the server is told so, and nothing is kept', async () => {
  const one = await stage();
  const node = one.node();
  const back = await one.away(node, 'ada-at-wiki');
  back.searchParams.delete('code');
  back.searchParams.set('error', 'access_denied');
  const { fault } = await node.signIns.finish(back, { ...here, user: (await one.user('ada')).id });
  expect(fault?.message).toContain('it was not allowed there');
});

test('the gateway registers itself once, and keeps what it got for that server and issuer alone', async () => {
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  await one.connect(node, 'bob');
  const clients = (await one.store.identities()).filter(({ kind }) => kind === 'client');
  expect(clients).toMatchObject([{ origin: one.wiki.issuer, user: null, server: { slug: 'wiki' } }]);
  expect(node.events.filter(({ event }) => event === 'identity_client_registered')).toHaveLength(1);
  const [row] = clients;
  if (!row) throw new Error('no client is kept');
  // Moved to where it would be sent to somebody else, it does not open.
  await expect(node.parts.vault.open({ ...row, origin: 'https://evil.example' })).rejects.toMatchObject({
    code: 'VAULT_DAMAGED',
  });
});

test('where the server takes documents, the gateway is known by its own and registers nothing', async () => {
  proves('upstream-sign-in.document-first', {
    file: 'gateway/identity/client.ts',
    find: "if (at.client_id_metadata_document_supported === true && publicOrigin.startsWith('https:')) return 'metadata document';",
    replace: '',
  });
  const publicOrigin = 'https://mcp.example.org';
  const settings = { metadata: { client_id_metadata_document_supported: true } };
  const one = await stage({ settings, publicOrigin });
  const { signIns, parts } = one.node();
  const to = await signIns.begin({ place: await one.place(), for: { user: await one.user('ada'), gateway: null }, browser: 'x' });
  if (!(to instanceof URL)) throw new Error('no sign-in');
  expect(to.searchParams.get('client_id')).toBe(`${publicOrigin}/oauth/client/wiki`);
  expect(to.searchParams.get('redirect_uri')).toBe(`${publicOrigin}/identities/callback/wiki`);
  expect(to.searchParams.get('resource')).toBe(one.wiki.url);
  expect(to.searchParams.get('code_challenge_method')).toBe('S256');
  expect(await one.store.identities()).toEqual([]);
  expect(await checkServer(parts, 'wiki')).toMatchObject({ wants: 'oauth', fits: true, client: 'metadata document' });
});

test('a client that an administrator registered comes before all others, with its secret', async () => {
  const one = await stage({ settings: { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } } });
  const node = one.node();
  // What an administrator would do by hand at the authorization server.
  const registered = await fetch(`${one.wiki.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: ['http://127.0.0.1:9/identities/callback/wiki'],
      application_type: 'native',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    }),
  });
  const { client_id: clientId, client_secret: secret } = (await registered.json()) as {
    client_id: string;
    client_secret: string;
  };
  const { policy } = await one.store.policy();
  const wiki = new Map(Object.entries(policy.servers)).get('wiki');
  const oauth = { clientId, issuer: one.wiki.issuer, scopes: ['write'] };
  const servers = { wiki: { ...wiki, oauth } } as typeof policy.servers;
  await one.store.replacePolicy({ ...policy, servers }, await one.store.revision(), Date.now());
  expect((await one.store.policy()).policy.servers).toEqual(servers);
  const place = clientPlace(await one.store.policy(), 'wiki');
  await setClientSecret({
    ...byHand,
    store: one.store,
    keys: node.parts.keys,
    ...place,
    value: new Secret(secret),
    now: Date.now(),
  });
  await one.connect(node, 'ada');
  expect(one.wiki.asked.at(-1)).toBe('write');
  one.clock.aheadMs = 7_200_000;
  await tokenOf(node, await one.wanted());
  expect(refreshes(one.wiki)).toBe(1);
  expect(node.events.map(({ event }) => event)).not.toContain('identity_client_registered');
});

test('what the server wanted beyond it is asked for at the next sign-in, together with what there was', async () => {
  proves('upstream-sign-in.union', {
    file: 'gateway/identity/sign-in.ts',
    find: 'const scope = unionOf(asked, before?.scope, before?.wanted);',
    replace: 'const scope = unionOf(asked, before?.scope);',
  });
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  expect(one.wiki.asked.at(-1)?.split(' ').toSorted()).toEqual(['offline_access', 'read']);
  const wanted = await one.wanted();
  await tokenOf(node, wanted);
  await node.identities.want(wanted, 'admin write');
  await one.connect(node, 'ada');
  expect(one.wiki.asked.at(-1)?.split(' ').toSorted()).toEqual(['admin', 'offline_access', 'read', 'write']);
});

test('removing an identity gives its tokens back at the server, and goes through where that fails', async () => {
  proves('upstream-sign-in.given-back', {
    file: 'gateway/identity/grant.ts',
    find: '  await tokenRevocation(',
    replace: '  void (',
  });
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  await one.connect(node, 'bob');
  const idOf = async (name: string) => {
    const found = (await one.store.identities()).find(({ user }) => user?.slug === name);
    if (!found) throw new Error(`${name} has no identity`);
    return found.id;
  };
  const [ada, bob] = [await idOf('ada'), await idOf('bob')];
  const parts = { ...node.parts };
  expect(await removeAndRevoke(parts, ada)).toBe('revoked');
  expect(one.wiki.revoked).toEqual(['refresh_token']);
  expect(await removeAndRevoke(parts, ada)).toBeUndefined();
  await one.wiki.close();
  expect(await removeAndRevoke(parts, bob)).toBe('kept');
  expect((await one.store.identities()).filter(({ kind }) => kind === 'oauth')).toEqual([]);
});

test('no token stands in the database, in a record, or in an error', async () => {
  proves('upstream-sign-in.sealed', {
    file: 'gateway/vault/keep.ts',
    find: 'let sealed = await seal(value, bindingOf(unsealed), keys);',
    replace: "let sealed = (await seal(value, bindingOf(unsealed), keys)) + '.' + reveal(value);",
  });
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  const row = (await one.store.identities()).find(({ kind }) => kind === 'oauth');
  const text = readdirSync(one.dir)
    .filter((name) => name.startsWith('gateway.sqlite'))
    .map((name) => readFileSync(`${one.dir}/${name}`, 'latin1'))
    .join('');
  expect(text).toContain(String(row?.id));
  expect(text).not.toContain('"refresh":"');
  const token = await tokenOf(node, await one.wanted());
  expect(text).not.toContain(token);
  expect(JSON.stringify(node.events)).not.toContain(token);
});
