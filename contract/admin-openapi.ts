// The admin API as OpenAPI 3.1 describes it, made from the table of operations. The rule: nothing is written here that the table knows.
import { z } from 'zod';
import { adminPath, type Operation } from './admin-operation.ts';
import { operationIds, operationOf } from './admin.ts';
import { capabilities, capabilityOf } from './capability.ts';

type Json = Readonly<Record<string, unknown>>;

const ErrorAnswer = z.object({
  error: z.object({
    /** Stable, for programs. */
    code: z.string(),
    /** What happened, to what, what to do. */
    message: z.string(),
    /** Where a capability is missing: which. */
    capability: z.string().optional(),
    reference: z.string().optional(),
  }),
});

/** `origin`: of the gateway server. */
export function openApi(origin: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const id of operationIds) {
    const operation = operationOf(id);
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describe(id, operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Drawbridge admin API',
      version: '1',
      description:
        'Everything that an administrator does. Who asks sends a personal access token; what an operation needs is its x-capability. ' +
        'A POST that makes something is, with an Idempotency-Key, done once within a day. What is shown has an ETag, and where an operation takes If-Match it is refused if that was changed meanwhile.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: `${origin}${adminPath}` }],
    security: [{ accessToken: [] }],
    tags: [...new Set(operationIds.map(nounOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', description: 'A personal access token (dbp_...).' } },
      schemas: { Error: schemaOf(ErrorAnswer, 'output') },
    },
    'x-capabilities': Object.fromEntries(capabilities.map((name) => [name, capabilityOf(name).may])),
  };
}

const nounOf = (id: string): string => id.split('.')[0] ?? id;

function describe(id: string, operation: Operation): Json {
  const { method, summary, capability, gateway, params, query, body, answer, example } = operation;
  const parameters = [
    ...parametersOf(params, 'path', example.params ?? {}),
    ...parametersOf(query, 'query', example.query ?? {}),
    ...(operation.status === 201
      ? [header('Idempotency-Key', 'A name of this request: sent again within a day it is not done again.')]
      : []),
    ...(operation.isConditional ? [header('If-Match', 'The ETag of what is to be changed, as it was seen last.')] : []),
  ];
  const refusals = [
    ...(Object.keys(example.params ?? {}).length > 0 || parameters.length > 0 || takesBody(body)
      ? [['400', 'Something of it is not valid.']]
      : []),
    ['401', 'There is no valid personal access token.'],
    ['403', capability === 'any' ? 'It may not be done with this token.' : `The capability ${capability} is missing.`],
    ...(operation.path.includes('{') ? [['404', 'There is no such thing.']] : []),
    ...(method === 'GET' ? [] : [['409', 'It can not be done as things are.']]),
    ...(operation.isConditional ? [['412', 'It was changed meanwhile.']] : []),
    ['429', 'Too many requests came from this address.'],
    ...(method === 'GET' ? [] : [['502', 'Something elsewhere that it needs did not do its part.']]),
    ['503', 'Try again in a moment.'],
  ];
  return {
    operationId: id,
    tags: [nounOf(id)],
    summary,
    'x-capability': capability,
    ...(gateway === undefined ? {} : { 'x-gateway': gateway }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(takesBody(body)
      ? {
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: schemaOf(body, 'input'),
                ...(example.body === undefined ? {} : { example: example.body }),
              },
            },
          },
        }
      : {}),
    responses: {
      [operation.status]: {
        description: 'Done.',
        content: { 'application/json': { schema: schemaOf(answer, 'output') } },
      },
      ...Object.fromEntries(
        refusals.map(([status, description]) => [
          status,
          { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
        ]),
      ),
    },
  };
}

const takesBody = (body: z.ZodType): boolean => !body.safeParse(undefined).success;

function parametersOf(schema: z.ZodType, where: 'path' | 'query', examples: Readonly<Record<string, string>>): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, { description?: string }>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: of,
    ...(examples[name] === undefined ? {} : { example: examples[name] }),
  }));
}

const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
  return rest;
}
