// TOML: the shared suite of edits, and the forms in which an entry may be written.
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { EditRefused } from '../../../../bridge/host/edit/edit.ts';
import { tomlFormat } from '../../../../bridge/host/edit/toml.ts';
import { describeFormat, newEntry } from '../../../suite/host-edit.ts';
import { tomlSamples } from '../../../suite/host-toml-text.ts';

describeFormat('TOML', {
  format: tomlFormat,
  keys: ['mcp_servers'],
  samples: tomlSamples('mcp_servers'),
  meaning: (text) => parse(text.replace(/^\ufeff/, ''), { integersAsBigInt: 'asNeeded' }),
  isPutBackExact: false,
});

describe('a TOML config', () => {
  const keys = [['mcp_servers']];
  const config = [
    '# my settings',
    'model = "x"',
    '',
    '[mcp_servers.fs] # files',
    '# the command',
    'command = "npx"',
    'args = ["-y",',
    '  "a", # c',
    ']',
    'startup_timeout_sec = 5',
    '# the env',
    '[mcp_servers.fs.env]',
    'TOKEN = "s3cret" # tok',
    '',
    '# web',
    '[mcp_servers.web]',
    'url = "https://x.example/mcp"',
    '',
    '[tui]',
    'a = 1',
    '',
  ];

  test.each([
    ['a syntax error', 'a = 1\nb = \n', 2],
    ['a table that stands twice', '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.a]\n', 3],
    ['a key that stands twice', '[mcp_servers.a]\ncommand = "x"\ncommand = "y"\n', 3],
    ['an inline table that is extended', 'mcp_servers = {}\n[mcp_servers.a]\n', 2],
    ['a list of servers', '[[mcp_servers]]\nname = "a"\n', 1],
    ['a bare carriage return', 'a = 1\rb = 2', 1],
  ])('with %s is not read, and the place is named', (_what, text, line) => {
    expect(tomlFormat.read(text, keys)).toMatchObject({ ok: false, line });
  });

  test('keeps the layout of a person: lines, comments, the form of the entry', () => {
    const before = config.join('\r\n');
    const entry = {
      ...newEntry,
      set: [
        ['command', 'a'],
        ['args', ['b', 'c']],
      ] as const,
    };
    const after = tomlFormat.edit(before, [{ path: ['mcp_servers', 'fs'], entry }]);
    expect(after.split('\r\n')).toEqual([
      ...config.slice(0, 5),
      'command = "a"',
      'args = ["b", "c"]',
      'startup_timeout_sec = 5',
      '# the env',
      ...config.slice(13),
    ]);
    const reading = tomlFormat.read(before, keys);
    const pieces = reading.ok ? (reading.entries[0]?.pieces ?? []) : [];
    expect(tomlFormat.putEntry(after, ['mcp_servers', 'fs'], pieces)).toBe(before);
    expect(tomlFormat.edit(before, [{ path: ['mcp_servers', 'web'] }]).split('\r\n')).toEqual([
      ...config.slice(0, 15),
      ...config.slice(17),
    ]);
  });

  test.each([
    [
      'mcp_servers.fs.command = "x"\nmcp_servers.fs.env.A = "b"\n[z]\n',
      'mcp_servers.fs.command = "a"\nmcp_servers.fs.args = ["b"]\n[z]\n',
    ],
    [
      'mcp_servers = { fs = { env={A="b"}, command="x", on=true } }',
      'mcp_servers = { fs = { command="a", args = ["b"], on=true } }',
    ],
    [
      '[mcp_servers]\nfs = {command="x"}\n"b c".command="k"',
      '[mcp_servers]\nfs = {command="a", args = ["b"]}\n"b c".command="k"',
    ],
    ['[mcp_servers.fs]\ncommand = "x"', '[mcp_servers.fs]\ncommand = "a"\nargs = ["b"]'],
  ])('keeps an entry in its form: %s', (before, after) => {
    const entry = {
      drop: ['env'],
      set: [
        ['command', 'a'],
        ['args', ['b']],
      ] as const,
    };
    expect(tomlFormat.edit(before, [{ path: ['mcp_servers', 'fs'], entry }])).toBe(after);
  });

  test('gets a removed entry back where its section is gone', () => {
    const line = { form: 'line' as const, under: ['mcp_servers'], text: 'r = { url = "u" }\n' };
    const member = { ...line, form: 'member' as const, text: 'r = { url = "u" }' };
    const back = { a: 1, mcp_servers: { r: { url: 'u' } }, z: {} };
    for (const piece of [line, member])
      expect(parse(tomlFormat.putEntry('a = 1\n[z]', ['mcp_servers', 'r'], [piece]))).toEqual(back);
  });

  test('refuses an edit of an entry that is no table', () => {
    expect(() => tomlFormat.edit('[mcp_servers]\na = 5\n', [{ path: ['mcp_servers', 'a'], entry: newEntry }])).toThrow(
      EditRefused,
    );
    expect(() => tomlFormat.edit('[mcp_servers]\n', [{ path: ['mcp_servers', 'a'], entry: newEntry }])).toThrow(EditRefused);
  });
});
