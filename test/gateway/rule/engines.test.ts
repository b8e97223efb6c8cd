// Engines over real connections: a small server that answers as each test says. Every verdict, and everything that is none.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PolicyEngine } from '#contract/engine.ts';
import { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { createEngines, type EnginesDeps } from '../../../gateway/rule/engines.ts';
import { proves } from '../../requirement.ts';
import { inspected, type Message } from './stage.ts';

interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { metadata: Record<string, unknown>; body: Record<string, unknown>; text: string[] };
}
type Answer = (asked: Asked, response: ServerResponse, count: number) => void;
const json =
  (value: unknown): Answer =>
  (_, response) =>
    response.end(JSON.stringify(value));

/** An engine, how often it was asked and what with. */
async function engine(
  answer: Answer,
  change: object = {},
  kind: 'webhook' | 'presidio' = 'webhook',
  secretOf: EnginesDeps['secretOf'] = () => Promise.reject(new Error('there is none')),
) {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({
        url: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(Buffer.concat(chunks).toString()) as Asked['body'],
      });
      const last = asked.at(-1);
      if (last) answer(last, response, asked.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  const config = PolicyEngine.parse({ kind, url: `http://127.0.0.1:${port}/judge`, allowPrivate: ['127.0.0.1'], ...change });
  const engines = createEngines({ engineOf: (slug) => (slug === 'own' ? config : undefined), egress, secretOf });
  const message: Message = {
    on: 'request',
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x', arguments: { a: 'hello 😀 ada' } } },
  };
  return {
    asked,
    run: async (
      rule: object = { method: 'webhook' },
      of: Message = message,
      before: readonly object[] = [],
      behind: readonly object[] = [],
    ) => {
      const rules = [...before, { name: 'judge', engine: 'own', ...rule }, ...behind];
      const { hits, ...done } = await inspected(rules, of, engines);
      const reason = done.kind === 'blocked' ? String(done.fault.fields['reason'] ?? '') : '';
      const code = done.kind === 'blocked' ? done.fault.code : done.kind;
      return { code, reason, hits, body: done.kind === 'changed' ? (JSON.parse(done.body.toString()) as unknown) : undefined };
    },
  };
}

test('pass, block and modify are what they say', async () => {
  const passing = await engine(json({ verdict: 'pass' }));
  expect(await passing.run()).toMatchObject({ code: 'passed', hits: [] });
  expect(passing.asked[0]?.body).toMatchObject({
    metadata: { rule: 'judge', engine: 'own' },
    body: { id: 1, method: 'tools/call', params: { name: 'x' } },
  });
  const blocking = await engine(json({ verdict: 'block' }));
  expect(await blocking.run()).toMatchObject({ code: 'RULE_BLOCKED', hits: [{ rule: 'judge', action: 'block', pointer: '' }] });
  const other = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x', arguments: { a: 'bye' } } };
  const modifying = await engine(json({ verdict: 'modify', modifiedPayload: { body: other } }));
  expect(await modifying.run()).toMatchObject({ code: 'changed', body: other, hits: [{ action: 'changed' }] });
});

test('whatever is no verdict has not decided, and blocks unless the rule says otherwise', async () => {
  proves('rule.engine-fails-closed', {
    file: 'gateway/rule/inspect.ts',
    find: "if (rule.onFailure === 'pass') {",
    replace: "if (rule.kind === 'webhook') {",
  });
  const reasonOf = async (answer: Answer) => {
    const { run } = await engine(answer, { retries: 0 });
    const { code, reason } = await run();
    expect(code).toBe('RULE_UNDECIDED');
    return reason;
  };
  expect(await reasonOf(json({ verdict: 'error' }))).toContain('could not decide');
  expect(await reasonOf(json({ verdict: 'maybe' }))).toContain('no verdict');
  expect(await reasonOf(json({ verdict: 'modify' }))).toContain('no verdict');
  expect(await reasonOf(json({ verdict: 'modify', modifiedPayload: { body: 'text' } }))).toContain('no object');
  expect(await reasonOf((_, response) => response.end('{"verdict":'))).toContain('no JSON');
  expect(await reasonOf((_, response) => response.writeHead(403).end())).toContain('status 403');
  expect(await reasonOf((_, response) => response.writeHead(302, { location: '/elsewhere' }).end())).not.toBe('');
  expect(await reasonOf((_, response) => response.destroy())).toContain('broke');
  const { run } = await engine(json({ verdict: 'error' }));
  expect(await run({ method: 'webhook', onFailure: 'pass' })).toMatchObject({ code: 'passed', hits: [{ action: 'failed' }] });
});

test('an engine is shown its secret in its header, and is not asked where there is none', async () => {
  proves('rule.engine-secret', {
    file: 'gateway/rule/engines.ts',
    find: 'if (engine.secretHeader === undefined) return undefined;',
    replace: 'if (engine.url !== undefined) return undefined;',
  });
  const named = { secretHeader: 'X-Judge-Key' };
  const shown = await engine(json({ verdict: 'pass' }), named, 'webhook', () => Promise.resolve(new Secret('Bearer k1')));
  expect(await shown.run()).toMatchObject({ code: 'passed' });
  expect(shown.asked.map(({ headers }) => headers['x-judge-key'])).toEqual(['Bearer k1']);
  const fault = new Fault('ENGINE_SECRET_MISSING', { engine: 'own', header: 'X-Judge-Key', reason: 'was never set' });
  for (const [why, thrown] of [
    ['engine secret set own', fault],
    ['could not be opened', new Fault('VAULT_DAMAGED')],
  ] as const) {
    const missing = await engine(json({ verdict: 'pass' }), named, 'webhook', () => Promise.reject(thrown));
    expect(await missing.run()).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringContaining(why) });
    expect(missing.asked).toEqual([]);
  }
});

test('an engine that is not there in time is given up, and one that comes back is asked again', async () => {
  const silent = await engine(() => undefined, { timeoutSeconds: 1 });
  const began = performance.now();
  expect(await silent.run()).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringMatching(/in time|within 1 s/) });
  expect(performance.now() - began).toBeLessThan(10_000);
  const shaky = await engine((asked, response, count) =>
    count < 3 ? response.writeHead(503).end() : json({ verdict: 'pass' })(asked, response, count),
  );
  expect(await shaky.run()).toMatchObject({ code: 'passed' });
  expect(shaky.asked).toHaveLength(3);
  const down = await engine((_, response) => response.writeHead(503).end(), { retries: 1 });
  expect(await down.run()).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringContaining('503') });
  expect(down.asked).toHaveLength(2);
});

test('more than 16 MiB goes neither there nor back', async () => {
  const large = await engine((_, response) => response.end(`{"verdict":"pass","x":"${'x'.repeat(16 * 1024 * 1024)}"}`), {
    retries: 0,
  });
  expect(await large.run()).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringContaining('larger than 16777216') });
  const small = await engine(json({ verdict: 'pass' }));
  const huge: Message = { on: 'request', body: { params: { arguments: 'x'.repeat(16 * 1024 * 1024) } } };
  expect(await small.run(undefined, huge)).toMatchObject({
    code: 'RULE_UNDECIDED',
    reason: expect.stringContaining('larger than'),
  });
  expect(small.asked).toEqual([]);
});

test('a private address is asked only where the policy lists it', async () => {
  proves('rule.engine-private', {
    file: 'gateway/rule/engines.ts',
    find: 'const { url, allowPrivate, egress: way, sign: isSigned } = engine;',
    replace: "const { url, egress: way, sign: isSigned } = engine;\n    const allowPrivate = ['127.0.0.0/8'];",
  });
  const { run, asked } = await engine(json({ verdict: 'pass' }), { allowPrivate: [] });
  expect(await run()).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringContaining('allowPrivate') });
  expect(asked).toEqual([]);
});

test('a Presidio analyzer says what of each text is what, in code points', async () => {
  const found = [{ start: 8, end: 11, score: 0.85, entity_type: 'PERSON' }];
  const answer: Answer = (asked, response) =>
    response.end(JSON.stringify(asked.body.text.map((text) => (text.endsWith('ada') ? found : []))));
  const analyzer = await engine(answer, { language: 'de' }, 'presidio');
  const rule = { method: 'presidio', action: 'replace', types: ['PERSON'] };
  expect(await analyzer.run(rule)).toMatchObject({
    code: 'changed',
    body: { params: { arguments: { a: 'hello 😀 <PERSON>' } } },
    hits: [{ action: 'replace', pointer: '/arguments/a' }],
  });
  expect(analyzer.asked[0]?.body).toMatchObject({ language: 'de', entities: ['PERSON'], score_threshold: 0.5 });
  expect(await analyzer.run({ ...rule, action: 'block' })).toMatchObject({ code: 'RULE_BLOCKED' });
  expect(await analyzer.run({ ...rule, threshold: 0.9 })).toMatchObject({ code: 'passed' });
  expect(await analyzer.run({ ...rule, allow: ['ADA'] })).toMatchObject({ code: 'passed' });
  const lying = await engine(
    (asked, response) => response.end(JSON.stringify(asked.body.text.map(() => [{ ...found[0], end: 99 }]))),
    {},
    'presidio',
  );
  expect(await lying.run(rule)).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringContaining('outside') });
  const short = await engine((_, response) => response.end('[]'), {}, 'presidio');
  expect(await short.run(rule)).toMatchObject({ code: 'RULE_UNDECIDED', reason: expect.stringContaining('one list for each') });
});

test('rules before an engine are in what it is asked, and those behind it see what it made', async () => {
  const { asked, run } = await engine((of, response) => {
    const body = { ...of.body.body, params: { name: 'x', arguments: { a: 'beta' } } };
    response.end(JSON.stringify({ verdict: 'modify', modifiedPayload: { body } }));
  });
  const message: Message = { on: 'request', body: { jsonrpc: '2.0', id: 1, params: { name: 'x', arguments: { a: 'alpha' } } } };
  const redact = (name: string, pattern: string) => ({ name, method: 'pattern', patterns: [pattern], action: 'redact' });
  const done = await run({ method: 'webhook' }, message, [redact('before', 'alpha')], [redact('behind', 'beta')]);
  expect(asked[0]?.body.body).toMatchObject({ params: { arguments: { a: '[REDACTED]' } } });
  expect(done).toMatchObject({ code: 'changed', body: { params: { arguments: { a: '[REDACTED]' } } } });
  expect(done.hits.map(({ rule }) => rule)).toEqual(['before', 'judge', 'behind']);
});
