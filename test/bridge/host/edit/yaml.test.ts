// YAML: the forms in which an entry may be written, and what is refused. The shared suite of edits runs in yaml.slow.test.ts.
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { EditRefused } from '../../../../bridge/host/edit/edit.ts';
import { yamlFormat } from '../../../../bridge/host/edit/yaml.ts';
import { proves } from '../../../requirement.ts';
import { newEntry } from '../../../suite/host-edit.ts';

const keys = [['extensions']];
const entry = {
  drop: ['envs', 'env_keys'],
  set: [
    ['cmd', 'a'],
    ['args', ['b', 'c']],
  ] as const,
};
const set = (text: string): string => yamlFormat.edit(text, [{ path: ['extensions', 'fs'], entry }]);

describe('a YAML config', () => {
  test.each([
    ['a syntax error', 'a: 1\nb: [\n', 3],
    ['an entry that stands twice', 'extensions:\n  a: {}\n  a: {}\n', 3],
    ['a field that stands twice', 'extensions:\n  a:\n    cmd: x\n    cmd: y\n', 4],
    ['two documents', 'a: 1\n---\nb: 2\n', 2],
    ['a list of servers', 'extensions:\n  - cmd: x\n', 2],
    ['a list at the top', '- a\n', 1],
    ['an alias to nothing', 'extensions: *x\n', 1],
    ['a key that is a list', 'extensions:\n  ? [a]\n  : b\n', 2],
    ['a key that is null', 'extensions:\n  null:\n    cmd: x\n', 2],
    ['servers that a merge brings in', 'b: &b { a: { cmd: x } }\nextensions:\n  <<: *b\n', 3],
    ['a server whose fields a merge brings in', 'b: &b { cmd: x }\nextensions:\n  a: { <<: *b }\n', 3],
    ['a merge at the top', 'b: &b { extensions: { a: { cmd: x } } }\n<<: *b\n', 2],
    ['indentation by tabs', 'extensions:\n\ta: b\n', 2],
  ])('with %s is not read, and the place is named', (_what, text, line) => {
    proves('host-config.brought-in', {
      file: 'bridge/host/edit/yaml.ts',
      find: "pairsOf(text, node).find(({ key }) => key === '<<')",
      replace: 'undefined',
    });
    expect(yamlFormat.read(text, keys)).toMatchObject({ ok: false, line });
  });

  test('nested deeper than a stack is not read', () => {
    expect(yamlFormat.read('['.repeat(200_000), keys)).toMatchObject({ ok: false });
  });

  test('that would grow without end by its aliases is not read', () => {
    const grown = Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`);
    expect(yamlFormat.read(['a0: &a0 [x]', ...grown, ''].join('\n'), keys)).toMatchObject({ ok: false });
  });

  test('whose servers are null or absent has none', () => {
    expect(yamlFormat.read('extensions:\n', keys)).toMatchObject({ ok: true, entries: [] });
    expect(yamlFormat.read('a: 1\n', keys)).toMatchObject({ ok: true, entries: [] });
  });

  test('keeps the layout of a person: lines, comments, the order of the fields', () => {
    const before = [
      '# goose',
      'extensions: # mine',
      '  fs: # files',
      '    enabled: true # on',
      '    envs: # from the portal',
      '      TOKEN: s3cret',
      '    # the program',
      '    cmd: npx',
      '    args: # three',
      '    - -y',
      '    - x # y',
      '    timeout: 300',
      '  web:',
      '    uri: https://x.example/mcp',
      'GOOSE_MODEL: m',
      '',
    ];
    expect(set(before.join('\r\n')).split('\r\n')).toEqual([
      ...before.slice(0, 4),
      '    # the program',
      '    cmd: "a"',
      '    args: ["b", "c"] # three',
      ' # y',
      ...before.slice(11),
    ]);
    const without = yamlFormat.edit(before.join('\r\n'), [{ path: ['extensions', 'web'] }]);
    expect(without.split('\r\n')).toEqual([...before.slice(0, 12), ...before.slice(14)]);
  });

  test.each([
    ['extensions:\n  fs:\n    cmd: x', 'extensions:\n  fs:\n    cmd: "a"\n    args: ["b", "c"]'],
    ['extensions:\n fs: {envs: {A: b}, cmd: x}\n', 'extensions:\n fs: { cmd: "a", args: ["b", "c"]}\n'],
    ['extensions: { fs: { cmd } }', 'extensions: { fs: { cmd: "a", args: ["b", "c"] } }'],
    ['{"extensions": {"fs": {"cmd":"x"}}}', '{"extensions": {"fs": {"cmd":"a", args: ["b", "c"]}}}'],
    ['extensions:\n  fs:\n    name: n\n', 'extensions:\n  fs:\n    cmd: "a"\n    args: ["b", "c"]\n    name: n\n'],
    [
      'extensions:\n  fs:\n    cmd: |-\n      x\n\n  b: {}\n',
      'extensions:\n  fs:\n    cmd: "a"\n    args: ["b", "c"]\n\n  b: {}\n',
    ],
    ['extensions:\n  fs:\n    cmd:\n    args:\n    - b\n', 'extensions:\n  fs:\n    cmd: "a"\n    args: ["b", "c"]\n'],
  ])('keeps an entry in its form: %s', (before, after) => {
    expect(set(before)).toBe(after);
    expect(set(after)).toBe(after);
  });

  test('refuses what is tied to another place by an anchor, an alias or a merge', () => {
    proves('host-config.tied-entry', {
      file: 'bridge/host/edit/yaml.ts',
      find: 'assertOnly(before.root, mustParseYaml(after).root, expected);',
      replace: 'mustParseYaml(after);',
    });
    for (const text of [
      'extensions:\n  fs: &fs\n    cmd: x\n  b: *fs\n',
      'extensions:\n  fs:\n    cmd: &c x\nother: *c\n',
      'extensions:\n  fs:\n    envs: &e {A: b}\n    cmd: x\n  b: {cmd: y, envs: *e}\n',
    ])
      expect(() => set(text), text).toThrow(EditRefused);
    expect(() => set('base: &b {cmd: x}\nextensions:\n  fs: *b\n')).toThrow(EditRefused);
    // what only reads from elsewhere can go
    const alias = 'base: &b {cmd: x}\nextensions:\n  fs: *b\n  c: {}\n';
    expect(yamlFormat.edit(alias, [{ path: ['extensions', 'fs'] }])).toBe('base: &b {cmd: x}\nextensions:\n  c: {}\n');
  });

  test('stays a map when its last entry is taken out, and gets it back in place', () => {
    const before = 'a: 1\nextensions: # mine\n  # c\n  r:\n    uri: u\n    headers:\n      A: b\n# end\nz: 2\n';
    const after = yamlFormat.edit(before, [{ path: ['extensions', 'r'] }]);
    expect(after).toBe('a: 1\nextensions: # mine\n  # c\n  {}\n# end\nz: 2\n');
    const reading = yamlFormat.read(before, keys);
    const pieces = reading.ok ? (reading.entries[0]?.pieces ?? []) : [];
    expect(yamlFormat.putEntry(after, ['extensions', 'r'], pieces)).toBe(before);
  });

  test('gets a removed entry back even where its whole container went', () => {
    const block = [{ form: 'member' as const, under: ['extensions'], text: '    r:\n      uri: u\n      args:\n      - a' }];
    const flow = [{ form: 'member' as const, under: ['extensions'], text: '"r":{uri: u, args: [a]}' }];
    const back = { r: { uri: 'u', args: ['a'] } };
    for (const pieces of [block, flow])
      for (const text of [
        '',
        'extensions:\n',
        'extensions: {}\n',
        'extensions: {}',
        'extensions: # c\n',
        '# only this',
        '{}',
        'extensions:\n  {}\n',
      ])
        expect(parse(yamlFormat.putEntry(text, ['extensions', 'r'], pieces)), text).toEqual({ extensions: back });
    for (const pieces of [block, flow]) {
      expect(parse(yamlFormat.putEntry('a: 1', ['extensions', 'r'], pieces))).toEqual({ a: 1, extensions: back });
      expect(parse(yamlFormat.putEntry('{a: 1}', ['extensions', 'r'], pieces))).toEqual({ a: 1, extensions: back });
      expect(parse(yamlFormat.putEntry('extensions: {q: {}}', ['extensions', 'r'], pieces))).toEqual({
        extensions: { q: {}, ...back },
      });
      expect(parse(yamlFormat.putEntry('x:\n   y: 1\n', ['x', 'extensions', 'r'], pieces))).toEqual({
        x: { y: 1, extensions: back },
      });
      expect(() => yamlFormat.putEntry('extensions: 5', ['extensions', 'r'], pieces)).toThrow(EditRefused);
    }
  });

  test('refuses an edit of an entry that is not there or is no map', () => {
    expect(() => set('extensions: {}\n')).toThrow(EditRefused);
    expect(() => set('extensions:\n  fs: 5\n')).toThrow(EditRefused);
  });

  test('is edited by texts that every parser reads alike', () => {
    const odd = { ...newEntry, set: [['command', '\u007f\u2028: # "x"\ufeff']] as const };
    const after = yamlFormat.edit('extensions:\n  fs:\n    command: x\n', [{ path: ['extensions', 'fs'], entry: odd }]);
    expect(after).toBe('extensions:\n  fs:\n    command: "\\u007f\\u2028: # \\"x\\"\\ufeff"\n');
  });
});
