// What a user is told of their own requests: what they used by its kind, in words that name it.
import { expect, test } from 'vitest';
import { isWorthTelling, RecentCall, recentCallOf } from '#contract/recent-call.ts';
import { UserId, newId } from '#contract/id.ts';
import { callRecord } from '../suite/sample.ts';

const user = UserId.parse(newId());

test('a prompt, a resource and a template are named by their kind, also in the words of a refusal', () => {
  for (const [kind, code, name] of [
    ['prompt', 'PROMPT_NOT_PROVISIONED', 'greet'],
    ['resource', 'RESOURCE_NOT_PROVISIONED', 'demo://a'],
    ['template', 'TEMPLATE_NOT_PROVISIONED', 'demo://{a}'],
  ] as const) {
    const told = recentCallOf(callRecord(user, { tool: null, item: { kind, name }, decision: 'refused', code }));
    expect(RecentCall.parse(told)).toMatchObject({
      item: { kind, name },
      message: expect.stringContaining(`"${name}" is not provisioned`),
    });
    expect(told.tool).toBeUndefined();
  }
});

test('what is called, got or read is worth telling; a list or a completion only where it was not allowed', () => {
  const isTold = (method: string, decision: 'allowed' | 'refused' = 'allowed') => isWorthTelling({ method, decision });
  expect(['tools/call', 'prompts/get', 'resources/read'].map((method) => isTold(method))).toEqual([true, true, true]);
  expect([isTold('resources/list'), isTold('completion/complete'), isTold('resources/list', 'refused')]).toEqual([
    false,
    false,
    true,
  ]);
});
