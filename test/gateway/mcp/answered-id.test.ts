// Which call a broken or a cut answer means: read where the text shows it, and nobody's where it does not.
import { describe, expect, test } from 'vitest';
import { headOf, remnantOf, withTail } from '#contract/remnant.ts';
import { answeredIds, answeredIdsOf } from '../../../gateway/mcp/answered-id.ts';

describe('a text that is no message', () => {
  test.each<[string, string, readonly number[]]>([
    ['breaks off', '{"jsonrpc":"2.0","id":3,"result":{"content":[}}', [3]],
    ['breaks off before its id', '{"result":{"text":"a " b"},"jsonrpc":"2.0","id":3}', [3]],
    ['has two results', '{"id":3,"result":{},"result":{}}', [3]],
    ['has a text for an id', '{"id":"3","result":{}}', [3]],
    ['is a batch', '[{"id":3,"result":{}},{"id":4,"error":{}}]', [3, 4]],
    ['has no result', '{"jsonrpc":"2.0","id":3}', [3]],
    ['has two ids', '{"id":3,"result":{},"id":4}', []],
    ['has an id within its result only', '{"result":{"id":3}', []],
    ['is a request', '{"jsonrpc":"2.0","id":3,"method":"ping","params":{},"params":{}}', []],
    ['has an id beyond the numbers that we give', '{"id":99999999999999999,"result":{}}', []],
    ['has an escape that is none in a key', '{"\\u00":1,"id":3,"result":{}}', []],
    ['is nothing', '', []],
  ])('%s', (_, text, ids) => {
    expect(answeredIds(Buffer.from(text))).toEqual(ids);
  });
});

describe('an answer that was too large', () => {
  const large = 'x'.repeat(5000);
  const said = (text: string) => [answeredIdsOf(headOf(Buffer.from(text))), answeredIdsOf(remnantOf(Buffer.from(text)))];

  test.each<[string, string, readonly (readonly number[])[]]>([
    ['its id stands first: known at once', `{"jsonrpc":"2.0","id":3,"result":{"text":"${large}"}}`, [[3], [3]]],
    ['its id stands last: known at the end', `{"result":{"text":"${large}"},"jsonrpc":"2.0","id":3}`, [[], [3]]],
    ['its id stands between', `{"result":{"text":"${large}"},"id":3,"jsonrpc":"2.0"}`, [[], [3]]],
    ['its ids are two', `{"id":4,"result":{"text":"${large}"},"id":3}`, [[4], []]],
    ['what looks like its id stands in its result', `{"result":{"list":["${large}"],"id":3}}`, [[], []]],
    ['what looks like its id stands in a text', `{"result":{"text":"${large},\\"id\\":3}"}}`, [[], []]],
    ['a request', `{"jsonrpc":"2.0","method":"x","params":{"text":"${large}"},"id":3}`, [[], []]],
    ['a request, its name at the end', `{"params":{"text":"${large}"},"method":"x","id":3}`, [[], []]],
    ['text', large, [[], []]],
  ])('%s', (_, text, ids) => {
    expect(said(text)).toEqual(ids);
  });

  test('an id that the head cuts in the middle is not believed', () => {
    const begun = headOf(Buffer.from(`{"_":"${'x'.repeat(1024 - 14)}","id":3456`));
    expect(begun.head).toMatch(/"id":3$/);
    expect(answeredIdsOf(begun)).toEqual([]);
    expect(answeredIdsOf(withTail(begun, Buffer.from('…"}}')))).toEqual([]);
  });
});
