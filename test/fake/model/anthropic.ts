// The Anthropic Messages API as Claude Code speaks it: POST /v1/messages, answered as a stream of events or whole.
import { z } from 'zod';
import { eventStream, type Wire } from './model.ts';

const Part = z.looseObject({ type: z.string(), content: z.unknown().optional() });
const Asked = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Part)]) })),
});

export const anthropic: Wire = {
  read(path, body) {
    if (!/^\/v1\/messages(\?|$)/.test(path)) return undefined;
    const { tools = [], messages } = Asked.parse(body);
    const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    const result = parts.findLast(({ type }) => type === 'tool_result');
    return {
      offered: tools.map(({ name }) => name),
      result: result && textOf(result.content),
    };
  },

  write(step, { body }) {
    const { model, stream = false } = Asked.parse(body);
    const content =
      'call' in step
        ? { type: 'tool_use', id: 'toolu_01', name: step.call, input: step.arguments }
        : { type: 'text', text: step.say };
    const stop = { stop_reason: 'call' in step ? 'tool_use' : 'end_turn', stop_sequence: null };
    const message = { id: 'msg_01', type: 'message', role: 'assistant', model, usage: { input_tokens: 1, output_tokens: 1 } };
    if (!stream) return { type: 'application/json', body: JSON.stringify({ ...message, content: [content], ...stop }) };
    const delta =
      'call' in step
        ? { type: 'input_json_delta', partial_json: JSON.stringify(step.arguments) }
        : { type: 'text_delta', text: step.say };
    const begun = 'call' in step ? { ...content, input: {} } : { ...content, text: '' };
    return eventStream([
      { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null } },
      { type: 'content_block_start', index: 0, content_block: begun },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: stop, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ]);
  },
};

function textOf(content: unknown): string {
  const Texts = z.array(z.looseObject({ text: z.string().optional() }));
  const texts = Texts.safeParse(content);
  return texts.success ? texts.data.map(({ text }) => text ?? '').join('\n') : String(content);
}
