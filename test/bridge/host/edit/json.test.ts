// JSON and JSON with comments: the shared suite of edits, and what is special about the two.
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { EditRefused } from '../../../../bridge/host/edit/edit.ts';
import { jsonFormat } from '../../../../bridge/host/edit/json.ts';
import { proves } from '../../../requirement.ts';
import { describeFormat, newEntry } from '../../../suite/host-edit.ts';
import { jsonSamples } from '../../../suite/host-text.ts';

const withoutMark = (text: string): string => text.replace(/^\ufeff/, '');

describeFormat('JSON', {
  format: jsonFormat(true),
  keys: ['mcpServers'],
  samples: jsonSamples('mcpServers', true),
  meaning: (text) => JSON.parse(withoutMark(text)),
  isPutBackExact: true,
});

describeFormat('JSON with comments', {
  format: jsonFormat(false),
  keys: ['servers'],
  samples: jsonSamples('servers', false),
  meaning: (text) => parse(withoutMark(text), [], { allowTrailingComma: true }),
  isPutBackExact: true,
});

describe('a JSON config', () => {
  const strict = jsonFormat(true);
  const loose = jsonFormat(false);

  test.each([
    ['a syntax error', '{\n  "mcpServers": {\n    "a" {}\n  }\n}', 3],
    ['a comment', '{ // no\n}', 1],
    ['a trailing comma', '{\n"mcpServers": {},\n}', 3],
    ['a key that stands twice at the top', '{"mcpServers": {},\n "mcpServers": {}}', 2],
    ['a server that stands twice', '{"mcpServers": {"a": {},\n"a": {}}}', 2],
    ['a field that stands twice', '{"mcpServers": {"a": {"command": "x",\n"command": "y"}}}', 2],
    ['a key that stands twice in another spelling', '{"mcpServers": {"a": {},\n"\\u0061": {}}}', 2],
    ['a list at the top', '[]', 1],
    ['a list of servers', '{"mcpServers": []}', 1],
    ['two documents', '{}\n{}', 2],
    ['no end', '{"mcpServers": {', 1],
    ['a raw line break in a text', '{"a": "x\ny"}', 1],
  ])('with %s is not read, and the place is named', (_what, text, line) => {
    proves('host-config.duplicate-key', {
      file: 'bridge/host/edit/json.ts',
      find: 'if (isOurs && seen.has(name?.value)) return name;',
      replace: 'if (isOurs && name === undefined) return name;',
    });
    expect(strict.read(text, [['mcpServers']])).toMatchObject({ ok: false, line });
  });

  test('nested deeper than a stack is not read', () => {
    expect(loose.read('['.repeat(200_000), [['servers']])).toMatchObject({ ok: false });
  });

  test('whose servers are null or absent has none', () => {
    expect(strict.read('{"mcpServers": null}', [['mcpServers']])).toMatchObject({ ok: true, entries: [] });
    expect(strict.read('{"a": 1}', [['mcpServers']])).toMatchObject({ ok: true, entries: [] });
  });

  test('may hold servers below any key', () => {
    const text = '{"projects": {"/x": {"mcpServers": {"a": {"command": "c"}}}, "/y": {}}}';
    const keys = [['mcpServers'], ['projects', '*', 'mcpServers']];
    const reading = loose.read(text, keys);
    expect(reading.ok && reading.entries.map((entry) => entry.path)).toEqual([['projects', '/x', 'mcpServers', 'a']]);
    expect(loose.edit(text, [{ path: ['projects', '/x', 'mcpServers', 'a'] }])).toBe(
      '{"projects": {"/x": {"mcpServers": {}}, "/y": {}}}',
    );
  });

  test('keeps the layout of a person: lines, comments, the order of the fields', () => {
    const before = [
      '{',
      '  "servers": {',
      '    // files',
      '    "fs": {',
      '      "env": { "A": "b" }, // tok',
      '      "command": "npx",',
      '      "disabled": false, // off',
      '      "cwd": "x"',
      '    },',
      '    "r": { "url": "u" }',
      '  }',
      '}',
    ].join('\r\n');
    const entry = {
      ...newEntry,
      set: [
        ['command', 'a'],
        ['args', ['b', 'c']],
      ] as const,
    };
    const after = loose.edit(before, [{ path: ['servers', 'fs'], entry }]);
    expect(after.split('\r\n')).toEqual([
      '{',
      '  "servers": {',
      '    // files',
      '    "fs": {',
      '      // tok',
      '      "command": "a",',
      '      "args": ["b", "c"],',
      '      "disabled": false // off',
      '    },',
      '    "r": { "url": "u" }',
      '  }',
      '}',
    ]);
    expect(loose.edit(before, [{ path: ['servers', 'r'] }])).toBe(
      before.replace('    },\r\n    "r": { "url": "u" }\r\n', '    }\r\n'),
    );
  });

  test('gets a removed entry back even where its whole container went', () => {
    const pieces = [{ form: 'member' as const, under: ['servers'], text: '"r": {"url": "u"}' }];
    const put = (text: string): unknown => JSON.parse(strict.putEntry(text, ['servers', 'r'], pieces));
    expect(put('{}')).toEqual({ servers: { r: { url: 'u' } } });
    expect(put('')).toEqual({ servers: { r: { url: 'u' } } });
    expect(put('{"a": 1}')).toEqual({ a: 1, servers: { r: { url: 'u' } } });
    expect(() => put('{"servers": 5}')).toThrow(EditRefused);
  });

  test('refuses an edit of an entry that is not there', () => {
    expect(() => strict.edit('{"mcpServers": {}}', [{ path: ['mcpServers', 'a'], entry: newEntry }])).toThrow(EditRefused);
  });
});
