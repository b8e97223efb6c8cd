// OpenAI's Responses API as Codex speaks it: POST …/responses, answered as a stream of events.
import { z } from 'zod';
import { eventStream, type Wire } from './model.ts';

const Tool = z.looseObject({ type: z.string(), name: z.string().optional() });
const Asked = z.looseObject({
  tools: z.array(Tool.extend({ tools: z.array(Tool).optional() })).optional(),
  input: z.array(z.looseObject({ type: z.string().optional(), output: z.unknown().optional() })),
});

export const responses: Wire = {
  read(path, body) {
    if (!/\/responses(\?|$)/.test(path)) return undefined;
    const { tools = [], input } = Asked.parse(body);
    const output = input.findLast(({ type }) => type === 'function_call_output');
    return {
      // The tools of one MCP server stand in a namespace.
      offered: tools
        .flatMap(({ name = '', tools: inner }) => inner?.map((one) => `${name}.${one.name}`) ?? [name])
        .filter(Boolean),
      result: output && (typeof output.output === 'string' ? output.output : JSON.stringify(output.output)),
    };
  },

  write(step) {
    const item = 'call' in step ? call(step.call, step.arguments) : message(step.say);
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    const response = { id: 'resp_01', object: 'response', status: 'completed', output: [item], usage };
    return eventStream([
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response },
    ]);
  },
};

function call(fullName: string, given: object) {
  const [name = '', namespace] = fullName.split('.').toReversed();
  return {
    type: 'function_call',
    id: 'fc_01',
    call_id: 'call_01',
    name,
    ...(namespace !== undefined && { namespace }),
    arguments: JSON.stringify(given),
  };
}

function message(text: string) {
  return { type: 'message', id: 'msg_01', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] };
}
