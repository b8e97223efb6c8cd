// States, ids of tasks and reports: what of them is the gateway server's own, and what is anybody's word and meets the rules.
import { expect, test } from 'vitest';
import { proves } from '../../requirement.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { compileRules } from '../../../gateway/rule/compile.ts';
import { compileDeps, policyWith } from '../rule/stage.ts';
import { stage } from './pinned-stage.ts';
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
    find: "deps.screen.notification(call, report, question.onProgress, 'request')",
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

test('where the parts of a message stood counts for no other bytes than those that it was read from', async () => {
  proves('rule.own-bytes', {
    file: 'gateway/pipeline/screen.ts',
    find: 'source?.body === body ? source.members',
    replace: 'source ? source.members',
  });
  const seen: unknown[] = [];
  const meanwhile: Meanwhile = (call, screen) => {
    const bodyOf = (params: object) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
    const message = readMessage(bodyOf({}));
    if (message.kind !== 'request') return;
    const body = bodyOf({ name: 'save', arguments: { a: ssn } });
    try {
      seen.push(screen.request({ ...call, body }, message, new AbortController().signal));
    } catch (thrown) {
      seen.push(thrown);
    }
  };
  await played({ rules: [blocks], meanwhile });
  expect(seen).toEqual([expect.objectContaining({ code: 'RULE_BLOCKED' })]);
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

test('a name that neither policy nor the list of the server has is a word of the host', async () => {
  proves('rule.made-up-names', {
    file: 'gateway/pipeline/own.ts',
    find: "return pins !== undefined && seen?.definition === undefined && exposure(item.kind) === 'all';",
    replace: 'return false;',
  });
  const rules = await compileRules(policyWith([{ ...redacts, for: ['tools'] }]), compileDeps);
  const said = { tools: { [`row ${ssn}`]: {}, add: {} } };
  const { call, records } = stage({ tools: 'all' }, said, rules);
  // What is listed is no secret of the host's, also where nobody has asked for the list yet.
  expect(await call(`row ${ssn}`)).toBe('answered');
  expect(await call('other')).toBe('answered');
  expect(await call(`send ${ssn}`)).toBe('RULE_BLOCKED');
  expect(records.at(-1)).toMatchObject({ tool: '?', hits: [{ pointer: '/name', action: 'block' }] });
  const named = stage({ tools: [`send ${ssn}`] }, { tools: {} }, rules);
  expect(await named.call(`send ${ssn}`)).toBe('answered');
});

test('what a rule finds in a name, and what ends the call, is on record however much was found before it', async () => {
  proves('rule.hits-beyond', {
    file: 'gateway/pipeline/hit.ts',
    find: "if (hit.action === 'block') log.hits[hitsAtMost - 1] = hit;",
    replace: '',
  });
  const counted = { name: 'counted', method: 'pattern', patterns: ['needle'], action: 'alert' };
  const params = { name: `send ${ssn}`, arguments: { many: Array.from({ length: 60 }, () => 'needle') } };
  const said = async (action: string) => {
    const rules = await compileRules(policyWith([counted, { ...redacts, for: ['tools'], action }]), compileDeps);
    const { ask, records } = stage({ tools: 'all' }, { tools: {} }, rules);
    const code = await ask('tools/call', params);
    expect(JSON.stringify(records)).not.toContain(ssn);
    const [record] = records.filter((one) => one.kind === 'call');
    return { code, record };
  };
  const blocked = await said('redact');
  expect(blocked).toMatchObject({ code: 'RULE_BLOCKED', record: { tool: '?', hitsBeyond: 11 } });
  expect(blocked.record?.hits).toHaveLength(50);
  expect(blocked.record?.hits?.at(-1)).toMatchObject({ rule: 'no-ssn', action: 'block', pointer: '/name' });
  expect(await said('alert')).toMatchObject({ code: 'answered', record: { tool: '?', hitsBeyond: 11 } });
});
