// What the admin API says to anybody: its description as OpenAPI, and the schema of the policy file, for editors. Made when it is first asked for.
import { adminPath } from '#contract/admin-operation.ts';
import { openApi } from '#contract/admin-openapi.ts';
import { policySchema } from '#contract/policy-schema.ts';

export function adminDocuments(publicOrigin: string): ReadonlyMap<string, () => object> {
  let description: object | undefined;
  let policy: object | undefined;
  return new Map([
    [`${adminPath}/openapi.json`, () => (description ??= openApi(publicOrigin))],
    [`${adminPath}/policy.schema.json`, () => (policy ??= policySchema())],
  ]);
}
