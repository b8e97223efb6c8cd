// A server of 2026-07-28 that asks what it should not, on plain JSON lines, because a library would not let it.
//   password: a form that asks for a password        model: a question to the model, whatever the host can
//   endless: the same question again, however often it is answered        nothing: wants input and does not say which
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { say } from './stdio.ts';

const Request = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({ name: z.string().optional(), requestState: z.string().optional() }).optional(),
});
const form = (properties: object) => ({
  method: 'elicitation/create',
  params: { message: 'Tell me.', requestedSchema: { type: 'object', properties } },
});
const needs: Readonly<Record<string, object>> = {
  password: { inputRequests: { secret: form({ password: { type: 'string' } }) } },
  model: { inputRequests: { llm: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } } } },
  endless: { inputRequests: { again: form({ word: { type: 'string' } }) }, requestState: 'endless' },
  nothing: {},
};
const hints = { ttlMs: 0, cacheScope: 'private' };

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = Request.parse(JSON.parse(line));
  if (id === undefined) continue;
  const result = answer(method, params?.name ?? '');
  if (result) say({ id, result });
  else say({ id, error: { code: -32601, message: 'Method not found' } });
}

function answer(method: string, name: string): object | undefined {
  if (method === 'server/discover')
    return { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...hints };
  const tools = Object.keys(needs).map((tool) => ({ name: tool, inputSchema: { type: 'object' } }));
  if (method === 'tools/list') return { resultType: 'complete', tools, ...hints };
  return method === 'tools/call' ? { resultType: 'input_required', ...needs[name] } : undefined;
}
