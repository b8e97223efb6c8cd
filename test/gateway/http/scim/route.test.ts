// SCIM at its edges: who is let in, versions, lists, what is refused and how, and what is on record.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { revokeDirectoryToken } from '../../../../gateway/admin/directory-token.ts';
import { openEngine } from '../../../../gateway/store/open.ts';
import { parts } from '../../../../gateway/store/sql/part.ts';
import { proves } from '../../../requirement.ts';
import { until } from '../../../walk/deployment.ts';
import { byHand, quiet } from '../../data.ts';
import { type Directory, openDirectory } from './client.ts';

let directory: Directory;
beforeAll(async () => {
  const users = { ada: { email: 'ada@example.org', role: 'super-admin', teams: [] }, lin: { email: 'lin@example.org' } };
  directory = await openDirectory(PolicyFile.parse({ version: 1, users }));
});
afterAll(() => directory.stage.close());

const coreUser = 'urn:ietf:params:scim:schemas:core:2.0:User';
const coreGroup = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const patch = (...Operations: object[]) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });
const listed = async (query: string) => directory.ask('GET', `/Users?${query}`);
const filtered = (filter: string) => listed(`filter=${encodeURIComponent(filter)}`);

test('a token opens SCIM until it expires or is revoked, and nothing else; a personal access token does not', async () => {
  proves('scim.token', {
    file: 'gateway/admin/directory-token.ts',
    find: "if (token.revokedAt !== null) throw new Fault('TOKEN_REVOKED');",
    replace: '',
  });
  const other = await openDirectory(
    PolicyFile.parse({ version: 1, users: { ada: { email: 'a@example.org', role: 'super-admin' } } }),
  );
  try {
    const { stage, token, ask } = other;
    expect((await ask('GET', '/ServiceProviderConfig')).status).toBe(200);
    const asToken = { headers: { Authorization: `Bearer ${token}` } };
    expect((await stage.ask('/api/v1/users', asToken)).status).toBe(401);
    const personal = await stage.token('ada');
    expect((await ask('GET', '/Users', undefined, { Authorization: `Bearer ${personal}` })).status).toBe(401);
    stage.now += 31 * 86_400_000;
    expect(await ask('GET', '/Users')).toMatchObject({ status: 401, body: { status: '401' } });
    stage.now -= 31 * 86_400_000;
    const [stored] = await stage.data.store.directory.tokens();
    expect(JSON.stringify(stored)).not.toContain(token);
    await revokeDirectoryToken({ ...byHand, store: stage.data.store, now: () => stage.now }, stored?.id ?? '');
    expect((await ask('GET', '/Users')).status).toBe(401);
    const refusals = (await stage.records()).filter((record) => record.kind === 'event' && record.event === 'directory_refused');
    expect(refusals.length).toBeGreaterThan(0);
  } finally {
    await other.stage.close();
  }
});

test('a change of a version that is gone is refused, one that changes nothing leaves nothing, and each other is a deed', async () => {
  const { ask, stage } = directory;
  const id = await directory.addUser('versions');
  const read = await ask('GET', `/Users/${id}`);
  expect(read.headers.get('etag')).toBe('W/"1"');
  expect((await ask('GET', `/Users/${id}`, undefined, { 'If-None-Match': 'W/"1"' })).status).toBe(304);
  const title = patch({ op: 'add', path: 'title', value: 'Dr.' });
  expect((await ask('PATCH', `/Users/${id}`, title, { 'If-Match': 'W/"1"' })).headers.get('etag')).toBe('W/"2"');
  expect(await ask('PATCH', `/Users/${id}`, patch({ op: 'remove', path: 'title' }), { 'If-Match': 'W/"1"' })).toMatchObject({
    status: 412,
    body: { status: '412' },
  });
  expect((await ask('DELETE', `/Users/${id}`, undefined, { 'If-Match': '"1"' })).status).toBe(412);
  expect((await ask('PATCH', `/Users/${id}`, title)).headers.get('etag')).toBe('W/"2"');
  const deeds = await until('both changes are on record', async () => {
    const all = (await stage.records()).flatMap((record) => (record.kind === 'deed' ? [record] : []));
    const told = all.filter(({ operation }) => operation === 'directory.add-user' || operation === 'directory.change-user');
    return told.length >= 2 && new Map(told.map((deed) => [deed.operation, deed]));
  });
  const actor = { kind: 'system', part: expect.stringContaining('scim') };
  expect(deeds.get('directory.add-user')).toMatchObject({ target: 'versions-example-org', actor, before: null });
  expect(deeds.get('directory.change-user')).toMatchObject({ target: 'versions-example-org', actor, before: { active: true } });
});

test('the deed of somebody new names the user who they are here, however the directory calls them, and that of a group its id', async () => {
  const { ask, stage } = directory;
  const emails = [{ value: 'lin@example.org', primary: true }];
  expect((await ask('POST', '/Users', { schemas: [coreUser], userName: 'lindsay', emails })).status).toBe(201);
  const group = await ask('POST', '/Groups', { schemas: [coreGroup], displayName: 'Poets' });
  await until('both are on record', async () => {
    const all = (await stage.records()).flatMap((record) => (record.kind === 'deed' ? [record] : []));
    const targets = new Set(all.map(({ operation, target }) => `${operation} ${target}`));
    return targets.has('directory.add-user lin') && targets.has(`directory.add-group ${group.body['id']}`);
  });
});

test('lists come in pages, in order, and with the attributes that were asked for', async () => {
  for (const name of ['p1', 'p2', 'p3']) await directory.addUser(name);
  const pages = await listed('filter=userName%20sw%20%22p%22&sortBy=userName&sortOrder=descending&startIndex=2&count=1');
  expect(pages.body).toMatchObject({
    totalResults: 3,
    startIndex: 2,
    itemsPerPage: 1,
    Resources: [{ userName: 'p2@example.org' }],
  });
  expect((await listed('filter=userName%20sw%20%22p%22&count=0')).body).toMatchObject({ totalResults: 3, Resources: [] });
  const few = (await listed('filter=userName%20eq%20%22p1%40example.org%22&attributes=userName')).body['Resources'];
  expect(Object.keys(few[0]).toSorted()).toEqual(['id', 'schemas', 'userName']);
});

test('a place or a number beyond all lists is a list that ends there, and no error', async () => {
  expect((await listed('startIndex=10000000000&count=1')).body).toMatchObject({ itemsPerPage: 0, Resources: [] });
  expect((await listed(`startIndex=${'9'.repeat(30)}`)).status).toBe(200);
  const all = (await listed('count=10000000000')).body;
  expect(all['itemsPerPage']).toBe(all['totalResults']);
  for (const count of ['-10000000000', '0']) expect((await listed(`count=${count}`)).body).toMatchObject({ Resources: [] });
  expect((await listed('count=1e9')).body).toMatchObject({ scimType: 'invalidValue', detail: 'count is a whole number.' });
});

test('an attribute of an extension is asked for, and left out, by the name of its schema', async () => {
  const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
  const id = await directory.addUser('extended', { [enterprise]: { department: 'Care' } });
  const keys = async (query: string) => Object.keys((await directory.ask('GET', `/Users/${id}?${query}`)).body).toSorted();
  expect(await keys(`attributes=${enterprise}:department`)).toEqual(['id', 'schemas', enterprise]);
  expect(await keys(`attributes=${enterprise.toLowerCase()}`)).toEqual(['id', 'schemas', enterprise]);
  expect(await keys(`excludedAttributes=${enterprise}`)).not.toContain(enterprise);
});

test('an attribute that stands there twice, in whatever case or by the name of its schema, is refused', async () => {
  const { ask } = directory;
  const userName = 'twice@example.org';
  for (const more of [{ active: true, Active: false }, { active: true, [`${coreUser}:active`]: false }, { USERNAME: userName }])
    expect((await ask('POST', '/Users', { userName, ...more })).body).toMatchObject({ scimType: 'invalidSyntax' });
  expect((await ask('POST', '/Groups', { displayName: 'A', DisplayName: 'B' })).body).toMatchObject({
    scimType: 'invalidSyntax',
  });
});

test('nothing as the value of a part of a group takes it away', async () => {
  const { ask } = directory;
  const value = await directory.addUser('emptied');
  const { body } = await ask('POST', '/Groups', { displayName: 'Emptied', externalId: 'e', members: [{ value }] });
  const change = (path: string) => ask('PATCH', `/Groups/${body['id']}`, patch({ op: 'replace', path, value: null }));
  expect((await change('externalId')).body).not.toHaveProperty('externalId');
  expect((await change('members')).body['members']).toEqual([]);
  expect((await change('displayName')).body).toMatchObject({ scimType: 'mutability' });
});

test('whatever is not understood is refused in the words of the RFC', async () => {
  const { ask } = directory;
  const id = await directory.addUser('errors');
  const refused = async (answer: Promise<{ status: number; body: Record<string, unknown> }>) => {
    const { status, body } = await answer;
    expect(body['schemas']).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
    return [status, body['scimType']];
  };
  for (const filter of [
    'userName eq',
    'userName xx "a"',
    'password eq "x"',
    '((((',
    'userName eq "a" garbage',
    'userName eq a',
    'active gt true',
  ])
    expect(await refused(filtered(filter))).toEqual([400, 'invalidFilter']);
  expect((await filtered('userName')).body).toMatchObject({
    detail: 'The filter is not valid: an operator is missing at the end.',
  });
  expect(await refused(filtered(`${'('.repeat(50)}userName pr${')'.repeat(50)}`))).toEqual([400, 'invalidFilter']);
  expect(await refused(ask('POST', '/Users', { userName: 'nobody' }))).toEqual([400, 'invalidValue']);
  expect(await refused(ask('POST', '/Users', { emails: [{ value: 'a@example.org' }] }))).toEqual([400, 'invalidValue']);
  expect(await refused(ask('POST', '/Users', '{"userName": "a", '))).toEqual([400, 'invalidSyntax']);
  expect(await refused(ask('POST', '/Users', '{"userName": "a@b.example", "userName": "c@d.example"}'))).toEqual([
    400,
    'invalidSyntax',
  ]);
  expect(await refused(ask('POST', '/Users', { userName: 'nul\0@example.org' }))).toEqual([400, 'invalidValue']);
  expect(await refused(filtered('userName eq "a\0"'))).toEqual([400, 'invalidValue']);
  expect(await refused(ask('GET', '/Users/%00'))).toEqual([404, undefined]);
  const change = (operation: object) => refused(ask('PATCH', `/Users/${id}`, patch(operation)));
  expect(await change({ op: 'move', path: 'title' })).toEqual([400, 'invalidSyntax']);
  expect(await change({ op: 'replace', path: 'id', value: 'x' })).toEqual([400, 'mutability']);
  expect(await change({ op: 'replace', path: 'nothing', value: 'x' })).toEqual([400, 'invalidPath']);
  expect(await change({ op: 'remove' })).toEqual([400, 'noTarget']);
  expect(await change({ op: 'remove', path: 'userName' })).toEqual([400, 'invalidValue']);
  expect(await change({ op: 'replace', path: 'active', value: 'maybe' })).toEqual([400, 'invalidValue']);
  for (const value of ['0', 0, '', []])
    expect((await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value }))).body).toMatchObject({
      detail: 'active: say true or false',
    });
  expect(await refused(ask('PUT', '/Users', {}))).toEqual([405, undefined]);
  expect(await refused(ask('POST', '/Bulk', {}))).toEqual([404, undefined]);
  const admin = await directory.addUser('ada');
  expect(await refused(ask('PATCH', `/Users/${admin}`, patch({ op: 'replace', path: 'active', value: false })))).toEqual([
    409,
    undefined,
  ]);
  expect((await ask('GET', `/Users/${admin}`)).body).toMatchObject({ active: true });
});

test('what says nothing of whether somebody is active leaves that as it is', async () => {
  proves('scim.unsaid', {
    file: 'gateway/http/scim/person.ts',
    find: 'read.data.active ?? before',
    replace: 'read.data.active ?? true',
  });
  const { ask } = directory;
  const id = await directory.addUser('unsaid', { active: false });
  const unsaid = { userName: 'unsaid@example.org', title: 'here?' };
  expect((await ask('PUT', `/Users/${id}`, unsaid)).body).toMatchObject({ active: false, title: 'here?' });
  for (const operation of [
    { op: 'remove', path: 'active' },
    { op: 'replace', path: 'active', value: null },
    { op: 'replace', value: { active: null, title: 'still?' } },
  ])
    expect((await ask('PATCH', `/Users/${id}`, patch(operation))).body).toMatchObject({ active: false });
  expect((await ask('PUT', `/Users/${id}`, { ...unsaid, active: true })).body).toMatchObject({ active: true });
});

test('an address that becomes the primary one is the person from then on, and no other stays primary', async () => {
  const { ask, stage } = directory;
  const id = await directory.addUser('primary');
  const emails = async (...operations: object[]) => {
    const { status, body } = await ask('PATCH', `/Users/${id}`, patch(...operations));
    expect({ status, detail: body['detail'] }).toEqual({ status: 200, detail: undefined });
    const { policy } = await stage.data.store.policy();
    const known = Object.values(policy.users).map(({ email }) => email);
    return { primary: body['emails'].filter((one: { primary?: boolean }) => one.primary), known };
  };
  const home = { value: 'at-home@example.org', type: 'home', primary: true };
  const added = await emails({ op: 'add', path: 'emails', value: [home] });
  expect(added.primary).toEqual([home]);
  expect(
    (await listed(`filter=${encodeURIComponent('emails[primary eq true].value eq "at-home@example.org"')}`)).body,
  ).toMatchObject({
    totalResults: 1,
  });
  const back = await emails({ op: 'Replace', path: 'emails[type eq "work"].primary', value: 'True' });
  expect(back.primary).toMatchObject([{ type: 'work', value: 'primary@example.org' }]);
  // Truth in words, as Entra says it.
  const changed = await emails({ op: 'Replace', path: 'emails[primary eq "True"].value', value: 'anew@example.org' });
  expect(changed.primary).toMatchObject([{ type: 'work', value: 'anew@example.org' }]);
  const both = [{ value: 'one@example.org' }, { value: 'two@example.org', primary: true }];
  expect((await emails({ op: 'replace', value: { emails: both } })).primary).toEqual([both[1]]);
});

test('what is replaced of a name leaves its other parts', async () => {
  const { ask } = directory;
  const id = await directory.addUser('parts');
  const name = async (operation: object) => (await ask('PATCH', `/Users/${id}`, patch(operation))).body['name'];
  expect(await name({ op: 'replace', path: 'name', value: { givenName: 'Em' } })).toEqual({
    givenName: 'Em',
    familyName: 'Test',
  });
  expect(await name({ op: 'Replace', value: { name: { familyName: 'Hopper' } } })).toEqual({
    givenName: 'Em',
    familyName: 'Hopper',
  });
  expect(await name({ op: 'remove', path: 'name.familyName' })).toEqual({ givenName: 'Em' });
});

test('a change of a part of a member is refused, and takes nobody out of the group', async () => {
  const { ask } = directory;
  const id = await directory.addUser('member-part');
  const at = `/Groups/${(await ask('POST', '/Groups', { displayName: 'Parts', members: [{ value: id }] })).body['id']}`;
  for (const path of [`members[value eq "${id}"].display`, 'members.display'])
    expect(await ask('PATCH', at, patch({ op: 'remove', path }))).toMatchObject({
      status: 400,
      body: { scimType: 'invalidPath' },
    });
  expect((await ask('GET', at)).body['members']).toHaveLength(1);
});

test('what would take long to compare is refused, however it is written', async () => {
  const { ask } = directory;
  const id = await directory.addUser('large');
  const wide = Array.from({ length: 41 }, () => 'userName co "a"').join(' or ');
  expect((await filtered(wide)).body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
  expect((await filtered(wide.slice(0, wide.lastIndexOf(' or ')))).status).toBe(200);
  const many = Array.from({ length: 20_000 }, (_, nth) => [`a${nth}`, nth]);
  const phones = { op: 'add', path: 'phoneNumbers', value: many.map(([value]) => ({ value })) };
  const name = { op: 'add', path: 'name', value: Object.fromEntries(many) };
  const nested = { op: 'add', path: 'ims', value: [{ value: Object.fromEntries(many) }] };
  const enterprise = {
    op: 'add',
    value: { 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': Object.fromEntries(many) },
  };
  for (const one of [phones, name, nested, enterprise])
    expect((await ask('PATCH', `/Users/${id}`, patch(one, one))).body).toMatchObject({ scimType: 'invalidValue' });
  const asked = { userName: 'wide@example.org', phoneNumbers: phones.value };
  expect((await ask('POST', '/Users', asked)).body).toMatchObject({ scimType: 'invalidValue' });
});

test('groups are found by whether anybody is in them', async () => {
  const { ask } = directory;
  const id = await directory.addUser('in-it');
  await ask('POST', '/Groups', { displayName: 'empty' });
  await ask('POST', '/Groups', { displayName: 'filled', members: [{ value: id }] });
  const found = async (filter: string) =>
    (await ask('GET', `/Groups?filter=${encodeURIComponent(filter)}`)).body['Resources'].map(
      ({ displayName }: { displayName: string }) => displayName,
    );
  const named = '(displayName eq "empty" or displayName eq "filled")';
  expect(await found(`members pr and ${named}`)).toEqual(['filled']);
  expect(await found(`members eq null and ${named}`)).toEqual(['empty']);
});

test('a large group is changed without being sent, and one that is larger than an answer is shown without its members', async () => {
  proves('scim.large-group', {
    file: 'gateway/http/scim/resource.ts',
    find: 'if (count > membersAtMost) {',
    replace: 'if (count < 0) {',
  });
  const { ask, stage } = directory;
  const [first, second] = [await directory.addUser('of-many'), await directory.addUser('of-many-too')];
  const made = await ask('POST', '/Groups', { displayName: 'everybody', members: [{ value: first }] });
  const at = `/Groups/${made.body['id']}`;
  const engine = await openEngine({ kind: 'sqlite', file: stage.data.file }, { logger: quiet });
  const fill = async (from: number, to: number) => {
    const rows = Array.from({ length: to - from }, (_, index) => ({
      group_id: String(made.body['id']),
      person_id: `nobody-${from + index}`,
    }));
    await engine.db.transaction().execute(async (tx) => {
      for (const values of parts(rows)) await tx.insertInto('directory_member').values(values).execute();
    });
  };
  try {
    const come = patch({ op: 'add', path: 'members', value: [{ value: second }] });
    expect((await ask('PATCH', at, come)).body['members']).toHaveLength(2);
    await fill(0, 1000);
    const go = patch({ op: 'remove', path: `members[value eq "${second}"]` });
    expect(await ask('PATCH', at, go)).toMatchObject({ status: 204, body: {} });
    expect((await ask('GET', at)).body['members'].map(({ value }: { value: string }) => value)).toEqual([first]);
    expect((await ask('PATCH', `${at}?attributes=displayName`, come)).body).toMatchObject({ displayName: 'everybody' });
    await fill(1000, 100_000);
    expect(await ask('GET', at)).toMatchObject({ status: 400, body: { scimType: 'tooMany' } });
    expect(await ask('GET', '/Groups')).toMatchObject({ status: 400, body: { scimType: 'tooMany' } });
    expect((await ask('GET', `${at}?excludedAttributes=members`)).status).toBe(200);
  } finally {
    await engine.db.deleteFrom('directory_member').where('person_id', 'like', 'nobody-%').execute();
    await engine.close();
  }
});

test('it says of itself what is true', async () => {
  const { ask } = directory;
  expect((await ask('GET', '/ServiceProviderConfig')).body).toMatchObject({
    patch: { supported: true },
    bulk: { supported: false },
  });
  const schemas = (await ask('GET', '/Schemas')).body;
  expect(schemas['Resources'].map(({ name }: { name: string }) => name)).toEqual(['User', 'Group', 'EnterpriseUser']);
  expect((await ask('GET', `/Schemas/${schemas['Resources'][0].id}`)).body).toMatchObject({ name: 'User' });
  expect((await ask('GET', '/ResourceTypes/Group')).body).toMatchObject({ endpoint: '/Groups' });
});
