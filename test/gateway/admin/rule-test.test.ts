// What rules would do with a sample, as `drawbridge-gateway rule test` says it.
import { expect, test } from 'vitest';
import { readRule, rulesOf, tryRules } from '../../../gateway/admin/rule-test.ts';
import { compileDeps, noEngines, policyWith } from '../rule/stage.ts';

const tried = (
  rules: readonly object[],
  sample: string,
  on: 'request' | 'response' = 'request',
  scope: 'tools' | 'definitions' = 'tools',
) =>
  tryRules(
    rulesOf(policyWith(rules), 'eng', undefined),
    { on, scope, sample: Buffer.from(sample) },
    { compile: compileDeps, engines: noEngines },
  );
const redact = { name: 'mail', method: 'pii', types: ['EMAIL_ADDRESS'], action: 'redact' };

test('a text, JSON and a whole message are tried as what they are', async () => {
  expect(await tried([redact], 'to ada@example.org\n')).toMatchObject({
    outcome: 'changed',
    message: 'to [REDACTED]',
    hits: [{ pointer: '/arguments' }],
  });
  expect(await tried([redact], '{"to":["ada@example.org"]}', 'response')).toMatchObject({
    message: { to: ['[REDACTED]'] },
    hits: [{ pointer: '/structuredContent/to/0' }],
  });
  const message = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'ada@example.org' }] } };
  expect(await tried([redact], JSON.stringify(message), 'response')).toMatchObject({
    message: { result: { content: [{ text: '[REDACTED]' }] } },
  });
  expect(
    await tried(
      [{ ...redact, for: ['definitions'] }],
      '{"name":"x","description":"ask ada@example.org"}',
      'response',
      'definitions',
    ),
  ).toMatchObject({
    message: { name: 'x', description: 'ask [REDACTED]' },
  });
  expect(await tried([redact], 'nothing')).toMatchObject({ outcome: 'passed', message: 'nothing' });
});

test('what blocks is said with its rule, and a rule for the other way is not asked', async () => {
  const blocks = { ...redact, action: 'block' };
  expect(await tried([blocks], 'ada@example.org')).toMatchObject({ outcome: 'blocked', code: 'RULE_BLOCKED', message: null });
  expect(await tried([{ ...blocks, on: 'response' }], 'ada@example.org')).toMatchObject({ outcome: 'passed', hits: [] });
});

test('one rule is read from YAML, or refused with words', () => {
  expect(readRule('{ method: pii, action: redact }')).toMatchObject({ name: 'rule', method: 'pii' });
  expect(() => readRule('{ method: pii }')).toThrow('action');
  expect(() => readRule('[')).toThrow('--inline');
  expect(() => rulesOf(policyWith([redact]), 'eng', 'mial')).toThrow('There are: mail');
});
