// The JSON Schema of the profile file, held against the real parser: what the schema accepts the parser accepts.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseValues } from '../../../contract/profile-values.ts';
import { SettingName, settingOf } from '../../../contract/profile.ts';
import { renderProfileSchema } from '../../../build/generate/linux/schema.ts';
import { proves } from '../../requirement.ts';
import { everyKind, realSource } from './fixture.ts';
import type { Source } from '../../../build/generate/source.ts';

function compile(source: Source) {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(renderProfileSchema(source)));
}

const good = {
  $schema: 'urn:drawbridge:profile',
  GatewayURL: 'https://mcp.example.org',
  EnforcementMode: 'enforce',
  ManagedHosts: ['claude-desktop', 'cursor'],
  LocalServers: { memory: { command: 'npx', args: ['-y', 'memory'], env: { TOKEN: 'x' } } },
  DeniedLocalServerCommands: [`sha256:${'a'.repeat(64)}`, ['docker']],
  PostureHeartbeatMinutes: 10,
};

test('good profiles are accepted, and bad ones refused where they are bad', async () => {
  proves('generate.schema-strict', {
    file: 'build/generate/linux/schema.ts',
    find: 'additionalProperties: false,',
    replace: 'additionalProperties: true,',
  });
  const accepts = compile(await realSource());
  expect(accepts(good), JSON.stringify(accepts.errors)).toBe(true);
  expect(parseValues(good, {}).problems).toEqual([]);
  for (const [at, bad] of Object.entries({
    '/GatewayURL': { GatewayURL: 'mcp example org' },
    '/EnforcementMode': { EnforcementMode: 'warn' },
    '/ManagedHosts': { ManagedHosts: 'cursor' },
    '/LocalServers/memory': { LocalServers: { memory: { command: 'npx', arguments: [] } } },
    '/LocalServers': { LocalServers: { 'Not A Slug': { command: 'npx' } } },
    '/DeniedLocalServerCommands/0': { DeniedLocalServerCommands: [[]] },
    '/PostureHeartbeatMinutes': { PostureHeartbeatMinutes: 0 },
    '': { EnforcmentMode: 'enforce' },
  })) {
    expect(accepts({ ...good, ...bad }), at).toBe(false);
    expect(accepts.errors?.map(({ instancePath }) => instancePath)).toContain(at);
    expect(parseValues({ ...good, ...bad }, {}).problems.length, at).toBeGreaterThan(0);
  }
});

test('schema and parser say the same of every value, but for what JSON Schema can not say', async () => {
  proves('generate.schema-agrees', {
    file: 'build/generate/linux/schema.ts',
    find: '    ...schema,',
    replace: "    ...(schema.type === 'integer' ? { type: 'integer' } : schema),",
  });
  const source = await realSource();
  const accepts = compile(source);
  // JSON Schema can't say which hosts an `http:` URL may name, nor what the URL parser takes beyond RFC 3986
  const comparable = source.settings.filter(({ schema }) => schema.format !== 'uri');
  const words = fc.constantFrom(
    '',
    '*',
    'a',
    'observe',
    'enforce',
    'never',
    `sha256:${'0'.repeat(64)}`,
    '5',
    'true',
    'Not A Slug',
  );
  const line = fc.record({ command: words, args: fc.array(words), cwd: words, other: words }, { requiredKeys: ['command'] });
  const value = fc.oneof(
    words,
    fc.integer({ min: -3, max: 1500 }),
    fc.boolean(),
    fc.array(fc.oneof(words, fc.array(words))),
    fc.dictionary(words, line),
    fc.jsonValue(),
  );
  const setting = fc.oneof(
    ...comparable.map(({ name, schema, sample }) =>
      fc.tuple(fc.constant(name), fc.oneof(value, fc.constantFrom<unknown>(...(schema.enum ?? [null]), sample ?? ''))),
    ),
  );
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(setting, ([name, raw]) => {
      const isAccepted = accepts({ [name]: raw });
      seen[isAccepted ? 'accepted' : 'refused']++;
      // the parser also takes JSON text, which some MDMs send; a file that people write holds the value itself
      expect(isAccepted, `${name}: ${JSON.stringify(raw)}`).toBe(
        settingOf(SettingName.parse(name)).schema.safeParse(raw).success,
      );
      if (isAccepted) expect(parseValues({ [name]: raw }, {}).problems).toEqual([]);
    }),
    { numRuns: 3000 },
  );
  expect(seen.accepted).toBeGreaterThan(300);
  expect(seen.refused).toBeGreaterThan(300);
});

test('every kind of setting is carried with its default, and its help', () => {
  const schema = JSON.parse(renderProfileSchema(everyKind)) as { readonly properties: Readonly<Record<string, object>> };
  expect(schema.properties['AnInteger']).toMatchObject({
    type: 'integer',
    minimum: -5,
    maximum: 10,
    default: 3,
    title: 'A <title> & "more"',
  });
  const accepts = compile(everyKind);
  expect(accepts({ AnInteger: -5, AnObject: { one: { n: 1 } }, ABoolean: true })).toBe(true);
  expect(accepts({ AnObject: { one: { n: 1, more: 2 } } })).toBe(false);
});
