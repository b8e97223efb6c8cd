// The JSON Schema of the policy file, for editors. What it can't say (names that have to be defined, what fits together) `apply --plan` says.
import { z } from 'zod';
import { PolicyFile } from './policy.ts';

export function policySchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(PolicyFile, { io: 'input', unrepresentable: 'any', target: 'draft-2020-12' });
  return { ...schema, title: 'Drawbridge policy', description: 'What a gateway server allows: docs/gateway-cli.md, "apply".' };
}
