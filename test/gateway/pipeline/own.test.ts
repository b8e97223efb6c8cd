// States, ids of tasks and reports: what of them is the gateway server's own, and what is anybody's word and meets the rules.
import { expect, test } from 'vitest';
import { proves } from '../../requirement.ts';
import { type Meanwhile, played } from './ruled.ts';

const ssn = '523-45-6789';
const redacts = { name: 'no-ssn', method: 'pii', types: ['US_SSN'], action: 'redact' };
const blocks = { ...redacts, action: 'block' };

test.each(['requestState', 'taskId'])('what a host of the older era calls %s is its own word, and looked at', async (key) => {
  proves('rule.states-are-words', {
    file: 'gateway/pipeline/own.ts',
    find: "const isOpened = era === 'modern' && asksBack(method) && task === undefined;",
    replace: 'const isOpened = task === undefined;',
  });
  const { forwarded, code } = await played({ rules: [blocks], params: { name: 'notes__save', arguments: {}, [key]: ssn } });
  expect(code).toBe('RULE_BLOCKED');
  expect(forwarded).toEqual([]);
});

test('what a host reports of its progress with a question is inspected before the server hears of it', async () => {
  proves('rule.reports', {
    file: 'gateway/pipeline/question.ts',
    find: "deps.screen.notification(question.call, report, question.onProgress, 'request')",
    replace: 'question.onProgress(report)',
  });
  const heard: string[] = [];
  const asking: Meanwhile = async (call) => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":7,"method":"roots/list"}');
    const onProgress = (report: Buffer) => void heard.push(report.toString());
    const question = { call, workstation: null, method: 'roots/list', body, onProgress };
    await call.audience?.ask(question, new AbortController().signal);
  };
  const { record } = await played({ rules: [redacts], meanwhile: asking, report: `at ${ssn}` });
  expect(heard).toHaveLength(1);
  expect(heard[0]).toContain('"message":"at [REDACTED]"');
  expect(record?.hits).toContainEqual(expect.objectContaining({ on: 'request', pointer: '/message' }));
  await played({ rules: [{ ...blocks, on: 'request' }], meanwhile: asking, report: ssn }).catch(() => undefined);
  expect(heard).toHaveLength(1);
});

test('a state that nothing waits for and the id of a task that none was asked for are words of the server', async () => {
  proves('rule.states-of-servers', {
    file: 'gateway/pipeline/own.ts',
    find: 'if (needsInput({ body, message })) return { ...own, members: onlyState };',
    replace: 'return { ...own, members: onlyState };',
  });
  const answers = async (result: object, params: object = {}) =>
    played({ rules: [blocks], params: { name: 'notes__save', arguments: {}, ...params }, answer: { result } });
  const task = { taskId: ssn, status: 'working' };
  expect((await answers({ content: [], requestState: ssn })).code).toBe('RULE_BLOCKED');
  expect((await answers({ content: [], task })).code).toBe('RULE_BLOCKED');
  expect((await answers({ content: [], _meta: { 'io.modelcontextprotocol/related-task': { taskId: ssn } } })).code).toBe(
    'RULE_BLOCKED',
  );
  const begun = await answers({ task }, { task: {} });
  expect(begun.code).toBeUndefined();
  expect(begun.answer.result).toMatchObject({ task: { status: 'working' } });
  expect(JSON.stringify(begun.answer)).not.toContain(ssn);
});
