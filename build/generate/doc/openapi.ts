// The admin API's description and the schema of the policy file, as the gateway server serves them. The server in the former is an example: each names itself.
import { openApi } from '#contract/admin-openapi.ts';
import { policySchema } from '#contract/policy-schema.ts';

const text = (document: object): string => `${JSON.stringify(document, undefined, 2)}\n`;

export function renderOpenApi(): string {
  return text(openApi('https://mcp.example.org'));
}

export function renderPolicySchema(): string {
  return text(policySchema());
}
