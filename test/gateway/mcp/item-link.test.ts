// Links inside answers on the aggregated route: renamed where the specification puts a URI of a resource, and every other byte as it came.
import { describe, expect, test } from 'vitest';
import { linkEdits, pageEdits } from '../../../gateway/mcp/item-link.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { splice } from '../../../gateway/mcp/span.ts';
import { proves } from '../../requirement.ts';

function renamed(method: string, result: string): string {
  const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
  const message = readMessage(body);
  if (message.kind !== 'response' || !message.result) throw new Error('not a result');
  const spliced = splice(body, linkEdits('s', method, body, message.result, message.value)).toString();
  return spliced.slice(spliced.indexOf('"result":') + '"result":'.length, -1);
}

describe('links', () => {
  test('of a tool: resource links and embedded resources, wherever they stand in the content, and nothing else', () => {
    proves('protocol.links-renamed', {
      file: 'gateway/mcp/item-link.ts',
      find: "if (text === 'resource_link') return uris(",
      replace: "if (text === 'none') return uris(",
    });
    expect(
      renamed(
        'tools/call',
        `{ "content": [{"type":"text","uri":"demo://a","text":"demo://a"}, {"uri" : "demo://a","type":"resource_link","name":"n"},
           {"type":"resource","resource":{"uri":"d\\u0065mo://b","text":"demo://b","x":{"uri":"demo://c"}}}, 7, null],
           "structuredContent":{"uri":"demo://a","content":[{"type":"resource_link","uri":"demo://a"}]}, "uri":"demo://a" }`,
      ),
    ).toBe(
      `{ "content": [{"type":"text","uri":"demo://a","text":"demo://a"}, {"uri" : "demo://s__a","type":"resource_link","name":"n"},
           {"type":"resource","resource":{"uri":"demo://s__b","text":"demo://b","x":{"uri":"demo://c"}}}, 7, null],
           "structuredContent":{"uri":"demo://a","content":[{"type":"resource_link","uri":"demo://a"}]}, "uri":"demo://a" }`,
    );
  });

  test('of a prompt: in messages whose content is one block or several', () => {
    expect(
      renamed(
        'prompts/get',
        '{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"demo://a"}}},{"content":[{"type":"resource_link","uri":"urn:a"},{"type":"text"}]},{"content":"x"},3]}',
      ),
    ).toBe(
      '{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"demo://s__a"}}},{"content":[{"type":"resource_link","uri":"urn:s__a"},{"type":"text"}]},{"content":"x"},3]}',
    );
  });

  test('of a resource: each of its contents', () => {
    expect(
      renamed('resources/read', '{"contents":[{"uri":"demo://a","text":"demo://a"},{"uri":"https://a.example/b"},{"uri":5}]}'),
    ).toBe('{"contents":[{"uri":"demo://s__a","text":"demo://a"},{"uri":"https://a.example/b#s__"},{"uri":5}]}');
  });

  test.each(['{"content":"x"}', '{"content":[]}', '{"contents":{}}', '{"messages":[]}', '{}'])('of %s: none', (result) => {
    for (const method of ['tools/call', 'prompts/get', 'resources/read', 'completion/complete'])
      expect(renamed(method, result)).toBe(result);
  });
});

test("a tool's page is renamed by both of its spellings", () => {
  const tool = Buffer.from(
    '{"name":"t","_meta":{"ui/resourceUri":"ui://a","ui":{"x":1,"resourceUri":"ui://b"},"resourceUri":"ui://c"}}',
  );
  expect(splice(tool, pageEdits('s', tool)).toString()).toBe(
    '{"name":"t","_meta":{"ui/resourceUri":"ui://s__a","ui":{"x":1,"resourceUri":"ui://s__b"},"resourceUri":"ui://c"}}',
  );
});
