// What modern hosts are asked in rounds, and what their retries bring, for tests of calls that wait meanwhile.
import { z } from 'zod';
import type { Answered } from './mcp.ts';

export const everything = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} };
export const person = { action: 'accept', content: { name: 'Ada', color: 'blue', context: 'tests' } } as const;
export const model = { role: 'assistant', content: { type: 'text', text: 'Hello' }, model: 'm' } as const;
export const form = { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };

export const Asked = z.looseObject({
  resultType: z.literal('input_required'),
  inputRequests: z.record(z.string(), z.looseObject({ method: z.string(), params: z.looseObject({}).optional() })),
  requestState: z.string(),
});
export const askedOf = (answered: Answered) => Asked.parse(answered.body.result);
export const asking = { method: 'elicitation/create', params: form };
/** What the retry of such a call has to bring. */
export const retryOf = ({ requestState, inputRequests }: z.infer<typeof Asked>, answer: object = person) => ({
  requestState,
  inputResponses: Object.fromEntries(Object.keys(inputRequests).map((key) => [key, answer])),
});
export const textOf = ({ body }: Answered): string => JSON.stringify(body.result?.['content'] ?? null);
