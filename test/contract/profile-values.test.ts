// From what IT wrote to the settings in force, key by key.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, mergeValues, parseValues } from '../../contract/profile-values.ts';
import { settingNames, settingOf } from '../../contract/profile.ts';
import { explain, explainInWords } from '../../bridge/profile/explain.ts';
import { proves } from '../requirement.ts';

const parse = (raw: Record<string, unknown>) => parseValues(raw, {});

test.each([
  ['EnforcmentMode', 'did you mean EnforcementMode?'],
  ['gatewayurl', 'did you mean GatewayURL?'],
  ['Zebra', 'no setting has a similar name'],
])('the unknown setting %s is told with the nearest name', (key, detail) => {
  proves('profile.unknown-key', {
    file: 'contract/profile-values.ts',
    find: "problems.push({ code: 'profile_unknown_key', setting: key.slice(0, 80), detail: suggestion(key) });",
    replace: '',
  });
  expect(parse({ [key]: 1 }).problems).toEqual([{ code: 'profile_unknown_key', setting: key, detail }]);
});

describe('values', () => {
  test.each([
    ['ManagedHosts', '["codex","vscode"]', ['codex', 'vscode']],
    ['ManagedHosts', '*', '*'],
    ['LocalServers', '{"memory":{"command":"npx"}}', { memory: { command: 'npx', args: [], env: {} } }],
    ['ScanIntervalMinutes', '30', 30],
    ['GatewayURL', 'https://MCP.example.org:443/', 'https://mcp.example.org'],
    ['GatewayURL', 'http://127.0.0.1:7070', 'http://127.0.0.1:7070'],
  ])('%s may come as %s', (name, text, value) => {
    proves('profile.strings', {
      file: 'contract/profile-values.ts',
      find: 'const inner = outcome(schema.safeParse(JSON.parse(value)));',
      replace: 'const inner = outcome(direct);',
    });
    expect(parse({ [name]: text })).toEqual({ values: { [name]: value }, problems: [] });
  });

  test.each([
    ['GatewayURL', 'http://mcp.example.org'],
    ['GatewayURL', 'https://user:hunter2@mcp.example.org'],
    ['GatewayURL', 'https://mcp.example.org/path'],
    ['ScanIntervalMinutes', 0],
    ['ScanIntervalMinutes', '12 minutes'],
    ['EnforcementMode', true],
    ['LocalServers', { memory: { command: 'npx', arguments: ['hunter2'] } }],
    ['LocalServers', { Memory: { command: 'npx' } }],
    ['DeniedLocalServerCommands', 'hunter2'],
    ['AllowedLocalServerCommands', [[''], []]],
  ])('%s may not be %j, and what is said of it does not repeat it', (name, value) => {
    proves('profile.no-echo', {
      file: 'contract/profile-values.ts',
      find: 'detail: parsed.problem, ...broken',
      replace: 'detail: JSON.stringify(value), ...broken',
    });
    const { problems } = parse({ [name]: value });
    expect(problems).toMatchObject([{ code: 'profile_invalid', setting: name }]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});

test('what was never valid is taken as the strictest, and where a setting has none it is told as broken', () => {
  proves('profile.strict', {
    file: 'contract/profile.ts',
    find: "whenInvalid: 'enforce',",
    replace: '',
  });
  const bad = parse({ EnforcementMode: 'enforced', LocalServerInstall: 1, DeniedLocalServerCommands: [1] });
  expect(bad.values).toEqual({ EnforcementMode: 'enforce', LocalServerInstall: 'never' });
  expect(bad.problems.filter(({ broken }) => broken)).toMatchObject([{ broken: 'DeniedLocalServerCommands' }]);
});

test('one bad value takes no other down, whatever is thrown in', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.constantFrom(...settingNames), fc.string()), fc.jsonValue()), (raw) => {
      const { values, problems } = parse({ ...raw, GatewayURL: 'https://mcp.example.org' });
      expect(values.GatewayURL).toBe('https://mcp.example.org');
      expect(problems.every(({ detail }) => detail.length > 0)).toBe(true);
    }),
  );
});

test('the first source that sets a value wins, and defaults fill the rest', () => {
  const { profile, origins } = mergeValues([
    { source: 'file', values: { EnforcementMode: 'enforce' } },
    { source: 'user', values: { EnforcementMode: 'observe', ScanIntervalMinutes: 3 } },
  ]);
  expect(profile).toMatchObject({ EnforcementMode: 'enforce', ScanIntervalMinutes: 3, ManagedHosts: '*' });
  expect([
    origins.get('EnforcementMode'),
    origins.get('ScanIntervalMinutes'),
    origins.get('ManagedHosts'),
    origins.get('GatewayURL'),
  ]).toEqual(['file', 'user', 'default', undefined]);
});

test('the explanation names each setting with its value and origin, and hides environment values', () => {
  const { values } = parse({ LocalServers: { memory: { command: 'npx', env: { TOKEN: 'hunter2' } } } });
  const reading = { ...mergeValues([{ source: 'file', values }]), findings: [], broken: new Set<never>(), layers: [] };
  expect(explain(reading).map(({ name }) => name)).toEqual(settingNames);
  const text = explainInWords(reading);
  expect(text).toContain('EnforcementMode = "observe"   [default]');
  expect(text).toContain('"TOKEN":"[secret]"');
  expect(text).not.toContain('hunter2');
});

test('every setting has a name that Group Policy takes, and words', () => {
  for (const name of settingNames) {
    expect(name).toMatch(/^[A-Z][a-zA-Z0-9_]*$/);
    const { title, help, since, schema, default: fallback, whenInvalid } = settingOf(name);
    expect([title, help, since].every((text) => text.length > 0)).toBe(true);
    if (fallback !== undefined) expect(schema.safeParse(fallback).success).toBe(true);
    if (whenInvalid !== undefined) expect(schema.safeParse(whenInvalid).success).toBe(true);
  }
});

test('the distance of two names is symmetrical and zero only for the same', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});
