// The shapes of requests that Entra ID sends, also by its older rules: operations in capitals, truth as text, one address of a type that was not there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { type Directory, openDirectory } from './client.ts';

let directory: Directory;
beforeAll(async () => {
  directory = await openDirectory(PolicyFile.parse({ version: 1 }));
});
afterAll(() => directory.stage.close());

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const patch = (...Operations: object[]) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });
const found = async (filter: string, more = '') =>
  (await directory.ask('GET', `/Users?filter=${encodeURIComponent(filter)}${more}`)).body['totalResults'];

test('a user is made, found, and changed by each shape of an operation', async () => {
  const { ask } = directory;
  const made = await ask('POST', '/Users', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', enterprise],
    externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
    userName: 'UserName123@example.org',
    active: true,
    addresses: null,
    displayName: 'BobIsAmazing',
    emails: [
      { type: 'work', value: 'work@example.org', primary: true },
      { type: 'home', value: 'home@example.org' },
    ],
    name: { formatted: 'Ryan Leenay', familyName: 'Leenay', givenName: 'Ryan' },
    [enterprise]: { department: 'bob', manager: { value: 'SuzzyQ' } },
    roles: [],
  });
  expect(made.status).toBe(201);
  const id = made.body['id'];
  expect(await found('externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"')).toBe(1);
  expect(await found('externalId eq "0a21f0f2" or userName eq "username123@EXAMPLE.org"')).toBe(1);
  expect(await found('emails[type eq "work" and value eq "work@example.org"]')).toBe(1);
  expect(await found('emails[type eq "home" and value eq "work@example.org"]')).toBe(0);
  expect(await found('emails[type eq "work"].value eq "WORK@example.org"')).toBe(1);
  expect(await found('emails[type eq "home"].value eq "work@example.org"')).toBe(0);
  expect(await found('emails[type eq "work" or type eq "home"].value sw "work@" and active eq true')).toBe(1);

  const after = async (...operations: object[]) => {
    const { status, body } = await ask('PATCH', `/Users/${id}`, patch(...operations));
    expect({ status, detail: body['detail'] }).toEqual({ status: 200, detail: undefined });
    return body;
  };
  expect(await after({ op: 'Replace', path: 'active', value: 'False' })).toMatchObject({ active: false });
  expect(await after({ op: 'Replace', path: 'active', value: 'True' })).toMatchObject({ active: true });
  expect(await after({ op: 'Add', value: { 'name.givenName': 'Bob', active: true } })).toMatchObject({
    name: { givenName: 'Bob', familyName: 'Leenay' },
  });
  expect(await after({ op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@example.org' })).toMatchObject({
    emails: [{ type: 'work', value: 'new@example.org', primary: true }, { type: 'home' }],
  });
  expect(await after({ op: 'Add', path: 'emails[type eq "other"].value', value: 'other@example.org' })).toMatchObject({
    emails: [{ type: 'work' }, { type: 'home' }, { type: 'other', value: 'other@example.org' }],
  });
  expect(await after({ op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555' })).toMatchObject({
    phoneNumbers: [{ type: 'mobile', value: '+1 555' }],
  });
  expect(await after({ op: 'Add', path: `${enterprise}:department`, value: 'Sales' })).toMatchObject({
    [enterprise]: { department: 'Sales', manager: { value: 'SuzzyQ' } },
  });
  expect(await after({ op: 'Replace', value: { [`${enterprise}:employeeNumber`]: '7', displayName: 'Bob' } })).toMatchObject({
    displayName: 'Bob',
    [enterprise]: { employeeNumber: '7', department: 'Sales' },
  });
  expect((await after({ op: 'Remove', path: 'emails[type eq "other"]' }))['emails']).toHaveLength(2);
  expect(await after({ op: 'Remove', path: 'displayName' })).not.toHaveProperty('displayName');
  expect(await ask('DELETE', `/Users/${id}`)).toMatchObject({ status: 204 });
  expect((await ask('GET', `/Users/${id}`)).status).toBe(404);
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(404);
});

test('a group is made without members, and they come and go in each shape', async () => {
  const { ask } = directory;
  const [one, two] = [await directory.addUser('one'), await directory.addUser('two')];
  const made = await ask('POST', '/Groups', {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:Group',
      'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
    ],
    externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
    displayName: 'Engineering',
    meta: { resourceType: 'Group' },
  });
  expect(made.status).toBe(201);
  const at = `/Groups/${made.body['id']}`;
  expect((await ask('POST', '/Groups', { displayName: 'engineering' })).status).toBe(409);
  const listed = await ask(
    'GET',
    `/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "engineering"')}`,
  );
  expect(listed.body).toMatchObject({ totalResults: 1, Resources: [{ displayName: 'Engineering' }] });
  expect(listed.body['Resources'][0]).not.toHaveProperty('members');
  const members = async (...operations: object[]) => {
    const { status, body } = await ask('PATCH', at, patch(...operations));
    expect(status).toBe(200);
    return body['members'].map(({ value }: { value: string }) => value);
  };
  expect(await members({ op: 'Add', path: 'members', value: [{ $ref: null, value: one }, { value: two }] })).toEqual([one, two]);
  expect(await members({ op: 'Remove', path: 'members', value: [{ $ref: null, value: one }] })).toEqual([two]);
  expect(await members({ op: 'Add', value: { members: [{ value: one }] } })).toEqual([one, two]);
  expect(await members({ op: 'Remove', path: `members[value eq "${two}"]` })).toEqual([one]);
  expect(await members({ op: 'Replace', path: 'members', value: [{ value: two }] })).toEqual([two]);
  expect(await members({ op: 'Replace', path: 'displayName', value: 'Engineers' })).toEqual([two]);
  expect(await members({ op: 'Remove', path: 'members' })).toEqual([]);
  const inside = `/Groups?filter=${encodeURIComponent(`id eq "${made.body['id']}" and members eq "${two}"`)}`;
  expect((await ask('GET', inside)).body).toMatchObject({ totalResults: 0 });
  await members({ op: 'Add', path: 'members', value: { value: two } });
  expect((await ask('GET', inside)).body).toMatchObject({ totalResults: 1 });
  const unknown = await ask('PATCH', at, patch({ op: 'Add', path: 'members', value: [{ value: 'nobody' }] }));
  expect(unknown).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
});
