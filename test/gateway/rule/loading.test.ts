// Rules that are compiled again as the policy changes.
import { expect, test } from 'vitest';
import { createRuleCompiler } from '../../../gateway/rule/loading.ts';
import { compileDeps, policyWith } from './stage.ts';

test('rules that stayed as they were stay compiled, whatever else changed; others are compiled anew, and none that are gone remain', async () => {
  const compiler = createRuleCompiler(compileDeps);
  const compile = async (policy: ReturnType<typeof policyWith>) => (await compiler(policy)).rules;
  const rule = { name: 'one', method: 'secrets', action: 'redact' };
  const first = await compile(policyWith([rule]));
  expect((await compile(policyWith([rule], { own: { kind: 'webhook', url: 'https://e.example.org' } }))).get('eng')).toBe(
    first.get('eng'),
  );
  const changed = await compile(policyWith([{ ...rule, action: 'block' }]));
  expect(changed.get('eng')).not.toBe(first.get('eng'));
  expect((await compile(policyWith([]))).get('eng')).toBeUndefined();
});
