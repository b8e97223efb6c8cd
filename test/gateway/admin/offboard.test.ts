// The report of an offboarding: what of an identity could not be given back and why, and that it is as it was signed.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signedText } from '#contract/offboarding.ts';
import { PolicyFile } from '#contract/policy.ts';
import { Secret } from '#contract/secret.ts';
import { type Offboarding, offboard } from '../../../gateway/admin/offboard.ts';
import { setIdentity } from '../../../gateway/admin/identity.ts';
import { isSignedWith, openSigningKey } from '../../../gateway/caller/signing-key.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { proves } from '../../requirement.ts';
import { hostToken, slug } from '../../suite/sample.ts';
import { byHand, type Data, openData } from '../data.ts';

const policy = PolicyFile.parse({
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['eng'] }, ben: { email: 'ben@example.org', teams: ['eng'] } },
  teams: { eng: { gateways: ['main'] } },
  servers: { crm: { kind: 'remote', url: 'https://crm.example.org/mcp', auth: 'header' } },
  gateways: { main: { assignments: { crm: { tools: 'all', identity: 'own' } } } },
});
let data: Data;
beforeEach(async () => {
  data = await openData(policy);
  for (const user of ['ada', 'ben']) {
    const keys = openKeys(data.dir, []);
    await setIdentity({
      ...byHand,
      store: data.store,
      ...keys,
      server: 'crm',
      user,
      gateway: undefined,
      value: new Secret('a-token'),
      now: 1,
    });
    await data.store.addToken(hostToken(user));
  }
});
afterEach(() => data.close());

async function leave(removeIdentity: Offboarding['removeIdentity']) {
  const signingKey = await openSigningKey(data.dir);
  const signed = await offboard(
    { ...byHand, store: data.store, now: () => 5000, signingKey, removeIdentity },
    { slug: slug('ada') },
  );
  return { signingKey, ...signed };
}

test('tells what was cut, what goes on elsewhere and why, of this person alone', async () => {
  const { report } = await leave(async (store, id) => ((await store.removeIdentity(id, 5000)) ? 'token' : undefined));
  expect(report.cut).toEqual([{ what: 'host token', id: expect.any(String), name: 'codex' }]);
  expect(report.notCut).toEqual([
    { what: 'identity', id: expect.any(String), name: 'crm', why: expect.stringContaining('revoked at its server') },
  ]);
  expect(await data.store.identities()).toMatchObject([{ user: { slug: 'ben' } }]);
  expect((await data.store.tokens()).map(({ user, revokedAt }) => [user, revokedAt])).toEqual([
    ['ada', 5000],
    ['ben', null],
  ]);
});

test('does not wait for a server that does not answer, and says what failed', async () => {
  const late = await leave(() => new Promise(() => undefined));
  expect(late.report.notCut).toMatchObject([{ why: expect.stringContaining('did not answer') }]);
  const failed = await leave(() => Promise.reject(new Error('broken')));
  expect(failed.report.notCut).toMatchObject([{ why: expect.stringContaining('could not be removed') }]);
  expect(failed.report.cut).toEqual([]);
});

test('is signed: any other report does not fit the signature', async () => {
  proves('offboard.report', {
    file: 'gateway/admin/offboard.ts',
    find: 'value: signWith(of.signingKey, signedText(report))',
    replace: "value: signWith(of.signingKey, '')",
  });
  const { report, signature, signingKey } = await leave(() => Promise.resolve('revoked'));
  expect(signature).toMatchObject({ alg: 'ES256', kid: signingKey.kid });
  expect(isSignedWith(signingKey, signedText(report), signature.value)).toBe(true);
  for (const other of [
    { ...report, cut: [] },
    { ...report, at: 4999 },
    { ...report, user: { ...report.user, slug: 'ben' } },
  ])
    expect(isSignedWith(signingKey, signedText(other), signature.value)).toBe(false);
  expect(isSignedWith(signingKey, signedText(report), `${signature.value.slice(0, -4)}AAAA`)).toBe(false);
});
