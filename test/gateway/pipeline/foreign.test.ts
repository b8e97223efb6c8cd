// Messages that are foreign to MCP before the rules: each word in them that its reader gets as it was written is looked at, and hides nothing else on record.
import { expect, test } from 'vitest';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { aboutOf } from '../../../gateway/upstream/handshake.ts';
import { proves } from '../../requirement.ts';
import { type Meanwhile, played } from './ruled.ts';

const word = 'sesame';
const blocks = { name: 'word', method: 'pattern', patterns: [word], action: 'block' };
const version = 'io.modelcontextprotocol/protocolVersion';
const related = 'io.modelcontextprotocol/related-task';
const both = [
  { inputResponses: { a: word } },
  { name: word },
  { uri: word },
  { cursor: word },
  { taskId: word },
  { task: { taskId: word } },
  { _meta: { [version]: word } },
  { _meta: { [related]: { taskId: word } } },
  { _meta: { traceparent: word } },
];
/** In its place stands something else in a request that goes on: its token, and of a modern one its state. */
const told = [{ _meta: { progressToken: word } }, { requestState: word }];
const eras = ['legacy', 'modern'] as const;

test.each(eras.flatMap((era) => [...both, ...told].map((params) => [era, params] as const)))(
  'a notification of a host of the %s era goes nowhere with a forbidden word in %j, for it goes on as it came',
  async (era, params) => {
    proves('rule.foreign-told', {
      file: 'gateway/pipeline/own.ts',
      find: "if (kind === 'notification') return ownOfQuestion(call);",
      replace: '',
    });
    const { sent, record } = await played({
      ...{ rules: [blocks], method: 'vendor/heard', params, era, isAtServer: true, isTold: true },
    });
    expect([sent, record?.code]).toEqual([[], 'RULE_BLOCKED']);
  },
);

test.each(eras.flatMap((era) => both.map((params) => [era, params] as const)))(
  'a foreign request of a host of the %s era goes nowhere with a forbidden word in %j',
  async (era, params) => {
    const { sent, record } = await played({ rules: [blocks], method: 'vendor/do', params, era, isAtServer: true });
    expect([sent, record?.code]).toEqual([[], 'RULE_BLOCKED']);
  },
);

test.each(['name', 'uri'])('what is found in its parameter "%s" does not hide which method it was', async (key) => {
  const rules = [{ ...blocks, action: 'redact' }];
  const { record } = await played({ rules, method: 'vendor/do', params: { [key]: word }, isAtServer: true });
  expect(record).toMatchObject({
    method: 'vendor/do',
    item: { kind: 'method', name: 'vendor/do' },
    hits: [{ pointer: `/${key}` }],
  });
});

test.each([
  [`open\n${word}`, false],
  ['nothing', true],
])('what a server declares is looked at as whoever reads it: %j is declared: %j', async (said, isDeclared) => {
  const rules = [{ ...blocks, patterns: [`open\\s${word}`], for: ['definitions'] }];
  const params = { protocolVersion: '2025-11-25', capabilities: {} };
  const beyond = JSON.stringify({ experimental: { deep: [{ said }] } });
  const { answer } = await played({ rules, method: 'initialize', params, isAtServer: true, beyond });
  expect(JSON.stringify(answer).includes('experimental')).toBe(isDeclared);
});

test.each(['block', 'alert'])(
  'what a rule for "%s" finds in the name of what a server says or asks is in no record',
  async (action) => {
    proves('rule.foreign-name-of-server', {
      file: 'gateway/pipeline/screen.ts',
      find: "return { ...of, method: '?' };",
      replace: 'return of;',
    });
    const method = `vendor/${word}`;
    const meanwhile: Meanwhile = async (call, screen) => {
      const { caller, assignment, era } = call;
      const said = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params: { a: word } }));
      const foreign = { kind: 'methods' as const, name: method };
      screen.notification(
        { caller, assignment, era, method: 'notifications', item: undefined },
        said,
        () => undefined,
        'response',
        foreign,
      );
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, method }));
      const question = { call, workstation: null, method, body, onProgress: () => undefined };
      await call.audience?.ask(question, new AbortController().signal).catch(() => undefined);
    };
    const { records } = await played({
      rules: [{ ...blocks, action }],
      method: 'vendor/do',
      params: {},
      isAtServer: true,
      meanwhile,
    });
    const events = records.filter((record) => record.kind === 'event').map(({ event, detail }) => [event, detail['method']]);
    expect(events).toContainEqual(['rule_hit', '?']);
    expect(events).toContainEqual(['host_asked', '?']);
    expect(JSON.stringify(records)).not.toContain(word);
  },
);

test.each([false, true])(
  'what a server asks by a foreign method is held to the policy of then: closed meanwhile: %j',
  async (isClosedMeanwhile) => {
    proves('policy.foreign-question-now', {
      file: 'gateway/pipeline/question.ts',
      find: "exposingNow(inForce, call, { kind: 'methods', name: method }) !== undefined",
      replace: "call.assignment.provisions('methods', method, undefined)",
    });
    const method = 'vendor/choose';
    const meanwhile: Meanwhile = async (call) => {
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, method }));
      const question = { call, workstation: null, method, body, onProgress: () => undefined };
      await call.audience?.ask(question, new AbortController().signal).catch(() => undefined);
    };
    const { told, records } = await played({
      rules: [],
      method: 'vendor/do',
      params: {},
      isAtServer: true,
      isClosedMeanwhile,
      meanwhile,
    });
    expect(told).toHaveLength(isClosedMeanwhile ? 0 : 1);
    expect(records[0]).toMatchObject({ event: 'host_asked', code: isClosedMeanwhile ? 'HOST_UNABLE' : null });
  },
);

test('what a server declares of tasks is no word beside MCP: the gateway server says itself who may use them', () => {
  const about = (extensions: object) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { capabilities: { extensions } } }));
    const message = readMessage(body);
    return message.kind === 'response' ? aboutOf(message) : undefined;
  };
  expect(about({ 'io.modelcontextprotocol/tasks': {} })).toMatchObject({ hasTasks: true, beyond: undefined });
  const both = { 'io.modelcontextprotocol/tasks': {}, 'com.example/x': {} };
  expect(about(both)).toMatchObject({ hasTasks: true, beyond: '{"extensions":{"com.example/x":{}}}' });
});
