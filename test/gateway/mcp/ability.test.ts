// What a host's capabilities come to, as a table.
import { expect, test } from 'vitest';
import { noAbilities, readAbilities } from '../../../gateway/mcp/ability.ts';

test.each([
  [undefined, '{}'],
  ['all', '{}'],
  [{ elicitation: true, sampling: [], roots: null }, '{}'],
  [{ experimental: { x: {} }, tasks: {} }, '{}'],
  [{ roots: {} }, '{"roots":{}}'],
  [{ roots: { listChanged: true, more: 1 } }, '{"roots":{"listChanged":true}}'],
  [{ sampling: { tools: {}, context: {} } }, '{"sampling":{"context":{},"tools":{}}}'],
  [{ elicitation: {} }, '{"elicitation":{}}'],
  [
    {
      extensions: {
        'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app', 'x'], more: 1 },
        'org.example/x': {},
      },
    },
    '{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}}',
  ],
  [{ extensions: { 'org.example/x': {} } }, '{}'],
  [{ elicitation: { url: {} } }, '{"elicitation":{"url":{}}}'],
])('a host that says %j is declared as %s', (capabilities, declared) => {
  expect(readAbilities(capabilities).declared).toBe(declared);
});

test('elicitation without modes means forms, and with modes means those', () => {
  const modes = (elicitation: object) => {
    const { form, url } = readAbilities({ elicitation });
    return [form, url];
  };
  expect([modes({}), modes({ form: {} }), modes({ url: {} }), modes({ form: {}, url: {} })]).toEqual([
    [true, false],
    [true, false],
    [false, true],
    [true, true],
  ]);
  expect(noAbilities).toEqual(readAbilities({}));
});
