// The Gemini API as Gemini CLI speaks it: POST …:streamGenerateContent?alt=sse, and …:generateContent for its own small questions.
import { z } from 'zod';
import { eventStream, type Wire } from './model.ts';

const Part = z.looseObject({ functionResponse: z.looseObject({ response: z.unknown() }).optional() });
const Asked = z.looseObject({
  tools: z.array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).optional() })).optional(),
  contents: z.array(z.looseObject({ parts: z.array(Part).optional() })),
});

export const gemini: Wire = {
  read(path, body) {
    if (!/:(stream)?generateContent(\?|$)/i.test(path)) return undefined;
    const { tools = [], contents } = Asked.parse(body);
    const result = contents.flatMap(({ parts = [] }) => parts).findLast((part) => part.functionResponse);
    return {
      offered: tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations.map(({ name }) => name)),
      result: result && JSON.stringify(result.functionResponse?.response),
    };
  },

  write(step, { path }) {
    const part = 'call' in step ? { functionCall: { name: step.call, args: step.arguments } } : { text: step.say };
    const chunk = {
      candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    };
    return /stream/i.test(path) ? eventStream([chunk]) : { type: 'application/json', body: JSON.stringify(chunk) };
  },
};
