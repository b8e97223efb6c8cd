// What oidc-provider keeps, on a real store and a real recorder: what of a sign-in is lost where its record can't be written.
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConnectionId, newId, Slug, UserId } from '#contract/id.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import type { Recorder } from '../../../gateway/audit/record.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { createAdapter, grantIdFor } from '../../../gateway/sign-in/adapter.ts';
import { createSignInEvents } from '../../../gateway/sign-in/event.ts';
import { type Data, openData, quiet, twoTeams } from '../data.ts';

let data: Data;
let recorder: Recorder;
beforeEach(async () => {
  data = await openData(twoTeams);
  recorder = await openRecorder({
    store: data.store,
    ...(await openAuditKey(data.dir)),
    chain: 'main',
    mode: 'durable',
    logger: quiet,
  });
});
afterEach(async () => {
  await recorder.close();
  await data.close();
});

/** Does something to the database as somebody else who has it. */
function tamper(statement: string): void {
  const raw = new Database(data.file);
  raw.exec(statement);
  raw.close();
}

async function signedIn() {
  const { store } = data;
  const connection = {
    id: ConnectionId.parse(newId()),
    client: 'client',
    host: 'some-host',
    title: 'Some Host',
    redirect: 'http://127.0.0.1/callback',
    user: { id: UserId.parse((await store.policy()).ids.users['ada']), slug: Slug.parse('ada') },
    gateway: Slug.parse('main'),
    createdAt: 1000,
    revokedAt: null,
  };
  await store.signIn.addConnection(connection);
  const { adapter } = createAdapter({
    store: store.signIn,
    events: createSignInEvents(recorder, Date.now),
    now: Date.now,
    findClient: () => Promise.resolve(undefined),
    isFresh: () => Promise.resolve(true),
    isLetIn: () => Promise.resolve(true),
    connectService: () => Promise.reject(new Error('nobody asks for one')),
  });
  const grantId = grantIdFor(connection.id);
  await adapter('Grant').upsert(grantId, {}, 3600);
  await adapter('RefreshToken').upsert('refresh', { grantId }, 3600);
  return { adapter, grantId };
}
const told = async () =>
  (await data.store.recordsAfter('main', 0, 100)).flatMap(({ body }) => {
    const record = JSON.parse(body) as { event?: string };
    return record.event === undefined ? [] : [record.event];
  });

test('a refresh token whose renewal can not be recorded is not spent, and renews once records can be written', async () => {
  const { adapter, grantId } = await signedIn();
  const issued = { grantId, gty: 'authorization_code refresh_token' };
  const renew = async (access: string) => {
    await adapter('RefreshToken').consume('refresh');
    await adapter('AccessToken').upsert(access, issued, 3600);
  };
  tamper("create trigger no before insert on record begin select raise(abort, 'no'); end");
  await expect(renew('first')).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  expect(await adapter('RefreshToken').find('refresh')).not.toHaveProperty('consumed');
  expect(await adapter('AccessToken').find('first')).toBeUndefined();
  tamper('drop trigger no');
  await vi.waitFor(() => renew('second'), 10_000);
  expect(await adapter('RefreshToken').find('refresh')).toHaveProperty('consumed');
  expect(await adapter('AccessToken').find('second')).toBeDefined();
  expect(await told()).toEqual(['host_token_refreshed']);
});

test.each(['AuthorizationCode', 'DeviceCode'])('the same holds for a code of kind %s', async (model) => {
  const { adapter, grantId } = await signedIn();
  await adapter(model).upsert('code', { grantId }, 3600);
  const redeem = async (access: string) => {
    await adapter(model).consume('code');
    await adapter('AccessToken').upsert(access, { grantId, gty: model }, 3600);
  };
  tamper("create trigger no before insert on record begin select raise(abort, 'no'); end");
  await expect(redeem('first')).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  expect(await adapter(model).find('code')).not.toHaveProperty('consumed');
  tamper('drop trigger no');
  await vi.waitFor(() => redeem('second'), 10_000);
  expect(await adapter(model).find('code')).toHaveProperty('consumed');
  expect(await told()).toEqual(['host_token_issued']);
});

test('the code of a device that its person denied is spent, and no token is on record', async () => {
  const { adapter } = await signedIn();
  await adapter('DeviceCode').upsert('code', { error: 'access_denied' }, 3600);
  await adapter('DeviceCode').consume('code');
  expect(await adapter('DeviceCode').find('code')).toHaveProperty('consumed');
  expect(await told()).toEqual([]);
});

test('a refresh token that was spent before ends its family, and no other renewal is on record', async () => {
  const { adapter } = await signedIn();
  await adapter('RefreshToken').consume('refresh');
  await expect(adapter('RefreshToken').consume('refresh')).rejects.toMatchObject({ error: 'invalid_grant' });
  expect(await adapter('RefreshToken').find('refresh')).toBeUndefined();
  expect(await told()).toEqual(['host_token_refreshed', 'spent_token_replayed']);
});

test('with what came twice all ends that its sign-in holds', async () => {
  const { adapter, grantId } = await signedIn();
  for (const model of ['AccessToken', 'AuthorizationCode', 'DeviceCode']) await adapter(model).upsert('held', { grantId }, 3600);
  await adapter('RefreshToken').consume('refresh');
  await expect(adapter('RefreshToken').consume('refresh')).rejects.toMatchObject({ error: 'invalid_grant' });
  for (const model of ['AccessToken', 'AuthorizationCode', 'DeviceCode'])
    expect(await adapter(model).find('held'), model).toBeUndefined();
  expect(await adapter('Grant').find(grantId)).toBeUndefined();
});

test('of two that renew with one token at once one renewal is on record, and that the token came twice', async () => {
  const { adapter } = await signedIn();
  const two = await Promise.allSettled([adapter('RefreshToken').consume('refresh'), adapter('RefreshToken').consume('refresh')]);
  expect(two.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(await told()).toEqual(['host_token_refreshed', 'spent_token_replayed']);
});
