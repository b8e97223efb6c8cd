// Progress tokens in the bytes of requests and reports.
import { expect, test } from 'vitest';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { progressTokenOf, reportWithToken, withToken } from '../../../gateway/mcp/progress.ts';

test('a request keeps every byte but those of its token', () => {
  const body = Buffer.from(
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{ "a":[1, 2],"_meta": {"progressToken" : "mine" , "b":{}} } }',
  );
  expect(withToken(body, 7).toString()).toBe(body.toString().replace('"mine"', '7'));
  const none = Buffer.from(
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{"progressToken":1,"a":{"_meta":{"progressToken":2}}}}',
  );
  expect(withToken(none, 7)).toBe(none);
});

test('only a string or a number is a token', () => {
  const tokenOf = (token: string) => {
    const message = readMessage(
      Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"progressToken":${token}}}}`),
    );
    return message.kind === 'request' ? progressTokenOf(message) : 'no request';
  };
  expect([tokenOf('"a"'), tokenOf('5'), tokenOf('{}'), tokenOf('null'), tokenOf('true')]).toEqual([
    'a',
    5,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a report gets the token of whom it is for', () => {
  const body = Buffer.from(
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":12,"x":{"progressToken":1}}}',
  );
  const message = readMessage(body);
  if (message.kind !== 'notification') throw new Error('no notification');
  expect(reportWithToken(body, message, 'a "b"').toString()).toBe(body.toString().replace(':12,', ':"a \\"b\\"",'));
});
