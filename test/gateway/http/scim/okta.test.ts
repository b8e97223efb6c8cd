// The steps of Okta's SCIM 2.0 specification test, in their order, and the changes that Okta sends afterwards.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { type Directory, openDirectory } from './client.ts';

let directory: Directory;
beforeAll(async () => {
  directory = await openDirectory(PolicyFile.parse({ version: 1 }));
  await directory.addUser('first');
});
afterAll(() => directory.stage.close());

const list = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const error = 'urn:ietf:params:scim:api:messages:2.0:Error';
const patch = (...Operations: object[]) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });
const random = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: 'Runscope300c@atko.example.com',
  name: { givenName: 'Runscope', familyName: '300C' },
  emails: [{ primary: true, value: 'runscope300c@atko.example.com', type: 'work' }],
  displayName: 'Runscope 300C',
  locale: 'en-US',
  externalId: '00ujl29u0le5T6Aj10h7',
  groups: [],
  password: '1mz050nq',
  active: true,
};

test('the specification test of Okta is answered as it asks, in twelve steps', async () => {
  const { ask, stage } = directory;
  // 1: the base address and its token
  const base = await ask('GET', '/Users?count=1&startIndex=1');
  expect(base.status).toBe(200);
  expect(base.body).toMatchObject({ schemas: [list], itemsPerPage: 1, startIndex: 1, totalResults: 1 });
  const [first] = base.body['Resources'];
  expect(first).toMatchObject({
    userName: 'first@example.org',
    name: { givenName: 'first', familyName: 'Test' },
    active: true,
    emails: [{ value: 'first@example.org' }],
  });
  // 2: one user by id
  expect((await ask('GET', `/Users/${first.id}`)).body).toMatchObject({ id: first.id, userName: 'first@example.org' });
  // 3: a filter that finds nobody
  const nobody = await ask('GET', `/Users?filter=${encodeURIComponent('userName eq "InvalidUser"')}`);
  expect(nobody).toMatchObject({ status: 200, body: { schemas: [list], totalResults: 0, Resources: [] } });
  // 4: an id that there is not
  const missing = await ask('GET', '/Users/010101001010101011001010101011');
  expect(missing).toMatchObject({ status: 404, body: { schemas: [error], status: '404' } });
  expect(missing.body['detail']).toBeTruthy();
  // 5: the random user is not there yet
  const byName = `/Users?filter=${encodeURIComponent(`userName eq "${random.userName}"`)}`;
  expect((await ask('GET', byName)).body).toMatchObject({ totalResults: 0 });
  // 6: it is created
  const made = await ask('POST', '/Users', random);
  expect(made.status).toBe(201);
  expect(made.headers.get('location')).toBe(`${stage.origin}/scim/v2/Users/${made.body['id']}`);
  expect(made.body).toMatchObject({ active: true, userName: random.userName, name: random.name, schemas: random.schemas });
  expect(JSON.stringify(made.body)).not.toContain(random.password);
  // 7: and read
  expect((await ask('GET', `/Users/${made.body['id']}`)).body).toMatchObject({
    userName: random.userName,
    externalId: random.externalId,
  });
  // 8: the same again is refused
  expect(await ask('POST', '/Users', random)).toMatchObject({ status: 409, body: { schemas: [error], scimType: 'uniqueness' } });
  // 9: userName is compared without case
  const upper = `/Users?filter=${encodeURIComponent(`userName eq "${random.userName.toUpperCase()}"`)}`;
  expect((await ask('GET', upper)).body).toMatchObject({ totalResults: 1, Resources: [{ id: made.body['id'] }] });
  // 10: groups
  expect(await ask('GET', '/Groups')).toMatchObject({ status: 200, body: { schemas: [list], totalResults: 0 } });
  // 11: a group that there is not
  expect(await ask('GET', '/Groups/1234')).toMatchObject({ status: 404, body: { schemas: [error], status: '404' } });
  // 12: whoever has no token
  expect((await stage.ask('/scim/v2/Users')).status).toBe(401);
  expect((await ask('GET', '/Users', undefined, { Authorization: 'Bearer dbs_nobody' })).status).toBe(401);
});

test('what Okta sends afterwards: a profile pushed whole, a deactivation, a group with its members', async () => {
  const { ask } = directory;
  const id = await directory.addUser('okta');
  const whole = {
    userName: 'okta@example.org',
    name: { givenName: 'New', familyName: 'Name' },
    emails: [{ value: 'okta@example.org' }],
    active: true,
  };
  const put = await ask('PUT', `/Users/${id}`, whole);
  expect(put).toMatchObject({ status: 200, body: { name: { givenName: 'New' } } });
  const off = await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { active: false } }));
  expect(off).toMatchObject({ status: 200, body: { active: false, name: { givenName: 'New' } } });
  const on = await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { active: true } }));
  expect(on.body).toMatchObject({ active: true });
  const group = await ask('POST', '/Groups', {
    displayName: 'Okta group',
    members: [{ value: id, display: 'okta@example.org' }],
  });
  expect(group).toMatchObject({ status: 201, body: { displayName: 'Okta group', members: [{ value: id }] } });
  const other = await directory.addUser('other');
  const changed = await ask('PATCH', `/Groups/${group.body['id']}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [
      { op: 'remove', path: `members[value eq "${id}"]` },
      { op: 'add', path: 'members', value: [{ value: other, display: 'other@example.org' }] },
      { op: 'replace', value: { id: group.body['id'], displayName: 'Okta renamed' } },
    ],
  });
  expect(changed.body).toMatchObject({ displayName: 'Okta renamed', members: [{ value: other }] });
  expect((await ask('GET', `/Users/${other}`)).body).toMatchObject({
    groups: [{ value: group.body['id'], display: 'Okta renamed' }],
  });
  expect(await ask('DELETE', `/Groups/${group.body['id']}`)).toMatchObject({ status: 204 });
});
