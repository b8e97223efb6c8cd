// The directory by the admin API: its tokens, what its groups give, who counts as not there.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { Slug } from '#contract/id.ts';
import { proves } from '../requirement.ts';
import { openStage, type Stage } from './stage.ts';

const slug = (text: string) => Slug.parse(text);
const policy = PolicyFile.parse({
  version: 1,
  roles: { joiner: { capabilities: ['directory.manage', 'people.view'] } },
  users: {
    ada: { email: 'ada@example.org', role: 'super-admin', teams: ['eng'] },
    joe: { email: 'joe@example.org', role: 'joiner', teams: ['eng'] },
    ben: { email: 'ben@example.org' },
  },
  teams: { eng: { gateways: ['main'] }, ops: { gateways: ['side'] } },
  gateways: { main: {}, side: {} },
});

let stage: Stage;
beforeEach(async () => {
  stage = await openStage(policy);
});
afterEach(() => stage.close());
const as = async (user: string) => stage.client(await stage.token(user));

test('a token of a directory is made, opens SCIM, is listed without its secret, and ends', async () => {
  const joe = await as('joe');
  const made = await joe.call('directory.create-token', { body: { title: 'okta', days: 30 } });
  if (!made.ok) throw new Error(made.refusal.message);
  const { token, ...shown } = made.answer;
  const users = async () => (await stage.ask('/scim/v2/Users', { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await users()).toBe(200);
  const listed = await joe.call('directory.tokens', { query: {} });
  expect(listed).toMatchObject({ answer: { items: [{ ...shown, usedAt: expect.any(Number) }] } });
  expect(JSON.stringify(listed)).not.toContain(token);
  expect(await joe.call('directory.revoke-token', { params: { id: shown.id } })).toMatchObject({ ok: true });
  expect(await users()).toBe(401);
});

test('whoever lets a directory in has all that its groups give', async () => {
  proves('admin.directory-token', {
    file: 'gateway/admin/directory.ts',
    find: 'for (const [, group] of groupsInOrder(policy)) refuseBeing(actor, policy, group);',
    replace: '',
  });
  const [ada, joe] = [await as('ada'), await as('joe')];
  const put = (by: typeof ada, group: string, body: object) =>
    by.call('directory.put-group', { params: { group }, body: { teams: [], ...body } });
  const create = () => joe.call('directory.create-token', { body: { title: 'mine' } });
  expect(await put(joe, 'Engineering', { teams: [slug('eng')] })).toMatchObject({ ok: true });
  expect(await create()).toMatchObject({ ok: true });
  expect(await put(joe, 'Ops', { teams: [slug('ops')] })).toMatchObject({ refusal: { code: 'GATEWAY_NOT_GRANTED' } });
  expect(await put(joe, 'Boss', { role: slug('super-admin') })).toMatchObject({ refusal: { code: 'ABOVE_OWN' } });
  expect(await put(ada, 'Ops', { teams: [slug('ops')] })).toMatchObject({ ok: true });
  expect(await create()).toMatchObject({ refusal: { code: 'GATEWAY_NOT_GRANTED' } });
  expect(await ada.call('directory.remove-group', { params: { group: 'Ops' } })).toMatchObject({ ok: true });
  expect(await put(ada, 'Boss', { role: slug('super-admin') })).toMatchObject({ ok: true });
  expect(await create()).toMatchObject({ refusal: { code: 'ABOVE_OWN' } });
});

test('what groups give is shown in the order in which it counts, and goes', async () => {
  const ada = await as('ada');
  const put = (group: string, body: object) =>
    ada.call('directory.put-group', { params: { group }, body: { teams: [], ...body } });
  await put('Späte & Gäste/1', { role: slug('member') });
  await put('First', { role: slug('joiner'), rank: 1 });
  expect(await put('4711', { role: slug('member') })).toMatchObject({ refusal: { status: 400, code: 'INPUT_INVALID' } });
  const all = await ada.call('directory.groups', {});
  expect(all).toMatchObject({ answer: { items: [{ group: 'First' }, { group: 'Späte & Gäste/1' }] } });
  const group = 'Späte & Gäste/1';
  expect(await ada.call('directory.read-group', { params: { group } })).toMatchObject({ answer: { gives: { role: 'member' } } });
  expect(await ada.call('directory.remove-group', { params: { group } })).toMatchObject({ ok: true });
  expect(await ada.call('directory.remove-group', { params: { group } })).toMatchObject({ refusal: { status: 404 } });
  await ada.call('directory.remove-group', { params: { group: 'First' } });
  expect(await stage.data.store.filedPolicy()).toEqual(policy);
});

test('who counts as not there is listed', async () => {
  const ada = await as('ada');
  await ada.call('users.offboard', { params: { user: slug('ben') } });
  expect(await ada.call('directory.held', { query: {} })).toMatchObject({
    answer: { items: [{ user: 'ben', cause: 'offboarding' }], next: null },
  });
});

test('a server that can not be asked is told as an error, also to whoever looks at the status alone', async () => {
  proves('admin.error-status', {
    file: 'gateway/http/error.ts',
    find: 'const shown = status < 400 ? 502 : status;',
    replace: 'const shown = status;',
  });
  const ada = await as('ada');
  const server = { kind: 'remote' as const, url: 'https://127.0.0.1:9/mcp' };
  await ada.call('servers.create', { body: { slug: slug('crm'), server } });
  expect(await ada.call('servers.check', { params: { server: slug('crm') } })).toMatchObject({
    refusal: { status: 502, code: 'EGRESS_FORBIDDEN' },
  });
});

test('which hosts are let in that nobody knows is said, and by whoever saw it last', async () => {
  const ada = await as('ada');
  const seen = await ada.call('hosts.mode', {});
  expect(seen).toMatchObject({ answer: { mode: 'open' } });
  const ifMatch = (seen.ok ? seen.etag : undefined) ?? '';
  expect(await ada.call('hosts.set-mode', { body: { mode: 'allow-list' } }, { ifMatch })).toMatchObject({ ok: true });
  expect(await ada.call('hosts.set-mode', { body: { mode: 'open' } }, { ifMatch })).toMatchObject({ refusal: { status: 412 } });
  expect((await stage.data.store.filedPolicy()).hosts).toBe('allow-list');
});
