// What of a message is not looked at, and what is looked at and never changed: by where it stands, and whose word it is.
import { expect, test } from 'vitest';
import { proves } from '../../requirement.ts';
import { outcome } from './stage.ts';

const redact = (name: string, pattern: string) => ({ name, method: 'pattern', patterns: [pattern], action: 'redact' });

test('of _meta all is looked at but what the gateway server puts there itself; what the protocol reads of it is not changed', async () => {
  proves('rule.meta', {
    file: 'gateway/rule/place.ts',
    find: "return isOfGateway(leaf, second, isTokenReplaced) ? 'skipped' : 'fixed';",
    replace: "return 'skipped';",
  });
  const rule = redact('meta', 'secret|\\d{16}');
  const of = (on: 'request' | 'response', meta: object) =>
    outcome(
      [rule],
      on === 'request' ? { on, body: { params: { name: 'x', _meta: meta } } } : { on, body: { result: { _meta: meta } } },
    );
  const protocol = 'io.modelcontextprotocol';
  for (const meta of [
    { tracestate: 'a=secret' },
    { traceparent: 'secret' },
    { traceparent: '4111111111111111' },
    { [`${protocol}/clientCapabilities`]: { experimental: { secret: {} } } },
    { [`${protocol}/clientCapabilities`]: { experimental: { a: 'secret' } } },
    { [`${protocol}/logLevel`]: 'secret' },
    { [`${protocol}/related-task`]: { note: 'secret' } },
    // The names of what is skipped, where they stand for something else.
    { [`${protocol}/clientCapabilities`]: { taskId: 'secret' } },
    { [`${protocol}/clientCapabilities`]: { experimental: { progressToken: 'secret' } } },
    { [`${protocol}/related-task`]: { of: { taskId: 'secret' } } },
    { 'drawbridge/server': { taskId: 'secret' } },
    { taskId: { taskId: 'secret' }, tracestate: { taskId: 'secret' } },
  ])
    for (const on of ['request', 'response'] as const) expect(await of(on, meta), JSON.stringify(meta)).toBe('RULE_BLOCKED');
  expect(await of('response', { progressToken: 'secret' })).toBe('RULE_BLOCKED');
  expect(await of('response', { note: 'secret' })).toEqual({ result: { _meta: { note: '[REDACTED]' } } });
  const related = { [`${protocol}/related-task`]: { taskId: 'secret' } };
  expect(await of('request', related)).toBe('RULE_BLOCKED');
  expect(await of('response', related)).toBe('RULE_BLOCKED');
  for (const meta of [{ traceparent: '00-41111111111111114111111111111111-4111111111111111-01' }, { progressToken: 'secret' }])
    expect(await of('request', meta), JSON.stringify(meta)).toEqual({ params: { name: 'x', _meta: meta } });
  // A revision is a date, and its host is no more to blame for it than for the rule.
  const dated = (version: string) =>
    outcome([redact('dates', '\\d{4}-\\d{2}-\\d{2}')], {
      on: 'request',
      body: { params: { name: 'x', _meta: { [`${protocol}/protocolVersion`]: version } } },
    });
  expect(await dated('2026-07-28')).toEqual({ params: { name: 'x', _meta: { [`${protocol}/protocolVersion`]: '2026-07-28' } } });
  expect(await dated('1990-01-02')).toBe('RULE_BLOCKED');
});

test('of a result only what the gateway server puts its own in place of is not looked at, and of what a host answers nothing', async () => {
  proves('rule.result-words', {
    file: 'gateway/rule/place.ts',
    find: '(isOfRequest ? ownOfRequest : ownOfOthers)',
    replace: "{ ...ownOfRequest, members: new Set(['name', 'requestState']) }",
  });
  const rule = redact('words', 'secret|complete');
  const result = (on: 'request' | 'response', of: object) => outcome([rule], { on, part: 'result', body: { result: of } });
  expect(await result('response', { content: [], nextCursor: 'secret' })).toMatchObject({ result: { nextCursor: '[REDACTED]' } });
  expect(await result('response', { content: [], resultType: 'secret' })).toBe('RULE_BLOCKED');
  for (const on of ['request', 'response'] as const) {
    for (const key of ['nextCursor', 'requestState'])
      expect(await result(on, { resultType: 'complete', [key]: 'secret' })).toEqual({
        result: { resultType: 'complete', [key]: '[REDACTED]' },
      });
    expect(await result(on, { taskId: 'secret' })).toBe('RULE_BLOCKED');
  }
});

test('what the gateway server puts its own in place of is not looked at, where it stands and as what it is', async () => {
  proves('rule.own-place', {
    file: 'gateway/rule/place.ts',
    find: "tasks.has(leaf.text) && isOfTask(container)) return 'skipped';",
    replace: "isOfTask(container)) return 'skipped';",
  });
  const rule = { ...redact('words', 'secret'), action: 'block' };
  const related = (taskId: string) => ({ _meta: { 'io.modelcontextprotocol/related-task': { taskId } } });
  const known = (id: string) => ({ taskId: id, task: { taskId: id }, ...related(id) });
  const blocks = async (of: object, members: readonly string[] = []) => {
    const own = { members: new Set(members), tasks: new Set(['secret 1']), isTokenReplaced: false };
    return (await outcome([rule], { on: 'response', own, body: { result: of } })) === 'RULE_BLOCKED';
  };
  expect(await blocks({ ...known('secret 1'), requestState: 'secret' }, ['requestState'])).toBe(false);
  for (const part of Object.entries(known('secret 2'))) expect(await blocks(Object.fromEntries([part])), part[0]).toBe(true);
  // Its id elsewhere is told to whoever reads.
  for (const other of [
    { a: { taskId: 'secret 1' } },
    { task: { of: { taskId: 'secret 1' } } },
    { _meta: { taskId: 'secret 1' } },
  ])
    expect(await blocks(other), JSON.stringify(other)).toBe(true);
  expect(await blocks({ of: { requestState: 'secret' } }, ['requestState'])).toBe(true);
});

test('what a server says to its host without being asked is looked at, but for words that the protocol has', async () => {
  proves('rule.params-words', {
    file: 'gateway/rule/place.ts',
    find: "return isWord ? 'skipped' : 'fixed';",
    replace: "return 'skipped';",
  });
  const rule = redact('words', 'secret|info|form|url|32603');
  const said = (of: object) => outcome([rule], { on: 'response', part: 'params', body: { params: of } });
  for (const key of ['progressToken', 'level', 'requestId', 'elicitationId', 'mode', 'taskId'])
    expect(await said({ [key]: 'secret' }), key).toBe('RULE_BLOCKED');
  for (const words of [{ level: 'info' }, { mode: 'form' }, { mode: 'url' }])
    expect(await said(words)).toEqual({ params: words });
  const failed = (code: unknown) =>
    outcome([rule, redact('numbers', '\\d{16}')], { on: 'response', part: 'error', body: { error: { code, message: 'm' } } });
  expect(await failed(-32_603)).toEqual({ error: { code: -32_603, message: 'm' } });
  expect(await failed(4_111_111_111_111_111)).toBe('RULE_BLOCKED');
  expect(await failed('secret')).toBe('RULE_BLOCKED');
});
