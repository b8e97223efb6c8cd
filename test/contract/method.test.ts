// Which methods are foreign to MCP: none that an official SDK has a schema for, in whatever spelling, and every other name that a method can have.
import * as sdk from '@modelcontextprotocol/sdk/types.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isForeign } from '#contract/method.ts';
import { PolicyAssignment } from '#contract/policy.ts';

const WithMethod = z.object({ shape: z.object({ method: z.object({ value: z.string() }) }) });
const ofSdk = Object.values(sdk).flatMap((one) => {
  const read = WithMethod.safeParse(one);
  return read.success ? [read.data.shape.method.value] : [];
});
const ofModern = ['server/discover', 'subscriptions/listen', 'tasks/update', 'notifications/tasks'];

test('what the SDK of 2025-11-25 has a schema for and what 2026-07-28 adds is not foreign, however it is spelled', () => {
  expect(ofSdk).toEqual(expect.arrayContaining(['tools/call', 'tasks/result', 'notifications/elicitation/complete']));
  const spelled = fc.tuple(
    fc.constantFrom(...ofSdk, ...ofModern),
    fc.infiniteStream(fc.tuple(fc.boolean(), fc.constantFrom('', '.', '//', '-', '_'))),
  );
  fc.assert(
    fc.property(spelled, ([method, stream]) => {
      const written = [...method].map((letter) => {
        const [isUpper, before] = stream.next().value ?? [false, ''];
        return letter === '/' ? before : isUpper ? letter.toUpperCase() : letter;
      });
      expect(isForeign(written.join(''))).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test.each(['vendor/reindex', 'resources/directory/read', 'tools/describe', '$vendor.call:1', 'notifications/vendor/moved'])(
  '%s is foreign',
  (method) => {
    expect(isForeign(method)).toBe(true);
  },
);

test.each(['', 'rpc.discover', 'RPC.x', '/tools', 'a b', 'a\n', 'täglich', 'a'.repeat(201), 'vendor/\u0000'])(
  '%j names no method',
  (method) => {
    expect(isForeign(method)).toBe(false);
  },
);

test('a policy exposes foreign methods by name or all of them, and no method of MCP', () => {
  const wordsOf = (methods: unknown) =>
    PolicyAssignment.safeParse({ methods })
      .error?.issues.map(({ message }) => message)
      .join() ?? '';
  expect([wordsOf(['vendor/reindex']), wordsOf('all'), wordsOf('none')]).toEqual(['', '', '']);
  expect(PolicyAssignment.safeParse({ methods: ['tools/call'] }).success).toBe(false);
  expect(JSON.stringify(PolicyAssignment.safeParse({ methods: ['tools/call'] }).error?.issues)).toContain(
    'exposed by tools, prompts, resources or templates',
  );
});
