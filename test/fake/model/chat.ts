// The chat completions API as opencode speaks it to a provider of one's own: POST …/chat/completions, answered as a stream of chunks.
import { z } from 'zod';
import { eventStream, type Wire } from './model.ts';

const Asked = z.looseObject({
  model: z.string(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
});

export const chat: Wire = {
  read(path, body) {
    if (!/\/chat\/completions(\?|$)/.test(path)) return undefined;
    const { tools = [], messages } = Asked.parse(body);
    const result = messages.findLast(({ role }) => role === 'tool');
    return {
      offered: tools.map((tool) => tool.function.name),
      result: result && (typeof result.content === 'string' ? result.content : JSON.stringify(result.content)),
    };
  },

  write(step, { body }) {
    const { model } = Asked.parse(body);
    const call = (of: { call: string; arguments: object }) => ({
      tool_calls: [
        { index: 0, id: 'call_01', type: 'function', function: { name: of.call, arguments: JSON.stringify(of.arguments) } },
      ],
    });
    const delta = { role: 'assistant', ...('call' in step ? call(step) : { content: step.say }) };
    const chunk = (choice: object) => ({
      ...{ id: 'chatcmpl_01', object: 'chat.completion.chunk', created: 1, model },
      choices: [{ index: 0, delta: {}, finish_reason: null, ...choice }],
    });
    const { type, body: events } = eventStream([
      chunk({ delta }),
      {
        ...chunk({ finish_reason: 'call' in step ? 'tool_calls' : 'stop' }),
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      },
    ]);
    return { type, body: `${events}data: [DONE]\n\n` };
  },
};
