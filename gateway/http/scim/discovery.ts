// What this service provider says of itself (RFC 7643, sections 5 to 8). The rule: nothing stands here that is not done.
import { enterpriseSchema, groupSchema, userSchema } from './attribute.ts';

/** How many resources a list has at most. */
export const listedAtMost = 1000;

const schemaOf = (name: string) => `urn:ietf:params:scim:schemas:core:2.0:${name}`;

export function serviceProviderConfig(base: string): object {
  return {
    schemas: [schemaOf('ServiceProviderConfig')],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: listedAtMost },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A token that `drawbridge-gateway directory token create` made, as "Authorization: Bearer dbs_..."',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

export function resourceTypes(base: string): readonly { readonly id: string }[] {
  const type = (name: 'User' | 'Group', schema: string, extensions: readonly string[]) => ({
    schemas: [schemaOf('ResourceType')],
    id: name,
    name,
    endpoint: `/${name}s`,
    description: name === 'User' ? 'People' : 'Groups of people',
    schema,
    schemaExtensions: extensions.map((one) => ({ schema: one, required: false })),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  });
  return [type('User', userSchema, [enterpriseSchema]), type('Group', groupSchema, [])];
}

function attribute(name: string, of: object = {}): object {
  const usual = { multiValued: false, required: false, caseExact: false, mutability: 'readWrite', returned: 'default' };
  return { name, type: 'string', description: name, uniqueness: 'none', ...usual, ...of };
}

const complex = (name: string, subAttributes: readonly object[], of: object = {}) =>
  attribute(name, { type: 'complex', subAttributes, ...of });
const several = (name: string) =>
  complex(name, [attribute('value'), attribute('display'), attribute('type'), attribute('primary', { type: 'boolean' })], {
    multiValued: true,
  });
const readOnly = { mutability: 'readOnly' };

export function schemas(base: string): readonly { readonly id: string }[] {
  const schema = (id: string, name: string, attributes: readonly object[]) => ({
    schemas: [schemaOf('Schema')],
    id,
    name,
    description: name,
    attributes,
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  });
  const plain = (...names: readonly string[]) => names.map((name) => attribute(name));
  return [
    schema(userSchema, 'User', [
      attribute('userName', { required: true, uniqueness: 'server' }),
      complex('name', plain('formatted', 'familyName', 'givenName', 'middleName', 'honorificPrefix', 'honorificSuffix')),
      ...plain('displayName', 'nickName', 'profileUrl', 'title', 'userType', 'preferredLanguage', 'locale', 'timezone'),
      attribute('active', { type: 'boolean' }),
      ...['emails', 'phoneNumbers', 'addresses', 'ims', 'photos', 'roles', 'entitlements', 'x509Certificates'].map(several),
      complex('groups', [attribute('value', readOnly), attribute('display', readOnly)], { multiValued: true, ...readOnly }),
    ]),
    schema(groupSchema, 'Group', [
      attribute('displayName', { required: true, uniqueness: 'server' }),
      complex('members', [attribute('value', { mutability: 'immutable' }), attribute('display', readOnly), attribute('type')], {
        multiValued: true,
      }),
    ]),
    schema(enterpriseSchema, 'EnterpriseUser', [
      ...plain('employeeNumber', 'costCenter', 'organization', 'division', 'department'),
      complex('manager', [attribute('value'), attribute('displayName', readOnly)]),
    ]),
  ];
}
