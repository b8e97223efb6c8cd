// News as bytes: what a host asks to hear of, and what it is told.
import { expect, test } from 'vitest';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { proves } from '../../requirement.ts';
import { acknowledged, listChanged, maybeUpdated, readHonored, readListen, resourceUpdated } from '../../../gateway/mcp/news.ts';

function params(value: object) {
  const message = readMessage(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: value })),
  );
  if (message.kind !== 'request') throw new Error('no request');
  return message.params;
}
function updated(value: object, uri: string, subscription?: string): unknown {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: value }));
  const message = readMessage(body);
  if (message.kind !== 'notification') throw new Error('no notification');
  return JSON.parse(resourceUpdated(body, message, uri, subscription).toString());
}
const key = 'io.modelcontextprotocol/subscriptionId';

test('a host asks for lists and for resources, each once; what is not known is left out', () => {
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourceSubscriptions: ['a:1', 'a:2', 'a:1'],
    weatherChanged: true,
  };
  expect(readListen(params({ notifications }))).toEqual({ lists: ['tools'], uris: ['a:1', 'a:2'], tasks: [] });
  expect(readListen(params({ notifications: {} }))).toEqual({ lists: [], uris: [], tasks: [] });
});

test.each([
  ['nothing', {}],
  ['no object', { notifications: [] }],
  ['a flag that is none', { notifications: { toolsListChanged: 1 } }],
  ['no array', { notifications: { resourceSubscriptions: 'a:1' } }],
  ['no URI', { notifications: { resourceSubscriptions: ['a:1', 2] } }],
  ['a URI without end', { notifications: { resourceSubscriptions: [`a:${'1'.repeat(5000)}`] } }],
  ['an id of a task that is none', { notifications: { taskIds: [1] } }],
  ['too many tasks', { notifications: { taskIds: Array.from({ length: 201 }, String) } }],
  ['too many', { notifications: { resourceSubscriptions: Array.from({ length: 501 }, (_, index) => `a:${index}`) } }],
])('a listen that says %s is refused', (_, value) => {
  expect(() => readListen(params(value))).toThrow(expect.objectContaining({ code: 'INVALID_PARAMS' }));
});

test('what is honored is read as it was written', () => {
  const honored = { lists: ['tools', 'resources'] as const, uris: ['a:"1"'], tasks: ['t"1'] };
  const message = readMessage(acknowledged(honored, '"one"'));
  expect(message).toMatchObject({ kind: 'notification', params: { value: { _meta: { [key]: 'one' } } } });
  expect(message.kind === 'notification' && readHonored(message)).toEqual(honored);
});

test('news of a list names the listen of a modern host, and nothing to a legacy one', () => {
  proves('protocol.listen-named', {
    file: 'gateway/mcp/news.ts',
    find: "const params = subscription === undefined ? '' :",
    replace: "const params = subscription !== undefined ? '' :",
  });
  expect(JSON.parse(listChanged('tools', '7').toString())).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/tools/list_changed',
    params: { _meta: { [key]: 7 } },
  });
  expect(JSON.parse(listChanged('tools', undefined).toString())).not.toHaveProperty('params');
  expect(JSON.parse(maybeUpdated('a:1', '7').toString())).toMatchObject({ params: { uri: 'a:1', _meta: { [key]: 7 } } });
});

test('news of a resource keeps what the server wrote but for its URI and the listen', () => {
  expect(updated({ uri: 'a:1', title: 'one' }, 'a:x__1', '7')).toMatchObject({
    params: { uri: 'a:x__1', title: 'one', _meta: { [key]: 7 } },
  });
  expect(updated({ _meta: { [key]: 3, trace: 't' }, uri: 'a:1' }, 'a:x__1', '"seven"')).toMatchObject({
    params: { uri: 'a:x__1', _meta: { [key]: 'seven', trace: 't' } },
  });
  // The gateway's own listen is nothing to a host that named none.
  expect(updated({ uri: 'a:1', _meta: { [key]: 3, trace: 't' } }, 'a:x__1')).toMatchObject({
    params: { uri: 'a:x__1', _meta: { trace: 't' } },
  });
  expect(updated({ uri: 'a:1', _meta: { [key]: 3 } }, 'a:x__1')).not.toHaveProperty(['params', '_meta', key]);
});
