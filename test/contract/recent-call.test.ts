// What a user is told of their own requests: what they used by its kind, in words that name it.
import { expect, test } from 'vitest';
import { isWorthTelling, RecentCall, recentCallOf } from '#contract/recent-call.ts';
import { UserId, newId } from '#contract/id.ts';
import { proves } from '../requirement.ts';
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

test('whether what was asked and answered is kept is said, and how; of what is not kept nothing is', () => {
  proves('companion.captured-said', {
    file: 'contract/recent-call.ts',
    find: '...(captured && !captured.isLost && { kept: captured.mode }),',
    replace: '',
  });
  const request = 'a'.repeat(64);
  for (const mode of ['full', 'redacted'] as const)
    expect(RecentCall.parse(recentCallOf(callRecord(user, { captured: { mode, request } }))).kept).toBe(mode);
  expect(recentCallOf(callRecord(user))).not.toHaveProperty('kept');
  expect(recentCallOf(callRecord(user, { captured: { mode: 'full', request, isLost: true } }))).not.toHaveProperty('kept');
});

test('what is called, got or read, by a foreign method too, is worth telling; a list or a completion only where it was not allowed', () => {
  const isTold = (method: string, decision: 'allowed' | 'refused' = 'allowed') =>
    isWorthTelling({ method, item: null, decision });
  expect(['tools/call', 'prompts/get', 'resources/read'].map((method) => isTold(method))).toEqual([true, true, true]);
  expect([isTold('resources/list'), isTold('completion/complete'), isTold('resources/list', 'refused')]).toEqual([
    false,
    false,
    true,
  ]);
  expect(isWorthTelling({ method: 'vendor/x', item: { kind: 'method', name: 'vendor/x' }, decision: 'allowed' })).toBe(true);
});
