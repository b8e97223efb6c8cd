// Which item a request uses: read from one place per method, and refused where two readers could see two items.
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import type { Era } from '../../../gateway/call.ts';
import { featureListedBy, headerNameOf, useOf } from '../../../gateway/mcp/feature.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { proves } from '../../requirement.ts';

function request(method: string, params: string) {
  const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`);
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Error('not a request');
  return { body, message };
}
function used(method: string, params: string, era: Era = 'modern'): unknown {
  const { body, message } = request(method, params);
  try {
    const use = useOf(body, message, era);
    return use && [use.kind, use.name, body.toString('utf8', use.span.start, use.span.end)];
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
}

describe('a request', () => {
  test('to subscribe uses a resource, in the one era that has it', () => {
    for (const method of ['resources/subscribe', 'resources/unsubscribe'])
      expect([used(method, '{"uri":"demo://a"}', 'legacy'), used(method, '{"uri":"demo://a"}', 'modern')]).toEqual([
        ['resources', 'demo://a', '"demo://a"'],
        undefined,
      ]);
  });

  test.each([
    ['tools/call', '{"name":"a"}', ['tools', 'a', '"a"']],
    ['prompts/get', '{"arguments":{"name":"x"},"name":"b"}', ['prompts', 'b', '"b"']],
    ['resources/read', '{"uri":"demo:\\/\\/a"}', ['resources', 'demo://a', '"demo:\\/\\/a"']],
    ['completion/complete', '{"ref":{"type":"ref/prompt","name":"c"},"argument":{"name":"x"}}', ['prompts', 'c', '"c"']],
    ['completion/complete', '{"ref":{"uri":"demo://{d}","type":"ref/resource"}}', ['templates', 'demo://{d}', '"demo://{d}"']],
    ['tools/list', '{"name":"a"}', undefined],
    ['vendor/thing', '{"name":"a"}', undefined],
  ])('%s with %s uses %j', (method, params, item) => expect(used(method, params)).toEqual(item));

  test.each([
    ['tools/call', '{}'],
    ['tools/call', '{"name":7}'],
    ['prompts/get', '{"uri":"a"}'],
    ['resources/read', '{"name":"a"}'],
    ['completion/complete', '{}'],
    ['completion/complete', '{"ref":"a"}'],
    ['completion/complete', '{"ref":{"type":"ref/tool","name":"a"}}'],
    ['completion/complete', '{"ref":{"type":"ref/resource","name":"a"}}'],
  ])('%s with %s is refused', (method, params) => expect(used(method, params)).toBe('INVALID_PARAMS'));

  test('whose reference names a key twice is refused', () => {
    proves('protocol.one-reference', {
      file: 'gateway/mcp/feature.ts',
      find: 'refuseDuplicates(members, \'"ref"\');',
      replace: '',
    });
    for (const ref of ['{"type":"ref/prompt","name":"a","name":"b"}', '{"type":"ref/prompt","name":"a","Name":"b"}'])
      expect(used('completion/complete', `{"ref":${ref}}`)).toBe('INVALID_REQUEST');
  });
});

test('only what the specification names is mirrored by Mcp-Name', () => {
  const nameOf = (method: string, params: string) => headerNameOf(request(method, params).message);
  expect(nameOf('tools/call', '{"name":"a"}')).toBe('a');
  expect(nameOf('prompts/get', '{"name":"a"}')).toBe('a');
  expect(nameOf('resources/read', '{"uri":"demo://a"}')).toBe('demo://a');
  expect(nameOf('completion/complete', '{"ref":{"type":"ref/prompt","name":"a"}}')).toBeUndefined();
});

test('each list has its member and its key', () => {
  expect(
    ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'].map((method) => {
      const feature = featureListedBy(method);
      return [feature?.member, feature?.key, feature?.capability];
    }),
  ).toEqual([
    ['tools', 'name', 'tools'],
    ['prompts', 'name', 'prompts'],
    ['resources', 'uri', 'resources'],
    ['resourceTemplates', 'uriTemplate', 'resources'],
  ]);
  expect(featureListedBy('tools/call')).toBeUndefined();
});
