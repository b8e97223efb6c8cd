// The description of the admin API is valid OpenAPI 3.1, says of each operation what it needs, and its examples are valid by its own schemas.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { operationIds, operationOf } from '#contract/admin.ts';
import { openApi } from '#contract/admin-openapi.ts';
import { policySchema } from '#contract/policy-schema.ts';
import { matrixPolicy } from './matrix.ts';

/** Of zod's; the library knows none of networks. */
const formats = { cidrv4: true, cidrv6: true } as const;
const Described = z.looseObject({
  operationId: z.string(),
  'x-capability': z.string(),
  requestBody: z
    .object({ content: z.object({ 'application/json': z.object({ schema: z.looseObject({}), example: z.json() }) }) })
    .optional(),
});

test('the description is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(JSON.stringify(openApi('https://mcp.example.org'))));
  expect([result.valid, result.errors]).toEqual([true, undefined]);
  expect(validator.version).toBe('3.1');
});

test('the description has every operation once, with its capability, and examples that are valid', () => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), Described)) })
    .parse(openApi('https://x.example.org'));
  const described = Object.values(paths).flatMap((methods) => Object.values(methods));
  expect(described.map(({ operationId }) => operationId).toSorted()).toEqual([...operationIds].toSorted());
  const ajv = new Ajv2020.default({ strict: false, formats });
  addFormats.default(ajv);
  for (const { operationId, requestBody, ...of } of described) {
    const operation = operationOf(operationIds.find((id) => id === operationId) ?? 'me.read');
    expect(of['x-capability']).toBe(operation.capability);
    if (requestBody === undefined) continue;
    const { schema, example } = requestBody.content['application/json'];
    const check = ajv.compile(schema);
    expect([operationId, check(example), check.errors]).toEqual([operationId, true, null]);
  }
});

test('the schema for editors takes a policy, and refuses what is none', () => {
  const ajv = new Ajv2020.default({ strict: false, formats });
  addFormats.default(ajv);
  const check = ajv.compile(policySchema());
  expect([check(JSON.parse(JSON.stringify(matrixPolicy()))), check.errors]).toEqual([true, null]);
  expect(check({ version: 1, users: { ada: { email: 'ada@example.org', rol: 'x' } } })).toBe(false);
  expect(check({ version: 1, roles: { odd: { capabilities: ['fly'] } } })).toBe(false);
});
